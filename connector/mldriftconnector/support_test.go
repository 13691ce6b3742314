// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// edge is the connector between metrics and one other signal.
type edge = sharedcomponent.MetricsEdge[Config, *driftConnector]

var (
	catalogID = component.MustNewID("ml_catalog")
	storageID = component.MustNewID("memory")
)

var errDown = errors.New("downstream is down")

// failing is a sink that fails until it is told not to.
func failing() *testkit.MetricsSink {
	var s testkit.MetricsSink
	s.Fail(errDown)
	return &s
}

// testBaseline has a numeric feature x, normal, a categorical one, country, and a confidence.
func testBaseline() *profile.Profile {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = r.NormFloat64()
		}
		return out
	}
	return &profile.Profile{
		FormatVersion: 1, Rows: 5000,
		Features: []*profile.Column{
			profile.NewNumeric("x", draw(5000), 0, distribution.DefaultBins),
			profile.NewCategorical("country", map[string]uint64{"DE": 3000, "FR": 1500, "US": 500}, 0, 200),
		},
	}
}

func testCards(base *profile.Profile) *catalogtest.Extension {
	m := &catalog.Model{Name: "fraud", Baseline: base}
	m.Versions = []*catalog.Version{{Model: m, Version: "7", Baseline: base}}
	return catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{m}, nil))
}

// producer writes deltas as ml_summary does.
type producer struct {
	id       string
	sequence int64
	bins     *distribution.Bins
	r        *rand.Rand
}

func newProducer(base *profile.Profile, id string, seed uint64) *producer {
	bins, err := distribution.NewBins(base.Features[0].Numeric.Bounds)
	if err != nil {
		panic(err)
	}
	return &producer{id: id, bins: bins, r: rand.New(rand.NewPCG(seed, 3))}
}

// flush is rows of one minute; x is shifted.
func (p *producer) flush(minute time.Time, rows int, shift float64) pmetric.Metrics {
	p.sequence++
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	sm := rm.ScopeMetrics().AppendEmpty()
	points := int64(0)
	start, end := pcommon.NewTimestampFromTime(minute), pcommon.NewTimestampFromTime(minute.Add(time.Minute))
	dims := func(a pcommon.Map, pairs ...string) {
		a.PutStr(mlconv.AttrModelName, "fraud")
		a.PutStr(mlconv.AttrModelVersion, "7")
		a.PutInt(mlconv.AttrSummaryPoint, points)
		for i := 0; i < len(pairs); i += 2 {
			a.PutStr(pairs[i], pairs[i+1])
		}
		points++
	}
	sum := func(name string) pmetric.NumberDataPointSlice {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		s := m.SetEmptySum()
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		return s.DataPoints()
	}
	count := func(list pmetric.NumberDataPointSlice, n int, pairs ...string) {
		q := list.AppendEmpty()
		q.SetStartTimestamp(start)
		q.SetTimestamp(end)
		q.SetIntValue(int64(n))
		dims(q.Attributes(), pairs...)
	}
	count(sum(mlconv.MetricPredictionCount), rows)
	count(sum(mlconv.MetricPredictionClassCount), rows, mlconv.AttrPredictionClass, "ok")
	countries := map[string]int{}
	values := make([]float64, rows)
	var high float64
	for i := range values {
		values[i] = p.r.NormFloat64() + shift
		high = max(high, values[i])
		countries[[]string{"DE", "DE", "DE", "DE", "DE", "DE", "FR", "FR", "FR", "US"}[p.r.IntN(10)]]++
	}
	list := sum(mlconv.MetricFeatureCategoryCount)
	for _, c := range []string{"DE", "FR", "US"} {
		if countries[c] > 0 {
			count(list, countries[c], mlconv.AttrFeatureName, "country", mlconv.AttrFeatureCategory, c)
		}
	}
	if p.sequence%50 == 0 {
		count(sum(mlconv.MetricFeatureMissingCount), 1, mlconv.AttrFeatureName, "country")
	}
	histogram := func(name string, bounds []float64, counts []uint64, total float64) pmetric.HistogramDataPoint {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		q := h.DataPoints().AppendEmpty()
		q.SetStartTimestamp(start)
		q.SetTimestamp(end)
		q.SetCount(uint64(rows))
		q.SetSum(total)
		q.ExplicitBounds().FromRaw(bounds)
		q.BucketCounts().FromRaw(counts)
		return q
	}
	total := 0.0
	for _, v := range values {
		total += v
	}
	q := histogram(mlconv.MetricFeatureValue, p.bins.Bounds(), p.bins.Count(values), total)
	dims(q.Attributes(), mlconv.AttrFeatureName, "x")
	x := q.Exemplars().AppendEmpty()
	x.SetDoubleValue(high)
	x.SetTimestamp(start + 1)
	x.SetTraceID(pcommon.TraceID{0xab, byte(p.sequence)})
	x.SetSpanID(pcommon.SpanID{0xcd})
	dims(histogram(mlconv.MetricPredictionDuration, []float64{0.01, 0.1}, []uint64{uint64(rows), 0, 0}, 0.001*float64(rows)).Attributes())
	a := rm.Resource().Attributes()
	a.PutStr(mlconv.AttrSummaryProducer, p.id)
	a.PutInt(mlconv.AttrSummarySequence, p.sequence)
	a.PutInt(mlconv.AttrSummaryPoints, points)
	return md
}

func config(change func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Season = "none" // tests last hours
	if change != nil {
		change(cfg)
	}
	return cfg
}

// started returns a connector that was started; the caller shuts it down.
func started(t testing.TB, set connector.Settings, cfg *Config, h testkit.Host, next *testkit.MetricsSink) *edge {
	t.Helper()
	require.NoError(t, cfg.Validate())
	c := between(t, set, cfg, next)
	require.NoError(t, c.Start(context.Background(), h))
	return c
}

// between returns the edge from metrics to metrics.
func between(t testing.TB, set connector.Settings, cfg *Config, next *testkit.MetricsSink) *edge {
	t.Helper()
	c, err := (&factory{}).createMetricsToMetrics(context.Background(), set, cfg, next)
	require.NoError(t, err)
	return c.(*edge)
}

func settings() connector.Settings { return connectortest.NewNopSettings(metadata.Type) }

func nopHost() component.Host { return componenttest.NewNopHost() }

// value returns the value of the only point of a metric whose attributes have the given pairs.
func value(t testing.TB, md pmetric.Metrics, name string, pairs ...string) float64 {
	t.Helper()
	var found []float64
	for p := range testkit.Points(name, md) {
		ok := true
		for i := 0; i < len(pairs); i += 2 {
			v, has := p.Attributes().Get(pairs[i])
			ok = ok && has && v.AsString() == pairs[i+1]
		}
		if ok {
			found = append(found, testkit.Number(p))
		}
	}
	require.Len(t, found, 1, "%s %v", name, pairs)
	return found[0]
}
