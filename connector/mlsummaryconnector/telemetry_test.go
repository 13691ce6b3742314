// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadatatest"
)

// ofTrace puts all spans into a trace of their own.
func ofTrace(id byte, td ptrace.Traces) ptrace.Traces {
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		s.SetTraceID(pcommon.TraceID{0: id})
	}
	return td
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	cfg.Limits = Limits{Models: 1, Segments: 1, Features: 1, Categories: 1, Accumulators: 30, Spans: 100}
	cfg.Segments = []string{"country"}
	next := &link{}
	c, err := newConnector(metadatatest.NewSettings(tel), cfg, next)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))

	td := spansAt(benchTime, benchTime, benchTime, benchTime)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	spans.At(0).Attributes().PutStr("ml.segment.country", "DE")
	spans.At(1).Attributes().PutStr("ml.segment.country", "FR")
	spans.At(1).Attributes().PutStr("ml.prediction.class", "second")
	spans.At(1).Attributes().PutStr("ml.feature.second", "x")
	spans.At(2).Attributes().PutStr("ml.features", "{")
	spans.At(3).Attributes().PutStr("ml.model.name", "second")
	other := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
	other.Attributes().PutStr("http.route", "/")

	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	require.NoError(t, c.ConsumeTraces(t.Context(), td)) // sent again
	next.Fail(errors.New("link is down"))
	c.flush(t.Context(), true)
	// Nothing can be flushed. A minute needs 4 + 2 accumulators, so that there is room for five:
	// the first three are folded, two accumulators each.
	var times []time.Time
	for i := range 8 {
		times = append(times, benchTime.Add(time.Duration(i)*time.Minute))
	}
	require.NoError(t, c.ConsumeTraces(t.Context(), ofTrace(1, spansAt(times...))))
	next.Fail(consumererror.NewPermanent(errors.New("refused")))
	c.flush(t.Context(), true)
	next.Fail(nil)
	require.NoError(t, c.ConsumeTraces(t.Context(), ofTrace(2, spansAt(benchTime))))
	c.flush(t.Context(), true)
	require.NoError(t, c.Shutdown(t.Context()))

	by := func(key, value string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String(key, value)), Value: n}
	}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualMlSummarySpans(t, tel, []metricdata.DataPoint[int64]{
		by("outcome", "counted", 12), by("outcome", "malformed", 1), by("outcome", "skipped", 2), by("outcome", "repeated", 4),
	}, ignore)
	metadatatest.AssertEqualMlSummaryOverflowed(t, tel, []metricdata.DataPoint[int64]{
		by("limit", "models", 1), by("limit", "segments", 1), by("limit", "features", 1), by("limit", "categories", 1),
	}, ignore)
	metadatatest.AssertEqualMlSummaryFlushes(t, tel, []metricdata.DataPoint[int64]{
		by("outcome", "failed", 1), by("outcome", "dropped", 3), by("outcome", "sent", 1),
	}, ignore)
	metadatatest.AssertEqualMlSummaryPoints(t, tel, []metricdata.DataPoint[int64]{{Value: 4}}, ignore)
	metadatatest.AssertEqualMlSummaryCells(t, tel, []metricdata.DataPoint[int64]{{Value: 0}}, ignore)
	metadatatest.AssertEqualMlSummaryFolded(t, tel, []metricdata.DataPoint[int64]{{Value: 6}}, ignore)
}
