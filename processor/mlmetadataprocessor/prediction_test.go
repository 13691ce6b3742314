// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction/predictiontest"
)

// The facts of the right card, and of no other, are put on what is a prediction, and on nothing
// else.
func TestPredictions(t *testing.T) {
	for i, c := range predictiontest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			cards := func(known bool) *catalogtest.Extension {
				if !known {
					return catalogtest.NewExtension(catalog.NewSet(nil, nil))
				}
				m := &catalog.Model{Name: c.Want.Name, Environment: c.Want.Environment, Attributes: map[string]any{"x.owner": "model"}}
				m.Versions = []*catalog.Version{{Model: m, Version: c.Want.Version, Attributes: map[string]any{"x.owner": "version"}}}
				return catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{m}, nil))
			}
			for _, known := range []bool{true, false} {
				sink := &consumertest.TracesSink{}
				cfg := createDefaultConfig().(*Config)
				cfg.MarkUnknown = true
				require.NoError(t, start(t, cfg, cards(known), componenttest.NewNopTelemetrySettings(), sink).ConsumeTraces(t.Context(), c.Traces(t, byte(i))))
				attrs := spans(sink.AllTraces()[0])[0].Attributes()
				owner, enriched := attrs.Get("x.owner")
				_, unknown := attrs.Get("ml.model.known")
				is := c.Kind.IsPrediction(func() bool { return known })
				assert.Equal(t, is && known, enriched)
				assert.Equal(t, is && !known, unknown)
				if enriched && c.Want.Version != "" {
					assert.Equal(t, "version", owner.Str())
				}
			}
		})
	}
}
