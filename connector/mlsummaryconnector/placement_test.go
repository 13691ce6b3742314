// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// fromPod adds a resource with a prediction of a model and a call of it, which is counted later.
func fromPod(td ptrace.Traces, pod, model string, version int) {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(mlconv.AttrServiceName, "server")
	rs.Resource().Attributes().PutStr(mlconv.AttrEnvironment, "production")
	rs.Resource().Attributes().PutStr(mlconv.AttrPodNamespace, "shop")
	rs.Resource().Attributes().PutStr(mlconv.AttrPodName, pod)
	rs.Resource().Attributes().PutStr(mlconv.AttrPodUID, pod+"-uid")
	rs.Resource().Attributes().PutStr(mlconv.AttrHostName, "node-1")
	for i := range 2 {
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID([16]byte{byte(td.ResourceSpans().Len()), byte(i), pod[len(pod)-1], 1})
		s.SetSpanID([8]byte{byte(td.ResourceSpans().Len()), byte(i), 1})
		s.SetEndTimestamp(1)
		s.Attributes().PutStr(mlconv.AttrModelName, model)
		s.Attributes().PutInt(mlconv.AttrModelVersion, int64(version))
		if i == 0 {
			s.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
		} else {
			s.Attributes().PutStr(mlconv.AttrGenAIOperation, "chat")
		}
	}
}

// placementsOf are the points of the requests, as texts, each with how often it came.
func placementsOf(requests []pmetric.Metrics) map[string]int {
	found := map[string]int{}
	for _, md := range requests {
		for p := range testkit.Points(mlconv.MetricModelPlacement, md) {
			found[fmt.Sprint(p.Attributes().AsRaw(), " ", testkit.Number(p))]++
		}
	}
	return found
}

func placementOf(pod, model, version string) string {
	return fmt.Sprint(map[string]any{
		mlconv.AttrModelName: model, mlconv.AttrModelVersion: version, mlconv.AttrEnvironment: "production",
		mlconv.AttrPodNamespace: "shop", mlconv.AttrPodName: pod, mlconv.AttrPodUID: pod + "-uid", mlconv.AttrHostName: "node-1",
	}, " ", 1.0)
}

// Each pod of each version is a point, whatever kind of prediction came from it, at each flush until
// five minutes after the last one.
func TestPlacement(t *testing.T) {
	for _, temporality := range []string{TemporalityEventDelta, TemporalityCumulative} {
		synctest.Test(t, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.Temporality, cfg.Placement = temporality, true
			cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour // the flushes are the test's
			out := &testkit.MetricsSink{}
			c := started(t, cfg, out, nil)
			td := ptrace.NewTraces()
			fromPod(td, "fraud-a", "fraud", 7)
			fromPod(td, "fraud-b", "fraud", 7)
			fromPod(td, "fraud-b", "fraud", 8)
			fromPod(td, "fraud-b", "churn", 1)
			td.ResourceSpans().AppendEmpty() // nobody's
			nowhere := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			nowhere.Attributes().PutStr(mlconv.AttrModelName, "nowhere")
			nowhere.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
			require.NoError(t, c.ConsumeTraces(t.Context(), td))
			four := map[string]int{
				placementOf("fraud-a", "fraud", "7"): 1, placementOf("fraud-b", "fraud", "7"): 1,
				placementOf("fraud-b", "fraud", "8"): 1, placementOf("fraud-b", "churn", "1"): 1,
			}
			c.flush(t.Context(), false)
			assert.Equal(t, four, placementsOf(out.AllMetrics()))

			out.Fail(errors.New("down"))
			c.flush(t.Context(), false)
			out.Fail(nil)
			out.Reset()
			time.Sleep(4 * time.Minute)
			td = ptrace.NewTraces()
			fromPod(td, "fraud-a", "fraud", 7)
			require.NoError(t, c.ConsumeTraces(t.Context(), td))
			time.Sleep(4 * time.Minute)
			out.Reset()
			c.flush(t.Context(), false)
			assert.Equal(t, map[string]int{placementOf("fraud-a", "fraud", "7"): 1}, placementsOf(out.AllMetrics()))
			require.NoError(t, c.Shutdown(context.Background()))
		})
	}
}

// Without the option nothing is said of places.
func TestNoPlacement(t *testing.T) {
	out := &testkit.MetricsSink{}
	c := started(t, createDefaultConfig().(*Config), out, nil)
	td := ptrace.NewTraces()
	fromPod(td, "fraud-a", "fraud", 7)
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	c.flush(t.Context(), true)
	assert.NotEmpty(t, out.AllMetrics())
	assert.Empty(t, placementsOf(out.AllMetrics()))
}

// Places that find no room are counted, and said once.
func TestTooManyPlaces(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := metadatatest.NewSettings(tel)
	logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	cfg.Placement, cfg.Limits.Placements = true, 2
	out := &testkit.MetricsSink{}
	c, err := newConnector(set, cfg, out)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	for _, pod := range []string{"a", "b", "c", "d"} {
		td := ptrace.NewTraces()
		fromPod(td, pod, "fraud", 7)
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	c.flush(t.Context(), true)
	assert.Equal(t, map[string]int{placementOf("a", "fraud", "7"): 1, placementOf("b", "fraud", "7"): 1}, placementsOf(out.AllMetrics()))
	metadatatest.AssertEqualMlSummaryOverflowed(t, tel, []metricdata.DataPoint[int64]{
		{Attributes: attribute.NewSet(attribute.String("limit", "placements")), Value: 2},
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlSummaryPlacements(t, tel, []metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp())
	assert.Len(t, logs.FilterMessageSnippet("limits::placements is reached").All(), 1)
	require.NoError(t, c.Shutdown(t.Context()))
}

// podTraces are prediction spans of ten pods.
func podTraces(tb testing.TB) ptrace.Traces {
	tb.Helper()
	td := ptrace.NewTraces()
	for pod := range 10 {
		part := benchTraces(tb, benchSpans/10, putFeatures)
		attrs := part.ResourceSpans().At(0).Resource().Attributes()
		attrs.PutStr(mlconv.AttrPodNamespace, "shop")
		attrs.PutStr(mlconv.AttrPodName, fmt.Sprintf("fraud-%d", pod))
		attrs.PutStr(mlconv.AttrPodUID, fmt.Sprintf("275ecb36-5aa8-4c2a-9c47-d8bb681b9af%d", pod))
		attrs.PutStr(mlconv.AttrHostName, "node-1")
		part.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	td.MarkReadOnly()
	return td
}

// Placements cost no allocation in the steady state.
func TestNoAllocationForPlacements(t *testing.T) {
	td := podTraces(t)
	cfg := benchConfig()
	cfg.Placement = true
	c := started(t, cfg, consumertest.NewNop(), newCatalog(fraudCard(20)))
	for range 20 {
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(20, func() { _ = c.ConsumeTraces(t.Context(), td) }), 3.0)
	require.Equal(t, 10, c.placements.Encode(metricbuilder.New("test", "1", pmetric.AggregationTemporalityCumulative), time.Now()))
}

// BenchmarkPlacement is a span of ten pods' with and without placements.
func BenchmarkPlacement(b *testing.B) {
	for _, placement := range []bool{false, true} {
		b.Run(fmt.Sprintf("placement=%v", placement), func(b *testing.B) {
			cfg := benchConfig()
			cfg.Placement = placement
			measure(b, started(b, cfg, consumertest.NewNop(), newCatalog(fraudCard(20))), podTraces(b))
		})
	}
}
