// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadatatest"
)

// TestLatin1 sends a span, a log record and a point with Latin-1 in them beside good ones. A back
// end that is strict takes what comes out, it is counted, and it is said once.
func TestLatin1(t *testing.T) {
	for drop, value := range map[string]any{"false": "M\uFFFDnchen", "true": nil} {
		t.Run("drop_content: "+drop, func(t *testing.T) {
			tel := componenttest.NewTelemetry()
			t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
			set := processortest.NewNopSettings(metadata.Type)
			set.TelemetrySettings = tel.NewTelemetrySettings()
			logged := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
			cfg := config(t, "drop_content: "+drop)

			var spans consumertest.TracesSink
			traces, err := NewFactory().CreateTraces(t.Context(), set, cfg, &spans)
			require.NoError(t, err)
			td := ptrace.NewTraces()
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", "shop")
			list := rs.ScopeSpans().AppendEmpty().Spans()
			list.AppendEmpty().SetName("good")
			list.AppendEmpty().Attributes().PutStr("ml.segment.city", "M\xfcnchen")
			require.Error(t, testkit.StrictTraces(td))
			require.NoError(t, traces.ConsumeTraces(t.Context(), td))
			td = spans.AllTraces()[0]
			require.NoError(t, testkit.StrictTraces(td))
			require.Equal(t, 2, td.SpanCount())

			var records consumertest.LogsSink
			logs, err := NewFactory().CreateLogs(t.Context(), set, cfg, &records)
			require.NoError(t, err)
			ld := plog.NewLogs()
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", "shop")
			rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("M\xfcnchen")
			require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
			require.NoError(t, testkit.StrictLogs(records.AllLogs()[0]))

			var numbers consumertest.MetricsSink
			metrics, err := NewFactory().CreateMetrics(t.Context(), set, cfg, &numbers)
			require.NoError(t, err)
			md := pmetric.NewMetrics()
			rm := md.ResourceMetrics().AppendEmpty()
			rm.Resource().Attributes().PutStr("service.name", "shop")
			points := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints()
			points.AppendEmpty().Attributes().PutStr("city", "M\xfcnchen")
			require.NoError(t, metrics.ConsumeMetrics(t.Context(), md))
			require.NoError(t, testkit.StrictMetrics(numbers.AllMetrics()[0]))

			metadatatest.AssertEqualMlNormalizeInvalidUtf8(t, tel, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
			said := logged.FilterMessageSnippet("no valid UTF-8").All()
			require.Len(t, said, 3)
			for i, in := range []string{"span", "log", "point"} {
				assert.Equal(t, zap.WarnLevel, said[i].Level)
				line := said[i].ContextMap()
				assert.Equal(t, "shop", line["service"])
				assert.Equal(t, in, line["in"])
				assert.Equal(t, value, line["value"])
			}
			assert.Equal(t, "ml.segment.city", said[0].ContextMap()["key"])

			td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1).Attributes().PutStr("ml.segment.city", "Z\xfcrich")
			require.NoError(t, traces.ConsumeTraces(t.Context(), td))
			assert.Equal(t, 3, logged.FilterMessageSnippet("no valid UTF-8").Len(), "a second line about the same key")
			for _, p := range []interface{ Shutdown(context.Context) error }{traces, logs, metrics} {
				require.NoError(t, p.Shutdown(t.Context()))
			}
		})
	}
}
