// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package seriesbound

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// clock is the time of a test.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

// gauges is a request with a gauge "g" that has a point for each value of a label "id".
func gauges(ids ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("g")
	m.SetEmptyGauge()
	for _, id := range ids {
		m.Gauge().DataPoints().AppendEmpty().Attributes().PutStr("id", id)
	}
	return md
}

// madeUp are labels that nobody has sent before.
func madeUp(from, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint("made up ", from+i))
	}
	return ids
}

func TestAFloodLeavesPlacesToWhatComesAgain(t *testing.T) {
	c := &clock{start}
	b := New(100, c.time)
	sends := func(id string) (passed bool) { return b.Cut(gauges(id)).Points == 0 }
	assert.True(t, sends("old"))

	n, refused, young := 0, int64(0), 0
	for minute := range 20 {
		c.now = start.Add(time.Duration(minute) * time.Minute)
		r := b.Cut(gauges(madeUp(n, 500)...))
		n += 500
		refused += r.Points
		assert.True(t, sends("old"), minute)
		if minute >= 3 && sends("young") {
			young++
		}
		assert.LessOrEqual(t, b.Series(), 100)
	}
	assert.GreaterOrEqual(t, refused, int64(20*500-100))
	assert.GreaterOrEqual(t, young, 12, "of 17")
}

func TestASilentSeriesGivesItsPlaceAway(t *testing.T) {
	c := &clock{start}
	b := New(2, c.time)
	assert.Zero(t, b.Cut(gauges("a", "b")).Points)
	c.now = start.Add(time.Hour)
	assert.Zero(t, b.Cut(gauges("c", "d")).Points, "nothing was refused: whoever comes has a place")
	assert.Equal(t, 2, b.Series())
}

func TestWhatIsLeftIsUntouched(t *testing.T) {
	b := New(2, (&clock{start}).time)
	md := gauges("a", "b", "c")
	r := b.Cut(md)
	assert.Equal(t, Report{Points: 1, Metric: "g", Service: "shop"}, r)
	assert.Equal(t, 2, md.DataPointCount())
	md = gauges("d")
	assert.EqualValues(t, 1, b.Cut(md).Points)
	assert.Zero(t, md.ResourceMetrics().Len(), "no resource without points is sent on")
	md = pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	b.Cut(md)
	assert.Equal(t, 1, md.MetricCount(), "what came without points stays")
}

// Each kind of metric takes as many places as it has series in Prometheus, and long labels take more.
func TestPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		places int
		set    func(pmetric.Metric)
	}{
		"sum": {1, func(m pmetric.Metric) { m.SetEmptySum().DataPoints().AppendEmpty() }},
		"histogram": {5, func(m pmetric.Metric) {
			m.SetEmptyHistogram().DataPoints().AppendEmpty().ExplicitBounds().FromRaw([]float64{1, 2})
		}},
		"exponential": {5, func(m pmetric.Metric) {
			m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Positive().BucketCounts().FromRaw([]uint64{1, 2})
		}},
		"summary": {3, func(m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty().QuantileValues().AppendEmpty() }},
		"long": {1 + 10, func(m pmetric.Metric) {
			m.SetEmptyGauge().DataPoints().AppendEmpty().Attributes().PutStr("id", strings.Repeat("x", 10*bytesPerPlace))
		}},
	} {
		for limit, passes := range map[int]bool{test.places - 1: false, test.places: true} {
			md := pmetric.NewMetrics()
			m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
			m.SetName("m")
			test.set(m)
			b := New(limit, (&clock{start}).time)
			assert.Equal(t, passes, b.Cut(md).Points == 0, "%s with %d places", name, limit)
		}
	}
}

// What is longer than any label should be has no place, and makes none scarce.
func TestTooLong(t *testing.T) {
	long := strings.Repeat("x", longest)
	for name, set := range map[string]func(pmetric.ResourceMetrics, pmetric.Metric){
		"name":        func(_ pmetric.ResourceMetrics, m pmetric.Metric) { m.SetName(long + "x") },
		"unit":        func(_ pmetric.ResourceMetrics, m pmetric.Metric) { m.SetUnit(long) },
		"description": func(_ pmetric.ResourceMetrics, m pmetric.Metric) { m.SetDescription(long) },
		"resource":    func(rm pmetric.ResourceMetrics, _ pmetric.Metric) { rm.Resource().Attributes().PutStr("x", long) },
		"label": func(_ pmetric.ResourceMetrics, m pmetric.Metric) {
			m.Gauge().DataPoints().At(0).Attributes().PutStr("x", long)
		},
		"name of a label": func(_ pmetric.ResourceMetrics, m pmetric.Metric) {
			m.Gauge().DataPoints().At(0).Attributes().PutStr(long, "x")
		},
	} {
		md := gauges("a")
		rm := md.ResourceMetrics().At(0)
		set(rm, rm.ScopeMetrics().At(0).Metrics().At(0))
		b := New(100_000, (&clock{start}).time)
		assert.EqualValues(t, 1, b.Cut(md).Points, name)
		assert.Zero(t, b.Cut(gauges("b")).Points, name)
		assert.Equal(t, 1, b.Series(), name)
		assert.False(t, b.refused, name)
	}
}

// A series is told by its resource, scope, name and labels, in whatever order these come.
func TestIdentity(t *testing.T) {
	b := New(100, (&clock{start}).time)
	cut := func(set func(pmetric.ResourceMetrics)) int {
		md := gauges("a")
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Attributes().PutStr("zone", "b")
		set(md.ResourceMetrics().At(0))
		b.Cut(md)
		return b.Series()
	}
	labels := func(rm pmetric.ResourceMetrics) pmetric.NumberDataPoint {
		return rm.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
	}
	assert.Equal(t, 1, cut(func(pmetric.ResourceMetrics) {}))
	assert.Equal(t, 1, cut(func(rm pmetric.ResourceMetrics) {
		labels(rm).Attributes().Clear()
		labels(rm).Attributes().PutStr("zone", "b")
		labels(rm).Attributes().PutStr("id", "a")
	}))
	assert.Equal(t, 2, cut(func(rm pmetric.ResourceMetrics) { labels(rm).Attributes().PutStr("id", "b") }))
	assert.Equal(t, 3, cut(func(rm pmetric.ResourceMetrics) { rm.Resource().Attributes().PutStr("service.name", "till") }))
	assert.Equal(t, 4, cut(func(rm pmetric.ResourceMetrics) { rm.ScopeMetrics().At(0).Scope().SetName("scope") }))
	assert.Equal(t, 5, cut(func(rm pmetric.ResourceMetrics) { rm.ScopeMetrics().At(0).Metrics().At(0).SetName("h") }))
}

func BenchmarkCut(b *testing.B) {
	bound := New(100_000, time.Now)
	md := gauges(madeUp(0, 1000)...)
	b.ReportAllocs()
	for b.Loop() {
		bound.Cut(md)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/point")
}
