// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quantile is Prometheus' histogram_quantile.
func quantile(q float64, bounds []float64, counts []uint64) float64 {
	var total, sum uint64
	for _, c := range counts {
		total += c
	}
	for i, c := range counts {
		if rank := q * float64(total); float64(sum+c) >= rank && c > 0 {
			switch {
			case i == len(bounds):
				return bounds[i-1]
			case i == 0:
				return bounds[0]
			}
			return bounds[i-1] + (bounds[i]-bounds[i-1])*(rank-float64(sum))/float64(c)
		}
		sum += c
	}
	return math.NaN()
}

// With groups of equal mass, every quantile above the last decile is the last decile.
func TestTailsAnswerP95AndP99(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, 20_000)
	for i := range values {
		values[i] = math.Exp(rng.NormFloat64())
	}
	slices.Sort(values)
	bins, err := NewBins(EqualMassBounds(values, DefaultBins))
	require.NoError(t, err)
	reference := bins.Count(values)
	g := GroupWithTails(bins.Bounds(), reference, DefaultGroups)
	assert.LessOrEqual(t, g.Len(), DefaultGroups+6)
	assert.Subset(t, g.Bounds(), GroupByMass(bins.Bounds(), reference, DefaultGroups).Bounds())
	counts := Sum(g, reference, []uint64(nil))
	for _, q := range []float64{0.01, 0.05, 0.5, 0.95, 0.99} {
		want := values[int(q*float64(len(values)))]
		assert.InEpsilon(t, want, quantile(q, g.Bounds(), counts), 0.1, "P%v", 100*q)
	}
	deciles := GroupByMass(bins.Bounds(), reference, DefaultGroups)
	assert.Greater(t, quantile(0.99, deciles.Bounds(), Sum(deciles, reference, []uint64(nil))), 1.5*values[19_800], "deciles alone answer it, too")
}

func TestGroupWithTailsOfAnyReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		bounds := make([]float64, rng.IntN(12))
		for i := range bounds {
			bounds[i] = float64(i)
		}
		reference := make([]uint64, len(bounds)+1)
		for i := range reference {
			reference[i] = rng.Uint64N(4) * rng.Uint64N(4)
		}
		g := GroupWithTails(bounds, reference, 1+rng.IntN(10))
		for i := range reference {
			want := 0
			for want < len(g.Bounds()) && (i == len(bounds) || bounds[i] > g.Bounds()[want]) {
				want++
			}
			require.Equal(t, want, g.Of(i), "bin %d of %v in %v", i, bounds, g.Bounds())
		}
	}
}

func TestBoundsWithoutABaselineAreBins(t *testing.T) {
	for _, bounds := range [][]float64{ConfidenceBounds, ValueBounds} {
		_, err := NewBins(bounds)
		assert.NoError(t, err)
	}
}
