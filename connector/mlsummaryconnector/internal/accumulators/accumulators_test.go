// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func model(t *testing.T) *series.Model {
	t.Helper()
	m, ok := series.NewRegistry(series.Limits{Models: 1, Features: 10}, series.Watched{}).Model(series.Key{Name: "m"})
	require.True(t, ok)
	return m
}

// A accumulator that could overflow gives way to another one for the same key, and both are
// flushed.
func TestFullCellsAreKept(t *testing.T) {
	budget := NewBudget(100)
	table := NewTable(budget, true)
	key := Key{Model: model(t), Minute: 1}
	p, f := table.Prediction(key), table.Features(key)
	assert.Same(t, p, table.Prediction(key))
	assert.Same(t, f, table.Features(key))
	p.AddClass(1, 1, Weight{Rows: math.MaxUint32}, &Ref{})
	p.Rows, f.Rows = math.MaxUint32, math.MaxUint32
	again := table.Prediction(key)
	assert.NotSame(t, p, again)
	assert.NotSame(t, f, table.Features(key))
	again.AddClass(1, 1, Weight{Rows: 5}, &Ref{})
	again.Rows = 5

	sums := NewSums()
	sums.Add(table.Take(true), false)
	assert.Equal(t, uint64(math.MaxUint32)+5, sums.Predictions[key].Rows)
	assert.Equal(t, []uint64{0, uint64(math.MaxUint32) + 5}, sums.Predictions[key].Classes)
	assert.Zero(t, budget.Live())
}

// Folding never adds up what would not fit.
func TestFoldOfNearlyFullCells(t *testing.T) {
	table := NewTable(NewBudget(100), false)
	m := model(t)
	for minute := range int64(3) {
		p := table.Prediction(Key{Model: m, Minute: minute})
		p.Rows = maxRows
		p.AddClass(1, 1, Weight{Rows: maxRows}, &Ref{})
	}
	assert.Equal(t, 1, table.Fold())
	assert.Equal(t, 1, table.Fold())
	assert.Zero(t, table.Fold(), "one minute is left")
	sums := NewSums()
	sums.Add(table.Take(true), false)
	n := uint64(0)
	for _, p := range sums.Predictions {
		n += p.Classes[1]
	}
	assert.Equal(t, uint64(3*maxRows), n)
}

// Exponential histograms of shards add up at the resolution that the union of their values allows.
func TestExponentialSums(t *testing.T) {
	var all Histogram
	var sum HistogramSum
	ref := &Ref{}
	for _, values := range [][]float64{{0, 0}, {1.5, 1.6}, {}, {0}, {-3, 1.4}} {
		var part Histogram
		for _, v := range values {
			part.AddExp(v, Weight{Rows: 2}, ref, true)
			all.AddExp(v, Weight{Rows: 2}, ref, true)
		}
		sum.add(&part)
	}
	assert.Equal(t, all.N, sum.N)
	assert.InDelta(t, all.Sum, sum.Sum, 1e-12)
	assert.Equal(t, -3.0, sum.Min)
	assert.Equal(t, 1.6, sum.Max)
	assert.Equal(t, all.Exp.Scale(), sum.Exp.Scale())
	assert.Equal(t, uint64(6), sum.Exp.ZeroCount())
	assert.Equal(t, all.Exp.Positive().Offset(), sum.Exp.Positive().Offset())
	assert.Equal(t, all.Exp.Positive().Len(), sum.Exp.Positive().Len())
	assert.Equal(t, uint64(2), sum.Exp.Negative().At(0))
}

func TestExtremes(t *testing.T) {
	var a, b Histogram
	ref := func(id byte) *Ref { return &Ref{Trace: [16]byte{id}} }
	a.AddLazy(3, 0, 1, Weight{Rows: 1}, ref(1), true)
	a.AddLazy(3, 1, 5, Weight{Rows: 1}, ref(2), true)
	a.AddLazy(3, 1, 5, Weight{Rows: 1}, ref(3), true)
	b.AddLazy(3, 2, 9, Weight{Rows: 1}, ref(4), true)
	var sum HistogramSum
	sum.add(&a)
	sum.add(&b)
	assert.Equal(t, Extremes{Low: *ref(1), High: *ref(4), Any: *ref(2), Value: 5}, *sum.Extremes)
	assert.Equal(t, []uint64{1, 2, 1}, sum.Counts)

	s := NewSums()
	s.Predictions[Key{}] = &PredictionSum{Value: sum}
	s.ForgetExtremes()
	v := &s.Predictions[Key{}].Value
	v.add(&a)
	assert.Equal(t, Extremes{Low: *ref(1), High: *ref(2), Any: *ref(2), Value: 5}, *v.Extremes, "of what came after")
	assert.Equal(t, 5.0, v.Highest)
	assert.Equal(t, 9.0, v.Max)
}
