// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction/predictiontest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// What is a prediction is counted for its model, and nothing else is.
func TestPredictions(t *testing.T) {
	for i, c := range predictiontest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			for _, known := range []bool{true, false} {
				var cards []*catalog.Model
				if known {
					cards = append(cards, &catalog.Model{Name: c.Want.Name, Environment: c.Want.Environment})
				}
				sink := &consumertest.MetricsSink{}
				cfg := createDefaultConfig().(*Config)
				cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
				summary, err := newConnector(connectortest.NewNopSettings(metadata.Type), cfg, sink)
				require.NoError(t, err)
				host := testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalog.NewSet(cards, nil))}
				require.NoError(t, summary.Start(t.Context(), host))
				require.NoError(t, summary.ConsumeTraces(t.Context(), c.Traces(t, byte(i))))
				require.NoError(t, summary.Shutdown(context.Background()))

				counted := map[prediction.Identity]uint64{}
				for _, md := range sink.AllMetrics() {
					for _, rm := range md.ResourceMetrics().All() {
						eachPoint(rm, func(p point) {
							if p.metric != "ml.prediction.count" {
								return
							}
							text := func(key string) string {
								if v, ok := p.attrs.Get(key); ok {
									return v.AsString()
								}
								return ""
							}
							counted[prediction.Identity{
								Name: text("ml.model.name"), Version: text("ml.model.version"), Role: text("ml.model.role"), Environment: text("deployment.environment.name"),
							}] += p.count
						})
					}
				}
				want := map[prediction.Identity]uint64{}
				if c.Kind.IsPrediction(func() bool { return known }) {
					want[c.Want] = 1
				}
				assert.Equal(t, want, counted, "known: %v", known)
			}
		})
	}
}
