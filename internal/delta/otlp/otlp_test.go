// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func builder(t pmetric.AggregationTemporality) *metricbuilder.Builder {
	return metricbuilder.New("test", "1", t)
}

// overTheWire is a request as it arrives.
func overTheWire(t testing.TB, md pmetric.Metrics) pmetric.Metrics {
	t.Helper()
	raw, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	md, err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(raw)
	require.NoError(t, err)
	return md
}

func oneOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// random returns a delta of any kind that ml_summary may send.
func random(r *rand.Rand) (d delta.Delta) {
	d = delta.Delta{
		Minute: 60 * (1 + r.Int64N(300_000_000)),
		Key: delta.Key{
			Environment: oneOf(r, "", "prod"), Model: oneOf(r, "fraud", "ä"), Version: oneOf(r, "", "7"),
			Role: oneOf(r, "", "shadow"), Segment: oneOf(r, "", "country=DE", "country="), Subject: delta.Subject(r.IntN(int(delta.Subjects))),
		},
	}
	if d.Key.Subject.Named() {
		d.Key.Name = oneOf(r, "amount", "a b")
	}
	if d.Key.Subject.Passthrough() {
		d.Consumer.Service = oneOf(r, "", "shop")
		if r.IntN(4) == 0 {
			d.Consumer = delta.Consumer{Overflow: true}
		}
		if r.IntN(8) == 0 {
			d.Key, d.Consumer = delta.Key{Subject: d.Key.Subject, Overflow: true}, delta.Consumer{} // of a model that found no room
		}
		switch d.Key.Subject {
		case delta.Predictions, delta.Duration:
			d.Consumer.Unit = oneOf(r, "", "timeout")
		case delta.Tokens:
			d.Consumer.Unit = oneOf(r, "input", "output")
		case delta.Cost:
			d.Consumer.Unit = oneOf(r, "", "USD")
		case delta.Length:
			d.Consumer.Unit = oneOf(r, "input.characters", "output.messages")
		case delta.Violations:
			d.Consumer.Service, d.Consumer.Source = "", oneOf(r, "", "pos")
			d.Consumer.Feature, d.Consumer.Check, d.Consumer.Severity = oneOf(r, "", "a.b"), "range", oneOf(r, "", "critical")
		case delta.ContractRows:
			d.Consumer.Service, d.Consumer.Source = "", oneOf(r, "", "pos")
		}
	}
	defer func() {
		if r.IntN(3) == 0 {
			d.SetCount(d.Count, r.Uint64N(1<<40))
		}
	}()
	for range r.IntN(3) {
		x := delta.Exemplar{Value: 1, Time: r.Int64(), TraceID: [16]byte{1, byte(r.Uint32())}, SpanID: [8]byte{byte(r.Uint32())}}
		d.Exemplars = append(d.Exemplars, x)
	}
	switch d.Key.Subject {
	case delta.Predictions, delta.Missing, delta.Violations, delta.ContractRows:
		d.Count = r.Uint64N(1 << 40)
		return d
	case delta.Embedding:
		d.Count = r.Uint64N(1 << 40)
		for range 1 + r.IntN(9) {
			d.Vector = append(d.Vector, r.NormFloat64())
		}
		return d
	case delta.Cost:
		d.Sum = r.ExpFloat64()
		return d
	case delta.Class:
		d.Categorical = true
	case delta.Feature:
		d.Categorical = r.IntN(2) == 0
	}
	if d.Categorical {
		d.Count, d.Category = r.Uint64N(1<<40), oneOf(r, "yes", "1e-7", "")
		if r.IntN(4) == 0 {
			d.Category, d.Overflow = "", true
		}
		return d
	}
	d.Count, d.Sum, d.HasRange = r.Uint64N(100), r.NormFloat64(), r.IntN(5) > 0
	if d.HasRange {
		d.Min = r.NormFloat64()
		d.Max = d.Min + r.ExpFloat64()
	}
	for i := range d.Exemplars {
		d.Exemplars[i].Value = r.NormFloat64()
	}
	counts := func(n int) []uint64 {
		var list []uint64
		for range n {
			list = append(list, r.Uint64N(9))
		}
		return list
	}
	if r.IntN(2) == 0 {
		n := 1 + r.IntN(4)
		for i := range n {
			d.Bounds = append(d.Bounds, float64(i)+r.Float64())
		}
		d.Counts = counts(n + 1)
		return d
	}
	d.Exponential = &distribution.Exponential{
		Scale: int32(r.IntN(20) - 5), Zero: r.Uint64N(3),
		Positive: distribution.ExponentialBuckets{Offset: int32(r.IntN(9) - 4), Counts: counts(1 + r.IntN(3))},
	}
	return d
}

