// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// usage is a flush of what two services used, as ml_summary sends it.
func usage(minute time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	start := pcommon.NewTimestampFromTime(minute)
	dims := func(a pcommon.Map, pairs ...string) {
		a.PutStr(mlconv.AttrModelName, "gpt-4o-mini")
		a.PutStr(mlconv.AttrModelVersion, "gpt-4o-mini-2024-07-18")
		for i := 0; i < len(pairs); i += 2 {
			a.PutStr(pairs[i], pairs[i+1])
		}
	}
	m := sm.Metrics().AppendEmpty()
	m.SetName(mlconv.MetricTokenUsage)
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i, typ := range []string{"input", "output"} {
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(start)
		p.SetCount(3)
		p.SetSum(float64(100 * (i + 1)))
		p.ExplicitBounds().FromRaw([]float64{1, 4, 16})
		p.BucketCounts().FromRaw([]uint64{0, 1, 2, 0})
		dims(p.Attributes(), "service.name", "shop", "gen_ai.token.type", typ)
	}
	m = sm.Metrics().AppendEmpty()
	m.SetName(mlconv.MetricPredictionCost)
	s := m.SetEmptySum()
	s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for _, service := range []string{"shop", "batch"} {
		p := s.DataPoints().AppendEmpty()
		p.SetStartTimestamp(start)
		p.SetDoubleValue(0.125)
		dims(p.Attributes(), "service.name", service, mlconv.AttrPredictionCurrency, "USD")
	}
	p := s.DataPoints().AppendEmpty()
	p.SetStartTimestamp(start)
	p.SetIntValue(2)
	dims(p.Attributes(), "service.name", "shop")
	p.Attributes().PutBool(mlconv.AttrOverflow, true) // of many currencies
	return md
}

func TestTokensAndCostsReachPrometheus(t *testing.T) {
	next := &testkit.MetricsSink{}
	c := started(t, settings(), config(nil), testkit.Host{}, next)
	minute := time.Now().Truncate(time.Minute)
	require.Zero(t, otlp.Decode(t.Context(), usage(minute)).Unreadable)
	require.NoError(t, c.ConsumeMetrics(t.Context(), usage(minute)))
	require.NoError(t, c.ConsumeMetrics(t.Context(), usage(minute)))
	require.NoError(t, c.Shutdown(t.Context()))
	require.NotEmpty(t, next.AllMetrics())
	md := next.AllMetrics()[0]
	assert.InDelta(t, 0.25, value(t, md, mlconv.MetricPredictionCost, "service.name", "batch", mlconv.AttrPredictionCurrency, "USD"), 1e-12)
	assert.InDelta(t, 0.25, value(t, md, mlconv.MetricPredictionCost, "service.name", "shop", mlconv.AttrPredictionCurrency, "USD"), 1e-12)
	assert.InDelta(t, 4, value(t, md, mlconv.MetricPredictionCost, "service.name", "shop", mlconv.AttrOverflow, "true"), 1e-12)
	seen := map[string]float64{}
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() != mlconv.MetricTokenUsage {
			continue
		}
		assert.Equal(t, "{token}", m.Unit())
		assert.Equal(t, pmetric.AggregationTemporalityCumulative, m.Histogram().AggregationTemporality())
		for _, p := range m.Histogram().DataPoints().All() {
			typ, _ := p.Attributes().Get("gen_ai.token.type")
			seen[typ.Str()] = p.Sum()
			assert.EqualValues(t, 6, p.Count())
			assert.Equal(t, []uint64{0, 2, 4, 0}, p.BucketCounts().AsRaw())
			assert.Equal(t, map[string]any{
				"ml.model.name": "gpt-4o-mini", "ml.model.version": "gpt-4o-mini-2024-07-18", "service.name": "shop", "gen_ai.token.type": typ.Str(),
			}, p.Attributes().AsRaw())
		}
	}
	assert.Equal(t, map[string]float64{"input": 200, "output": 400}, seen)
}

func TestFailedPredictionsReachPrometheus(t *testing.T) {
	minute := time.Now().Truncate(time.Minute)
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	sum := func(name string) pmetric.NumberDataPointSlice {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		return m.Sum().DataPoints()
	}
	histogram := func(name string) pmetric.HistogramDataPoint {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(minute))
		p.SetCount(3)
		p.ExplicitBounds().FromRaw([]float64{1, 4, 16})
		p.BucketCounts().FromRaw([]uint64{0, 1, 2, 0})
		p.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		p.Attributes().PutStr("service.name", "shop")
		return p
	}
	counts := sum(mlconv.MetricPredictionCount)
	for failed, n := range map[string]int64{"": 7, "timeout": 2, "_OTHER": 1} {
		p := counts.AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(minute))
		p.SetIntValue(n)
		p.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		p.Attributes().PutStr("service.name", "shop")
		if failed != "" {
			p.Attributes().PutStr("error.type", failed)
		}
	}
	histogram(mlconv.MetricPredictionDuration)
	histogram(mlconv.MetricPredictionDuration).Attributes().PutStr("error.type", "timeout")
	rest := []string{mlconv.MetricTimeToFirstChunk, mlconv.MetricLLMInputCharacters, mlconv.MetricLLMOutputMessages}
	for _, name := range rest {
		histogram(name)
	}

	next := &testkit.MetricsSink{}
	c := started(t, settings(), config(nil), testkit.Host{}, next)
	require.NoError(t, c.ConsumeMetrics(t.Context(), md))
	require.NoError(t, c.Shutdown(t.Context()))
	require.NotEmpty(t, next.AllMetrics())
	got := map[string]map[string]any{}
	for _, m := range next.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		switch m.Type() {
		case pmetric.MetricTypeSum:
			for _, p := range m.Sum().DataPoints().All() {
				got[fmt.Sprintf("%s %v %d", m.Name(), p.Attributes().AsRaw()["error.type"], p.IntValue())] = p.Attributes().AsRaw()
			}
		case pmetric.MetricTypeHistogram:
			for _, p := range m.Histogram().DataPoints().All() {
				got[fmt.Sprintf("%s %v %d", m.Name(), p.Attributes().AsRaw()["error.type"], p.Count())] = p.Attributes().AsRaw()
			}
		}
	}
	good := map[string]any{"ml.model.name": "fraud", "service.name": "shop"}
	bad := func(kind string) map[string]any {
		return map[string]any{"ml.model.name": "fraud", "service.name": "shop", "error.type": kind}
	}
	want := map[string]map[string]any{
		"ml.prediction.count <nil> 7": good, "ml.prediction.count timeout 2": bad("timeout"), "ml.prediction.count _OTHER 1": bad("_OTHER"),
		"ml.prediction.duration <nil> 3": good, "ml.prediction.duration timeout 3": bad("timeout"),
	}
	for _, name := range rest {
		want[name+" <nil> 3"] = good
	}
	assert.Equal(t, want, got)
}
