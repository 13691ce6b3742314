// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWeigh(t *testing.T) {
	for _, c := range []struct {
		rows, adjusted uint32
		want           Weight
		fits           bool
	}{
		{1, 1, Weight{Rows: 1}, true},
		{1 << 20, 1, Weight{Rows: 1 << 20}, true},
		{1, 20, Weight{Rows: 20, Excess: 380}, true},
		{3, 20, Weight{Rows: 60, Excess: 3 * 380}, true},
		{1 << 14, 1 << 16, Weight{Rows: 1 << 30, Excess: 1 << 14 * (1<<32 - 1<<16)}, true},
		{1 << 20, 1 << 16, Weight{Rows: 1 << 30, Excess: 1 << 20 * (1<<20 - 1<<10)}, false},
	} {
		w, fits := Weigh(c.rows, c.adjusted)
		assert.Equal(t, c.want, w)
		assert.Equal(t, c.fits, fits)
	}
}

// Counts and excess add up in the same way: when minutes are folded, and when shards are.
func TestExcessAddsUp(t *testing.T) {
	table := NewTable(NewBudget(100), true)
	m := model(t)
	for minute := range int64(3) {
		w, _ := Weigh(2, uint32(1+minute))
		p, f := table.Prediction(Key{Model: m, Minute: minute}), table.Features(Key{Model: m, Minute: minute})
		p.AddClass(uint32(minute), 3, w, &Ref{})
		p.Confidence.AddExp(0.5, w, &Ref{}, true)
		f.Grow(1)
		f.AddCategory(0, uint32(minute), 3, w, &Ref{})
		f.AddMissing(int(minute), w, &Ref{})
		p.Rows, p.Excess = uint64(w.Rows), w.Excess
	}
	folded := table.Fold()
	assert.Positive(t, folded)
	sums := NewSums()
	sums.Add(table.Take(true), true)
	p, f := sums.Predictions[Key{Model: m}], sums.Features[Key{Model: m}]
	// Two rows each of 1, 2 and 3: their squares are 2, 8 and 18.
	assert.Equal(t, uint64(2+4+6), p.Rows)
	assert.Equal(t, uint64(4+12), p.Excess)
	assert.Equal(t, []uint64{0, 4, 12}, p.ClassExcess)
	assert.Equal(t, []uint64{0, 4, 12}, f.CategoryExcess[0])
	assert.Equal(t, []uint64{0, 4, 12}, f.MissingExcess)
	assert.Equal(t, uint64(12), p.Confidence.N)
	assert.Equal(t, uint64(16), p.Confidence.Excess)
	rows, excess := f.MissingOf(2)
	assert.Equal(t, [2]uint64{6, 12}, [2]uint64{rows, excess})
}
