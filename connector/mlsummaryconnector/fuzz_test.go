// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Whatever comes in: no panic, every span has an outcome, every prediction is in the count, and
// each histogram's buckets add up to its count.
func FuzzConsumeTraces(f *testing.F) {
	set, err := catalog.Load("testdata/catalog")
	require.NoError(f, err)
	inputs, err := filepath.Glob("testdata/*/input.yaml")
	require.NoError(f, err)
	for _, input := range inputs {
		td, err := golden.ReadTraces(input)
		require.NoError(f, err)
		data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(f, err)
		f.Add(data, uint8(10), false)
		f.Add(data, uint8(1), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint8, cumulative bool) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			return
		}
		td.MarkReadOnly()
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		cfg := createDefaultConfig().(*Config)
		cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
		n := 1 + int(limit)
		cfg.Limits = Limits{Models: n, Segments: n, Features: n, Categories: n, Accumulators: 10 * n}
		if cumulative {
			cfg.Temporality = TemporalityCumulative
		}
		next := &link{}
		c, err := newConnector(metadatatest.NewSettings(tel), cfg, next)
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(set)}))
		for range 2 {
			require.NoError(t, c.ConsumeTraces(t.Context(), td))
		}
		require.NoError(t, c.Shutdown(t.Context()))

		outcomes := make(map[string]int64)
		if m, err := tel.GetMetric("otelcol_ml_summary_spans"); err == nil {
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				outcome, _ := p.Attributes.Value("outcome")
				outcomes[outcome.AsString()] = p.Value
			}
		}
		counted := outcomes["counted"] + outcomes["malformed"]
		require.Equal(t, int64(2*td.SpanCount()), counted+outcomes["skipped"]+outcomes["nested"])
		for _, md := range next.AllMetrics() {
			eachPoint(md.ResourceMetrics().At(0), func(p point) {
				if p.hist == (pmetric.HistogramDataPoint{}) {
					return
				}
				sum := uint64(0)
				for _, n := range p.hist.BucketCounts().AsRaw() {
					sum += n
				}
				require.Equal(t, p.count, sum, p.metric)
				require.Equal(t, p.hist.ExplicitBounds().Len()+1, p.hist.BucketCounts().Len(), p.metric)
			})
		}
		if !cumulative {
			require.GreaterOrEqual(t, total(next.AllMetrics(), mlconv.MetricPredictionCount), uint64(counted))
		}
	})
}
