// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sorted(values ...float64) []float64 {
	slices.Sort(values)
	return values
}

func TestNewBinsRefuses(t *testing.T) {
	for name, bounds := range map[string][]float64{
		"none":       {},
		"NaN":        {0, math.NaN()},
		"infinite":   {0, math.Inf(1)},
		"falling":    {1, 0},
		"repeated":   {1, 1},
		"over limit": make([]float64, MaxBounds+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewBins(bounds)
			assert.ErrorContains(t, err, "bounds")
		})
	}
}

func TestIndexIsTheUpperInclusiveBucket(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 260; n += 7 {
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.NormFloat64()
		}
		bounds := slices.Compact(sorted(values...))
		bins, err := NewBins(bounds)
		require.NoError(t, err)
		for _, v := range append(slices.Clone(bounds), -1e300, 1e300, rng.NormFloat64(), math.Inf(1), math.Inf(-1)) {
			assert.Equal(t, sort.SearchFloat64s(bounds, v), bins.Index(v), "n=%d v=%v", n, v)
		}
	}
}

func TestEqualMassBounds(t *testing.T) {
	below := func(v float64) float64 { return math.Nextafter(v, math.Inf(-1)) }
	for name, tt := range map[string]struct {
		sample []float64
		n      int
		want   []float64
	}{
		"empty":          {nil, 4, nil},
		"one value":      {[]float64{7, 7, 7}, 4, []float64{below(7), 7}},
		"quartiles":      {[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 4, []float64{1, 2, 4, 6, 8}},
		"heavy zero":     {[]float64{0, 0, 0, 0, 1, 2, 3, 4}, 4, []float64{below(0), 0, 2, 4}},
		"two values":     {[]float64{0, 0, 0, 1}, 2, []float64{below(0), 0, 1}},
		"fewer than n":   {[]float64{1, 2}, 4, []float64{below(1), 1, below(2), 2}},
		"heavy in a row": {[]float64{1, 1, 2, 2, 3, 3}, 6, []float64{below(1), 1, below(2), 2, below(3), 3}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, EqualMassBounds(tt.sample, tt.n))
		})
	}
}

// No bin but those of a single value holds more than 1/n of the rows strictly inside it.
func TestEqualMassBoundsHoldTheirMass(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, rows := range []int{1, 5, 239, 240, 241, 5832, 20000} {
		values := make([]float64, rows)
		for i := range values {
			values[i] = rng.NormFloat64()
			if i%3 == 0 {
				values[i] = math.Round(values[i]) // ties
			}
		}
		slices.Sort(values)
		bins, err := NewBins(EqualMassBounds(values, DefaultBins))
		require.NoError(t, err)
		bounds := bins.Bounds()
		assert.Equal(t, values[rows-1], bounds[len(bounds)-1])
		assert.GreaterOrEqual(t, values[0], bounds[0])
		counts := bins.Count(values)
		for i, c := range counts {
			if i > 0 && i < len(bounds) && bounds[i-1] == math.Nextafter(bounds[i], math.Inf(-1)) {
				continue // a value of its own
			}
			if i < len(bounds) { // rows at the bound itself are exact
				at := sort.SearchFloat64s(values, math.Nextafter(bounds[i], math.Inf(1))) - sort.SearchFloat64s(values, bounds[i])
				c -= uint64(at)
			}
			assert.LessOrEqual(t, float64(c), math.Ceil(float64(rows)/DefaultBins), "rows=%d bin=%d", rows, i)
		}
	}
}

func TestGroupByMass(t *testing.T) {
	for name, tt := range map[string]struct {
		bounds    []float64
		reference []uint64
		n         int
		want      []float64
	}{
		"pairs of bins":     {[]float64{0, 1, 2, 3, 4}, []uint64{1, 1, 1, 1, 1, 0}, 2, []float64{0, 2, 4}},
		"whole bins":        {[]float64{0, 1, 2, 3}, []uint64{0, 5, 5, 5, 0}, 3, []float64{0, 1, 2, 3}},
		"a constant":        {[]float64{0, 1}, []uint64{0, 9, 0}, 10, []float64{0, 1}},
		"two values":        {[]float64{0, 1, 2, 3}, []uint64{0, 95, 0, 5, 0}, 10, []float64{0, 1, 3}},
		"no reference":      {[]float64{0, 1}, []uint64{0, 0, 0}, 10, nil},
		"the tail is apart": {[]float64{0, 1}, []uint64{1, 1, 0}, 2, []float64{0, 1}},
		"one heavy bin":     {[]float64{0, 1, 2, 3}, []uint64{0, 0, 7, 0, 0}, 4, []float64{1, 2}},
		"a heavy first bin": {[]float64{0, 1, 2}, []uint64{9, 1, 1, 0}, 2, []float64{0, 2}},
		"one bin":           {nil, []uint64{3}, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := GroupByMass(tt.bounds, tt.reference, tt.n)
			assert.Equal(t, tt.want, g.Bounds())
			assert.LessOrEqual(t, g.Len(), tt.n+2)
			sums := Sum[uint64, float64](g, tt.reference, nil)
			assert.Len(t, sums, g.Len())
			if g.Len() > 1 {
				bins, err := NewBins(tt.bounds)
				require.NoError(t, err)
				groups, err := NewBins(g.Bounds())
				require.NoError(t, err)
				for _, v := range []float64{-1, 0, 0.5, 1, 1.5, 2, 3, 9} {
					assert.Equal(t, groups.Index(v), g.Of(bins.Index(v)), "a value is in the same group by bin and by bound: %v", v)
				}
			}
		})
	}
}

func TestGroupsOfEqualMass(t *testing.T) {
	values := make([]float64, 2400)
	for i := range values {
		values[i] = float64(i) * 1.5
	}
	bins, err := NewBins(EqualMassBounds(values, DefaultBins))
	require.NoError(t, err)
	counts := bins.Count(values)
	g := GroupByMass(bins.Bounds(), counts, DefaultGroups)
	sums := Sum[uint64, uint64](g, counts, nil)
	assert.Equal(t, []uint64{1, 239, 240, 240, 240, 240, 240, 240, 240, 240, 240, 0}, sums, "the smallest value, deciles, what is above the largest")
}

func BenchmarkIndex(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	values := make([]float64, 1<<16)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	bins, err := NewBins(EqualMassBounds(sorted(slices.Clone(values)...), DefaultBins))
	require.NoError(b, err)
	b.ReportAllocs()
	i, sink := 0, 0
	for b.Loop() {
		sink += bins.Index(values[i&(1<<16-1)])
		i++
	}
	_ = sink
}