// What is written is read back, point by point, as the flush that it was.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := builder(pmetric.AggregationTemporalityDelta)
		f := NewFlush(b, "p", seed+1)
		want := make([]delta.Delta, 1+r.IntN(50))
		for i := range want {
			want[i] = random(r)
			f.Add(&want[i])
			want[i].Producer, want[i].Sequence, want[i].Points, want[i].Ordinal = "p", seed+1, uint64(len(want)), uint64(i)
		}
		require.Equal(t, len(want), f.Points())
		require.Equal(t, len(want), b.Metrics().DataPointCount())
		md := overTheWire(t, b.Metrics())
		before := pmetric.NewMetrics()
		md.CopyTo(before)
		got := Decode(t.Context(), md)
		require.Equal(t, before, md, "the request is changed")
		require.Zero(t, got.Unreadable, got.Metric)
		require.Zero(t, got.Overflow)
		slices.SortFunc(got.Deltas, func(a, b delta.Delta) int { return int(a.Ordinal) - int(b.Ordinal) })
		require.Equal(t, want, got.Deltas)
	}
}

// What ml_summary had no room for is counted as such, but for what is passed on.
func TestOverflow(t *testing.T) {
	for _, c := range []struct {
		d        delta.Delta
		deltas   int
		overflow int
	}{
		{d: delta.Delta{Key: delta.Key{Subject: delta.Class, Overflow: true}, Categorical: true, Category: "yes"}, overflow: 1},
		{d: delta.Delta{Key: delta.Key{Model: "m", Subject: delta.Feature}, Categorical: true}, overflow: 1},
		{d: delta.Delta{Key: delta.Key{Model: "m", Subject: delta.Missing}}, overflow: 1},
		{d: delta.Delta{Key: delta.Key{Segment: "country", Subject: delta.Predictions, Overflow: true}}, overflow: 1},
		{d: delta.Delta{Key: delta.Key{Subject: delta.Predictions, Overflow: true}}, deltas: 1},
		{d: delta.Delta{Key: delta.Key{Model: "m", Segment: "country", Subject: delta.Class}, Categorical: true, Category: "yes"}, deltas: 1},
	} {
		c.d.Minute, c.d.Count = 60, 3
		b := builder(pmetric.AggregationTemporalityDelta)
		NewFlush(b, "p", 1).Add(&c.d)
		got := Decode(t.Context(), b.Metrics())
		assert.Len(t, got.Deltas, c.deltas, "%+v", c.d)
		assert.Equal(t, c.overflow, got.Overflow, "%+v", c.d)
		assert.Zero(t, got.Unreadable, "%+v", c.d)
		if c.deltas > 0 {
			assert.Equal(t, c.d.Key, got.Deltas[0].Key)
			assert.False(t, got.Deltas[0].Overflow)
		}
	}
}

// Totals have the dimensions of deltas, and no ordinal, no flush and no range of values.
func TestTotal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		d := random(r)
		deltas, totals := builder(pmetric.AggregationTemporalityDelta), builder(pmetric.AggregationTemporalityCumulative)
		NewFlush(deltas, "p", 1).Add(&d)
		AddTotal(totals, 17, 18, &d)
		assert.Zero(t, totals.Resource().Attributes().Len())
		assert.Positive(t, Decode(t.Context(), totals.Metrics()).Unreadable)
		a, b := attributes(deltas.Metrics()), attributes(totals.Metrics())
		ordinal, ok := a.Get(mlconv.AttrSummaryPoint)
		require.True(t, ok)
		assert.Zero(t, ordinal.Int())
		a.Remove(mlconv.AttrSummaryPoint)
		a.Remove(mlconv.AttrSummarySquaredWeights)
		a.Remove(mlconv.AttrSummaryVector)
		assert.Equal(t, a.AsRaw(), b.AsRaw())
	}
}

