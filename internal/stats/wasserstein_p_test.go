// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shapes are distributions that numbers of features have.
var shapes = map[string]func(*rand.Rand) float64{
	"uniform":   (*rand.Rand).Float64,
	"normal":    (*rand.Rand).NormFloat64,
	"lognormal": func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) },
	"pareto":    func(r *rand.Rand) float64 { return math.Pow(r.Float64(), -1/1.1) },
	"zeros": func(r *rand.Rand) float64 {
		if r.Float64() < 0.9 {
			return 0
		}
		return math.Exp(r.NormFloat64())
	},
	"five": func(r *rand.Rand) float64 {
		u := r.Float64()
		i, _ := slices.BinarySearch([]float64{0.5, 0.7, 0.85, 0.95}, u)
		return float64(i)
	},
	"constant": func(r *rand.Rand) float64 {
		if r.Float64() < 0.995 {
			return 1
		}
		return 10 * r.NormFloat64()
	},
}

// equalMass are bounds as a baseline has them: each of n bins has as many values, and a value that
// fills a bin has one of its own.
func equalMass(sorted []float64, n int) []float64 {
	var bounds []float64
	for k := range n + 1 {
		v := sorted[max((k*len(sorted)+n-1)/n-1, 0)]
		first, _ := slices.BinarySearch(sorted, v)
		end, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
		if (end-first)*n > len(sorted) {
			bounds = append(bounds, math.Nextafter(v, math.Inf(-1)))
		}
		bounds = append(bounds, v)
	}
	slices.Sort(bounds)
	return slices.Compact(bounds)
}

func drawn(rng *rand.Rand, n int, draw func(*rand.Rand) float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = draw(rng)
	}
	return v
}

// Without a difference p ≤ 0.05 in at most 6 % of samples, and p ≤ 0.001 in at most 0.2 %; a fresh
// reference each time. PVALUE_REPS=20000 takes minutes and tells more.
func TestWassersteinPValueWithoutDifference(t *testing.T) {
	reps, sizes := 500, [][2]int{{300, 20}, {300, 2000}, {1000, 200}}
	if n, err := strconv.Atoi(os.Getenv("PVALUE_REPS")); err == nil {
		reps, sizes = n, [][2]int{{100, 20}, {300, 20}, {300, 2000}, {1000, 20}, {1000, 200}, {10000, 200}, {10000, 2000}, {1000, 50000}, {100000, 20}, {100000, 2000}, {100000, 50000}}
	}
	for name, draw := range shapes {
		for _, size := range sizes {
			rng := rand.New(rand.NewPCG(1, uint64(size[0])))
			reps := max(min(reps, 4_000_000_000/(size[0]+size[1])/1000), 500)
			var inBins, exact smallPs
			for range reps {
				ref, cur := drawn(rng, size[0], draw), drawn(rng, size[1], draw)
				slices.Sort(ref)
				bounds := equalMass(ref, 240)
				r, err := Compare(Wasserstein, binned(ref, bounds, 1), binned(cur, bounds, 1))
				require.NoError(t, err)
				inBins.add(r.PValue)
				_, p := WassersteinTest(ref, cur)
				exact.add(p)
			}
			inBins.check(t, name, fmt.Sprint(size, " in bins"))
			exact.check(t, name, fmt.Sprint(size, " exact"))
		}
	}
}

// smallPs counts p-values.
type smallPs struct{ n, often, rare float64 }

func (s *smallPs) add(p float64) {
	s.n++
	s.often += b2f(p <= 0.05)
	s.rare += b2f(p <= 0.001)
}

func (s *smallPs) check(t *testing.T, name, what string) {
	t.Helper()
	often, rare := s.often/s.n, s.rare/s.n
	t.Logf("%s %v: P(p ≤ .05) = %.4f, P(p ≤ .001) = %.5f of %v", name, what, often, rare, s.n)
	// Two standard errors of what was drawn are allowed for.
	assert.LessOrEqual(t, often, 0.06+2*math.Sqrt(0.06/s.n), "%s %v", name, what)
	assert.LessOrEqual(t, rare, 0.002+2*math.Sqrt(0.002/s.n), "%s %v", name, what)
	if name != "zeros" && name != "constant" {
		assert.Greater(t, often, 0.02, "%s %v: the test has no power", name, what)
	}
}

// A few rows far away, and a shift, are found without bins; the same values are not.
func TestWassersteinTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	ref, cur := drawn(rng, 2000, (*rand.Rand).NormFloat64), drawn(rng, 1000, (*rand.Rand).NormFloat64)
	_, p := WassersteinTest(ref, cur)
	assert.Greater(t, p, 0.05)
	far := slices.Clone(cur)
	for i := range 20 {
		far[i] = 20
	}
	_, p = WassersteinTest(ref, far)
	assert.Less(t, p, 1e-6)
	_, ks := KSTwoSample(ref, far)
	assert.Greater(t, ks, 0.01, "which KS does not see")
	for i := range cur {
		cur[i] += 0.3
	}
	statistic, p := WassersteinTest(ref, cur)
	assert.Less(t, p, 1e-6)
	_, back := WassersteinTest(cur, ref)
	assert.Less(t, back, 1e-6)
	assert.Positive(t, statistic)
	_, p = WassersteinTest(ref, ref)
	assert.Equal(t, 1.0, p)
	_, p = WassersteinTest([]float64{3, 3}, []float64{3})
	assert.Equal(t, 1.0, p)
	_, p = WassersteinTest(nil, ref)
	assert.True(t, math.IsNaN(p))
}

