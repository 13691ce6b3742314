// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func attrs(key, value string) attribute.Set { return attribute.NewSet(attribute.String(key, value)) }

func TestDecode(t *testing.T) {
	minute := time.Date(2026, 11, 22, 10, 17, 0, 0, time.UTC)
	p := newProducer(testBaseline(), "p", 1)
	md := p.flush(minute, 7, 0)
	before := pmetric.NewMetrics()
	md.CopyTo(before)
	d := decode(md)
	assert.Equal(t, before, md, "the request is changed")
	assert.Zero(t, d.unreadable+d.overflow)
	seen := map[drift.Subject]int{}
	for i, x := range d.deltas {
		seen[x.Key.Subject]++
		assert.Equal(t, minute.Unix(), x.Minute)
		assert.Equal(t, "p", x.Producer)
		assert.EqualValues(t, 1, x.Sequence)
		assert.EqualValues(t, len(d.deltas), x.Points)
		assert.EqualValues(t, i, x.Ordinal)
		assert.Equal(t, "fraud", x.Key.Model)
	}
	require.Equal(t, 1, seen[drift.Predictions])
	require.Equal(t, 1, seen[drift.Duration])
	require.Equal(t, 1, seen[drift.Class])
	require.Equal(t, 0, seen[drift.Missing])
	require.GreaterOrEqual(t, seen[drift.Feature], 2)

	p.sequence = 49
	missing := decode(p.flush(minute, 7, 0))
	assert.True(t, slices.ContainsFunc(missing.deltas, func(d drift.Delta) bool {
		return d.Key.Subject == drift.Missing && d.Key.Name == "country" && d.Count == 1
	}))
}

// FuzzConsume: any OTLP is consumed without an error or a panic, and emitted.
func FuzzConsume(f *testing.F) {
	base := testBaseline()
	raw, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(newProducer(base, "p", 1).flush(time.Unix(1793577600, 0), 7, 0))
	require.NoError(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(raw)
		if err != nil {
			return
		}
		d := decode(md)
		e, err := drift.New(config(nil).options())
		require.NoError(t, err)
		e.SetCatalog(testCards(base).Snapshot())
		now := time.Unix(1793577600, 0)
		e.Add(now, d.deltas)
		e.Advance(now.Add(time.Hour))
		out := newEncoder("", 1)
		e.Scores(out.result)
		e.Totals(out.total)
	})
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
		got := decode(md)
		require.Len(t, got.deltas, 1, name)
		assert.Equal(t, []drift.Exemplar{{Value: 1, Time: 61e9, TraceID: [16]byte{1}, SpanID: [8]byte{2}}}, got.deltas[0].Exemplars, name)
	}
}

func BenchmarkConsume(b *testing.B) {
	base := testBaseline()
	c := between(b, settings(), config(nil), &testkit.MetricsSink{})
	c.State().engine.SetCatalog(testCards(base).Snapshot())
	c.State().catalog = testCards(base)
	p := newProducer(base, "p", 1)
	md := p.flush(time.Now().Truncate(time.Minute), 100, 0)
	md.ResourceMetrics().At(0).Resource().Attributes().Remove("ml.summary.producer")
	n := md.DataPointCount()
	b.ReportAllocs()
	for b.Loop() {
		_ = c.ConsumeMetrics(b.Context(), md)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/point")
}
