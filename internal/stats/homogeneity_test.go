// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/stat/combin"
)

// Thin columns beside all the rest: chi²'s distribution says p ≤ 0.001 more often than in 0.1 % of the draws.
func TestTailOfThinColumns(t *testing.T) {
	const draws, rows, reference = 60_000, 200, 5000
	r := rand.New(rand.NewPCG(5, 6))
	draw := func(n int) []float64 {
		counts := make([]float64, 9)
		for range n {
			counts[min(int(r.Float64()/0.0375), 8)]++
		}
		return counts
	}
	small, plain := 0, 0
	var ref []float64
	for i := range draws {
		if i%20 == 0 {
			ref = draw(reference)
		}
		x, p := homogeneity(ref, draw(rows), 1, 1, reference, rows)
		if p <= 0.001 {
			small++
		}
		if chi2SF(x, 8) <= 0.001 {
			plain++
		}
	}
	assert.InDelta(t, 0.001*draws, small, 3*math.Sqrt(0.001*draws))
	assert.Greater(t, plain, 4*small/3)
}

// The moments are those of all tables with the same totals.
func TestMomentsOfTables(t *testing.T) {
	const nCur, nRef = 30, 200
	var m moments
	totals := []float64{20, 35, 175}
	for _, k := range totals {
		m.add(k)
	}
	s := newSides(nRef, nCur)
	// All tables, by the probability of each: a product of binomial coefficients.
	var weight, mean, variance, third float64
	choose := func(n, k float64) float64 { return math.Exp(combin.LogGeneralizedBinomial(n, k) - 0.3*n) }
	each := func(yield func(w, x float64)) {
		for a := 0.0; a <= totals[0]; a++ {
			for b := 0.0; b <= totals[1] && a+b <= nCur; b++ {
				x := 0.0
				for i, cur := range []float64{a, b, nCur - a - b} {
					x += column{totals[i] - cur, cur}.chi2(s)
				}
				yield(choose(totals[0], a)*choose(totals[1], b)*choose(totals[2], nCur-a-b), x)
			}
		}
	}
	each(func(w, x float64) { weight, mean = weight+w, mean+w*x })
	mean /= weight
	each(func(w, x float64) {
		d := x - mean
		variance, third = variance+w*d*d/weight, third+w*d*d*d/weight
	})
	gotMean, gotVariance, gotThird := m.cumulants(s)
	assert.InEpsilon(t, mean, gotMean, 1e-9)
	assert.InEpsilon(t, variance, gotVariance, 1e-9)
	assert.InEpsilon(t, third, gotThird, 0.15, "that of binomial counts")
}
