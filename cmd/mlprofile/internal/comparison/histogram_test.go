// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// drawn is the picture of a reference's numbers and of current ones.
func drawn(before, now []float64) *histogram {
	c := newCounter(profile.NewNumeric("x", before, 0, 240), drift.Feature, nil)
	for _, v := range now {
		c.addNumber(v, &place{})
	}
	return newPicture(c).histogram
}

func total(shares []float64) (sum float64) {
	for _, s := range shares {
		sum += s
	}
	return sum
}

// Whatever the numbers are, shares add up to 1, are not negative, and all ticks are on the axis.
func TestHistograms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	of := func(draw func() float64) []float64 {
		out := make([]float64, 2000)
		for i := range out {
			out[i] = draw()
		}
		return out
	}
	normal, lognormal := of(r.NormFloat64), of(func() float64 { return math.Exp(4 * r.NormFloat64()) })
	whole := of(func() float64 { return float64(r.IntN(12)) })
	for name, c := range map[string]struct {
		before, now []float64
		cells       int
		log         bool
	}{
		"normal":        {before: normal, now: normal, cells: maxCells},
		"far away":      {before: normal, now: of(func() float64 { return 1000 + r.NormFloat64() }), cells: maxCells},
		"other unit":    {before: lognormal, now: of(func() float64 { return 1e6 * math.Exp(r.NormFloat64()) }), cells: maxCells, log: true},
		"skewed":        {before: lognormal, now: lognormal, cells: maxCells, log: true},
		"whole":         {before: whole, now: whole, cells: 12},
		"one value":     {before: []float64{5, 5, 5}, now: []float64{5, 5}, cells: 1},
		"another value": {before: []float64{5.5, 5.5}, now: []float64{7.25}, cells: maxCells},
		"huge":          {before: []float64{-1e308, 0, 1e308}, now: []float64{-1e308, 1e308}, cells: maxCells},
		"no current":    {before: normal, cells: maxCells},
	} {
		t.Run(name, func(t *testing.T) {
			h := drawn(c.before, c.now)
			require.NotNil(t, h)
			assert.Len(t, h.before, c.cells)
			assert.Equal(t, c.log, h.log)
			assert.InDelta(t, 1, total(h.before), 1e-6)
			if c.now != nil {
				assert.InDelta(t, 1, total(h.now), 1e-6)
			}
			for i, share := range h.before {
				assert.GreaterOrEqual(t, share, 0.0)
				if c.now != nil {
					assert.GreaterOrEqual(t, h.now[i], 0.0)
				}
			}
			for _, v := range h.ticks() {
				assert.GreaterOrEqual(t, h.place(v), -1e-9)
				assert.LessOrEqual(t, h.place(v), 1+1e-9)
			}
			p := newPlot(h)
			assert.NotContains(t, p.Before+p.Now, "NaN")
			assert.NotEmpty(t, p.Says)
		})
	}
	h := drawn(normal, normal)
	for i := range h.before {
		assert.InDelta(t, h.before[i], h.now[i], 1e-9, "equal samples have equal pictures")
	}
	assert.Nil(t, drawn(nil, normal))
}

func TestPairs(t *testing.T) {
	c := newCounter(profile.NewCategorical("c", map[string]uint64{"a": 60, "b": 40}, 0, 200), drift.Feature, nil)
	for _, name := range []string{"a", "a", "b", "new"} {
		c.tally.addCategory(name)
	}
	p := newPicture(c)
	assert.Equal(t, []pair{{name: "a", before: 0.6, now: 0.5}, {name: "b", before: 0.4, now: 0.25}, {name: "new", now: 0.25}}, p.categories)
	for range maxUnlisted + 5 {
		c.tally.addCategory(string(rune(0x4e00 + len(c.categories))))
	}
	assert.Len(t, c.categories, maxUnlisted+2)
	assert.EqualValues(t, 6, c.others)
	last := newPicture(c).categories
	assert.True(t, last[len(last)-1].rest)
}
