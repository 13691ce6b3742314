// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// counted counts values into bins as a baseline has them.
func counted(values, bounds []float64) *stats.Sample {
	s := &stats.Sample{Counts: make([]float64, len(bounds)+1), Bounds: bounds, Min: slices.Min(values), Max: slices.Max(values), StdDev: stat.PopStdDev(values, nil)}
	for _, v := range values {
		i, _ := slices.BinarySearch(bounds, v)
		s.Counts[i]++
	}
	return s
}

func drawn(seed uint64, n int, mean float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	return generated(n, func(int) float64 { return r.NormFloat64() + mean })
}

// Of bins of equal mass a tool's number is near that of the values, and the shares in its bins are
// off by no more than is said.
func TestBinsAgainstValues(t *testing.T) {
	ref, cur := drawn(1, 24_000, 0), drawn(2, 3000, 0.4)
	sorted := slices.Sorted(slices.Values(ref))
	var bounds []float64
	for k := range 240 {
		bounds = append(bounds, sorted[k*100])
	}
	a, b := counted(ref, bounds), counted(cur, bounds)
	checked := 0
	for _, name := range Names() {
		m, _ := Find(name)
		if !m.Binned() {
			continue
		}
		exact, err := m.Compare(Side{Values: ref}, Side{Values: cur})
		require.NoError(t, err)
		binned, err := m.Compare(Side{Bins: a}, Side{Bins: b})
		require.NoError(t, err)
		assert.Zero(t, exact.Uncertain, name)
		if math.IsInf(exact.Score, 0) || name == "psi@frouros" { // an empty bin is a matter of one row
			continue
		}
		assert.InDelta(t, exact.Score, binned.Score, 0.02+0.05*exact.Score, name)
		checked++
	}
	assert.Greater(t, checked, 15)
	for _, bins := range []func(options, numbers, numbers) ([]float64, []float64){evidentlyBins, nannymlBins, deciles} {
		o := options{"bins": 10.}
		p, q := bins(o, newRaw(ref), newRaw(cur))
		x, y := newBinned(a), newBinned(b)
		pb, qb := bins(o, x, y)
		if len(p) != len(pb) { // other edges: nothing to compare one by one
			continue
		}
		assert.LessOrEqual(t, stats.TotalVariationDistance(shares(p), shares(pb)), uncertain(x)+0.01)
		assert.LessOrEqual(t, stats.TotalVariationDistance(shares(q), shares(qb)), uncertain(y)+0.01)
	}
	o := options{"bins": 10.}
	x, y := newBinned(a), newBinned(b)
	edges := both(x, y, int(o.number("bins")))
	px, qx := inBins(x, y, edges)
	p, q := inBins(newRaw(ref), newRaw(cur), edges)
	assert.Positive(t, uncertain(x))
	assert.LessOrEqual(t, stats.TotalVariationDistance(shares(p), shares(px)), uncertain(x)+1e-12, "of the same edges")
	assert.LessOrEqual(t, stats.TotalVariationDistance(shares(q), shares(qx)), uncertain(y)+1e-12)
}
