// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func ref(r *rand.Rand) *Ref {
	out := &Ref{Trace: pcommon.TraceID{1}}
	for i := range out.Span {
		out.Span[i] = byte(r.Uint32())
	}
	return out
}

// Each category has the span that had it first in its minute, and each has its turn where they are
// more than there is room for.
func TestExamples(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	f := &Features{}
	f.Grow(1)
	one, two := ref(r), ref(r)
	f.AddCategory(0, 3, 5, Weight{Rows: 1}, one)
	f.AddCategory(0, 4, 5, Weight{Rows: 1}, two)
	f.AddCategory(0, 3, 5, Weight{Rows: 7}, two)
	assert.Equal(t, one, f.Examples[0].Of(3))
	assert.Equal(t, two, f.Examples[0].Of(4))
	assert.Nil(t, f.Examples[0].Of(5))
	f.AddCategory(0, 5, 5, Weight{Rows: 1}, &Ref{})
	assert.Nil(t, f.Examples[0].Of(5), "a span without a trace is none to look at")

	const ids, minutes = 200, 2000
	had := make([]int, ids)
	for range minutes {
		var p Prediction
		for id := range uint32(ids) {
			p.AddClass(id, ids, Weight{Rows: 1}, ref(r))
		}
		require.Len(t, p.ClassExamples.list, maxExamples)
		for _, x := range p.ClassExamples.list {
			had[x.id]++
		}
	}
	for id, n := range had { // expected are 160
		assert.InDelta(t, minutes*maxExamples/ids, n, 60, "id %d", id)
	}

	sums := &FeaturesSum{}
	sums.add(f)
	other := &Features{}
	other.Grow(1)
	three := ref(r)
	other.AddCategory(0, 3, 5, Weight{Rows: 1}, three)
	other.AddCategory(0, 0, 5, Weight{Rows: 1}, three)
	other.AddMissing(7, Weight{Rows: 1}, three)
	sums.add(other)
	assert.Equal(t, one, sums.Examples[0].Of(3))
	assert.Equal(t, three, sums.Examples[0].Of(0))
	assert.Equal(t, three, sums.MissingExamples.Of(7))
}

// Any shows values of the middle, which are neither the smallest nor the largest.
func TestAnyOfAHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	middle := 0
	for range 200 {
		h := &Histogram{}
		sum := &HistogramSum{}
		for range 50 {
			v := r.NormFloat64()
			x := ref(r)
			x.Time = pcommon.Timestamp(v * 1e6)
			h.AddExp(v, Weight{Rows: 1}, x, true)
		}
		sum.add(h)
		require.Equal(t, pcommon.Timestamp(sum.Extremes.Value*1e6), sum.Extremes.Any.Time, "the span has the value")
		if v := sum.Extremes.Value; v > -0.5 && v < 0.5 {
			middle++
		}
	}
	assert.InDelta(t, 200*0.38, middle, 25)
}