// Moments of the L1 norm of a Brownian bridge: √(2π)/8 and 7/60 − π/32 (Johnson and Killeen).
func TestBridgeOfUniform(t *testing.T) {
	const bins = 2000
	var b bridge
	for i := 1; i < bins; i++ {
		f := float64(i) / bins
		b.add(1./bins, f, f, 0.5)
	}
	assert.InEpsilon(t, math.Sqrt(2*math.Pi)/8, b.mean*math.Sqrt(2/math.Pi), 1e-3)
	assert.InEpsilon(t, 7./60-math.Pi/32, b.absolute*2/math.Pi, 2e-3)
	assert.InEpsilon(t, 1./12, b.variance, 1e-3)
	// Quantiles of 60,000 simulated bridges.
	for p, x := range map[float64]float64{0.1: 0.4991, 0.05: 0.5820, 0.01: 0.7528, 0.001: 0.9544} {
		assert.InEpsilon(t, p, b.sf(x), 0.15)
	}
}

// Rows far outside of the reference's range decide although the distance between the bounds is
// small: that of 40 rows in 2,000 at +20 sd is exact as soon as the sum is known.
func TestWassersteinOutsideOfTheRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	x, y := normals(rng, 10000, 0), normals(rng, 2000, 0)
	for i := range 40 {
		y[i] = 20
	}
	y[0] = 100 // the largest value, to which the mass would be spread
	slices.Sort(x)
	ref, cur := binned(x, equalMass(x, 240), 1), binned(y, equalMass(x, 240), 1)
	exact := WassersteinSamples(x, y)
	r, err := Compare(Wasserstein, ref, cur)
	require.NoError(t, err)
	assert.Greater(t, r.Score, 2*exact)
	assert.Less(t, r.PValue, 1e-20)
	for _, v := range y {
		cur.Sum += v
	}
	cur.HasSum = true
	r, err = Compare(Wasserstein, ref, cur)
	require.NoError(t, err)
	assert.InEpsilon(t, exact, r.Score, 0.02)

	few := binned(append(normals(rng, 1999, 0), 20), ref.Bounds, 1)
	r, err = Compare(Wasserstein, ref, few)
	require.NoError(t, err)
	assert.Greater(t, r.PValue, 0.05, "one row in 2,000 can be chance")
}

// Samples that depend on each other say less.
func TestWassersteinEffective(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	x := normals(rng, 5000, 0)
	slices.Sort(x)
	bounds := equalMass(x, 240)
	ref, cur := binned(x, bounds, 1), binned(normals(rng, 2000, 0.15), bounds, 1)
	r, err := Compare(Wasserstein, ref, cur)
	require.NoError(t, err)
	assert.Less(t, r.PValue, 1e-6)
	ref.EffectiveN, cur.EffectiveN = 250, 100
	r, err = Compare(Wasserstein, ref, cur)
	require.NoError(t, err)
	assert.Greater(t, r.PValue, 0.05)
}

// A small spread around a large number is a spread, and counts above 2^32 are counts.
func TestWassersteinNumbers(t *testing.T) {
	for _, c := range []struct{ at, sd float64 }{{1e15, 1}, {1e9, 1e-4}, {0, 1e-300}, {0, 1e300}} {
		rng := rand.New(rand.NewPCG(3, 3))
		place := func(shift float64) []float64 {
			v := normals(rng, 4000, shift)
			for i := range v {
				v[i] = c.at + c.sd*v[i]
			}
			return v
		}
		x, y := place(0), place(1)
		slices.Sort(x)
		bounds := equalMass(x, 240)
		r, err := Compare(Wasserstein, binned(x, bounds, c.sd), binned(y, bounds, 0))
		require.NoError(t, err)
		assert.InEpsilon(t, WassersteinSamples(x, y)/c.sd, r.Score, 0.05, "%v", c)
		assert.Less(t, r.PValue, 1e-9)
	}
	side := func(a, b float64) Sample {
		return Sample{Counts: []float64{0, a, b, 0}, Bounds: []float64{0, 1, 2}, Min: 0, Max: 2, StdDev: math.Inf(1)}
	}
	r, err := Compare(Wasserstein, side(1<<40, 1<<40), side(1<<40, 1<<41))
	require.NoError(t, err)
	assert.InDelta(t, 1./6/2, r.Score, 1e-12, "an infinite standard deviation is none: the range stands in")
	assert.Less(t, r.PValue, 1e-300)
}