func attributes(md pmetric.Metrics) pcommon.Map {
	m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().At(0).Attributes()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().At(0).Attributes()
	default:
		return m.ExponentialHistogram().DataPoints().At(0).Attributes()
	}
}

// Each subject has a metric that reads as that subject, and each metric is one that mlconv knows.
func TestNames(t *testing.T) {
	for s := range delta.Subjects {
		for _, categorical := range []bool{false, true} {
			d := delta.Delta{Key: delta.Key{Subject: s}, Categorical: categorical}
			if s == delta.Length {
				d.Consumer.Unit = "input.characters"
			}
			name, ok := metricOf(&d)
			require.True(t, ok, s.String())
			assert.Equal(t, s, subjects[name])
		}
	}
	for name := range subjects {
		_, ok := mlconv.DescribeMetric(name)
		assert.True(t, ok, name)
	}
	_, ok := metricOf(&delta.Delta{Key: delta.Key{Subject: delta.Length}, Consumer: delta.Consumer{Unit: "bogus"}})
	assert.False(t, ok)
}

// A point in a minute beyond the last timestamp has the last one.
func TestTimestamp(t *testing.T) {
	assert.Equal(t, pcommon.Timestamp(60e9), timestamp(60))
	assert.Equal(t, pcommon.Timestamp(1<<64-1), timestamp(1<<60))
}

// Counts of classes, categories and missing values have a row each, as histograms do.
func TestExemplarsOfSums(t *testing.T) {
	for _, name := range []string{mlconv.MetricPredictionClassCount, mlconv.MetricFeatureCategoryCount, mlconv.MetricFeatureMissingCount} {
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName(name)
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := m.Sum().DataPoints().AppendEmpty()
		p.SetStartTimestamp(60e9)
		p.SetIntValue(3)
		p.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		if name != mlconv.MetricPredictionClassCount {
			p.Attributes().PutStr(mlconv.AttrFeatureName, "country")
		}
		x := p.Exemplars().AppendEmpty()
		x.SetIntValue(1)
		x.SetTimestamp(61e9)
		x.SetTraceID(pcommon.TraceID{1})
		x.SetSpanID(pcommon.SpanID{2})
		got := Decode(t.Context(), md)
		require.Len(t, got.Deltas, 1, name)
		assert.Equal(t, []delta.Exemplar{{Value: 1, Time: 61e9, TraceID: [16]byte{1}, SpanID: [8]byte{2}}}, got.Deltas[0].Exemplars, name)
	}
}

// FuzzDecode: of any OTLP, what is read as deltas is the same when it is written and read again.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 5 {
		b := builder(pmetric.AggregationTemporalityDelta)
		flush := NewFlush(b, "p", 1)
		for range n {
			d := random(r)
			flush.Add(&d)
		}
		raw, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(b.Metrics())
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(raw)
		if err != nil {
			return
		}
		for _, d := range Decode(t.Context(), md).Deltas {
			b := builder(pmetric.AggregationTemporalityDelta)
			d.Producer, d.Sequence, d.Points, d.Ordinal = "p", 1, 1, 0
			NewFlush(b, "p", 1).Add(&d)
			again := Decode(t.Context(), b.Metrics())
			require.Len(t, again.Deltas, 1, "%+v", d)
			// Printed, that NaN is NaN.
			require.Equal(t, fmt.Sprintf("%+v", normal(d)), fmt.Sprintf("%+v", normal(again.Deltas[0])))
		}
	})
}

// normal leaves out what an encoder of ours never writes.
func normal(d delta.Delta) delta.Delta {
	if !d.HasRange {
		d.Min, d.Max = 0, 0
	}
	if x := d.Exponential; x != nil {
		for _, b := range []*distribution.ExponentialBuckets{&x.Positive, &x.Negative} {
			if len(b.Counts) == 0 {
				*b = distribution.ExponentialBuckets{}
			}
		}
		copied := *x
		d.Exponential = nil
		d.Category = fmt.Sprintf("%+v %s", copied, d.Category)
	}
	d.Exemplars = nil // those of sums are integers
	return d
}
