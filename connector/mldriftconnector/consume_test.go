// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func attrs(key, value string) attribute.Set { return attribute.NewSet(attribute.String(key, value)) }

func TestDecode(t *testing.T) {
	minute := time.Date(2026, 11, 22, 10, 17, 0, 0, time.UTC)
	p := newProducer(testBaseline(), "p", 1)
	md := p.flush(minute, 7, 0)
	before := pmetric.NewMetrics()
	md.CopyTo(before)
	d := otlp.Decode(t.Context(), md)
	assert.Equal(t, before, md, "the request is changed")
	assert.Zero(t, d.Unreadable+d.Overflow)
	seen := map[drift.Subject]int{}
	for i, x := range d.Deltas {
		seen[x.Key.Subject]++
		assert.Equal(t, minute.Unix(), x.Minute)
		assert.Equal(t, "p", x.Producer)
		assert.EqualValues(t, 1, x.Sequence)
		assert.EqualValues(t, len(d.Deltas), x.Points)
		assert.EqualValues(t, i, x.Ordinal)
		assert.Equal(t, "fraud", x.Key.Model)
	}
	require.Equal(t, 1, seen[drift.Predictions])
	require.Equal(t, 1, seen[delta.Duration])
	require.Equal(t, 1, seen[drift.Class])
	require.Equal(t, 0, seen[drift.Missing])
	require.GreaterOrEqual(t, seen[drift.Feature], 2)

	p.sequence = 49
	missing := otlp.Decode(t.Context(), p.flush(minute, 7, 0))
	assert.True(t, slices.ContainsFunc(missing.Deltas, func(d drift.Delta) bool {
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
		d := otlp.Decode(t.Context(), md)
		e, err := drift.New(config(nil).options())
		require.NoError(t, err)
		e.SetCatalog(testCards(base).Snapshot())
		now := time.Unix(1793577600, 0)
		e.Add(now, d.Deltas)
		e.Advance(now.Add(time.Hour))
		out := newEncoder("", 1)
		e.Scores(out.result)
		e.Totals(out.total)
	})
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
