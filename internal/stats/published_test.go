// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Two groups that can be done by hand: shares ½, ½ against ¾, ¼.
func TestByHand(t *testing.T) {
	ref, cur := []float64{50, 50}, []float64{75, 25}
	p, q := []float64{0.5, 0.5}, []float64{0.75, 0.25}
	assert.InDelta(t, math.Log(3)/4, PopulationStability(p, q), 1e-15)
	assert.InDelta(t, math.Log(4./3)/2, KullbackLeibler(p, q), 1e-15)
	assert.InDelta(t, 3*math.Log(3)/4-math.Log(2), KullbackLeibler(q, p), 1e-15)
	assert.InDelta(t, math.Sqrt(1-(math.Sqrt(3)+1)/math.Sqrt(8)), HellingerDistance(p, q), 1e-15)
	// H(5/8, 3/8) − ½·H(½, ½) − ½·H(¾, ¼), in bits.
	h := func(p float64) float64 { return -p*math.Log2(p) - (1-p)*math.Log2(1-p) }
	assert.InDelta(t, h(5./8)-h(0.5)/2-h(0.75)/2, JensenShannonDivergence(p, q), 1e-15)
	assert.Equal(t, 0.25, LInfinityDistance(p, q))
	assert.Equal(t, 0.25, TotalVariationDistance(p, q))
	assert.Equal(t, 0.25, ksBins(ref, cur))

	// n(ad−bc)²/(row and column totals) = 200·2500²/(125·75·100·100).
	statistic, dof, pValue := Chi2Homogeneity(ref, cur)
	assert.InDelta(t, 40./3, statistic, 1e-13)
	assert.Equal(t, 1, dof)
	assert.InDelta(t, math.Erfc(math.Sqrt(20./3)), pValue, 1e-15)
	assert.InDelta(t, math.Sqrt(1./15), cramersV(statistic, 200, 2, 2), 1e-15)
	assert.InDelta(t, 1./15, sumOf(divergenceCramer.term, p, q), 1e-15)

	// Half a count added: shares (50.5, 50.5)/101 and (75.5, 25.5)/101; of two samples of 100 of one
	// distribution, 1/50·(100/101) is expected.
	r, err := Compare(PSI, Sample{Counts: ref}, Sample{Counts: cur})
	assert.NoError(t, err)
	assert.InDelta(t, 25./101*math.Log(75.5/25.5)-0.02, r.Score, 6e-4)
	assert.Equal(t, r.Score, r.Effect)
	assert.InDelta(t, 40./3, r.Statistic, 1e-13)
}

func TestEmptyGroups(t *testing.T) {
	ref, cur := []float64{10, 0, 0}, []float64{0, 10, 0}
	p, q := []float64{1, 0, 0}, []float64{0, 1, 0}
	assert.Equal(t, math.Inf(1), PopulationStability(p, q))
	assert.Equal(t, math.Inf(1), KullbackLeibler(p, q))
	assert.Equal(t, 1.0, JensenShannonDivergence(p, q))
	assert.Equal(t, 1.0, HellingerDistance(p, q))
	assert.Equal(t, 1.0, TotalVariationDistance(p, q))
	assert.Equal(t, 1.0, sumOf(divergenceCramer.term, p, q))
	// With half a count in each group, less what is expected of 2×10 rows.
	r, err := Compare(PSI, Sample{Counts: ref}, Sample{Counts: cur})
	assert.NoError(t, err)
	assert.InDelta(t, 2*(10./11.5)*math.Log(21), r.Score, 0.5)
	assert.Less(t, r.Score, 2*(10./11.5)*math.Log(21))
	statistic, dof, pValue := Chi2GoodnessOfFit(ref, cur)
	assert.Equal(t, []any{math.Inf(1), 1, 0.0}, []any{statistic, dof, pValue})
}

// Numbers that scipy publishes in its documentation and test suite.
func TestScipy(t *testing.T) {
	// scipy.stats.chisquare
	statistic, dof, p := Chi2GoodnessOfFit([]float64{1, 1, 1, 1, 1, 1}, []float64{16, 18, 16, 14, 12, 12})
	assert.InDelta(t, 2.0, statistic, 1e-13)
	assert.Equal(t, 5, dof)
	assert.InDelta(t, 0.84914503608460956, p, 1e-14)
	statistic, _, p = Chi2GoodnessOfFit([]float64{16, 16, 16, 16, 16, 8}, []float64{16, 18, 16, 14, 12, 12})
	assert.InDelta(t, 3.5, statistic, 1e-13)
	assert.InDelta(t, 0.62338762774958223, p, 1e-14)
	// scipy.stats.chi2_contingency
	statistic, dof, p = Chi2Homogeneity([]float64{10, 10, 20}, []float64{20, 20, 20})
	assert.InDelta(t, 2.7777777777777777, statistic, 1e-14)
	assert.Equal(t, 2, dof)
	assert.InDelta(t, 0.24935220877729619, p, 1e-14)
	// scipy.stats.wasserstein_distance
	assert.Equal(t, 5.0, WassersteinSamples([]float64{0, 1, 3}, []float64{5, 6, 8}))
	assert.Equal(t, 0.25, WassersteinSamples([]float64{0, 0, 0, 1}, []float64{0, 0, 1, 1}))
	// scipy.special.kolmogorov
	for z, want := range map[float64]float64{0: 1, 0.5: 0.96394524, 1: 0.26999967} {
		assert.InDelta(t, want, kolmogorovSF(z), 5e-9)
	}
	assert.InDelta(t, 1.2e-5, kolmogorovSF(math.Sqrt(math.Log(2/1.2e-5)/2)), 1e-15)

	// scipy.stats.ks_2samp: tests/test_stats.py, class TestKSTwoSamples
	line := func(from, to float64, n int, shift float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = from + float64(i)*(to-from)/float64(n-1) + shift
		}
		return v
	}
	x100, x110 := line(1, 100, 100, 0), line(1, 100, 110, 0)
	for _, c := range []struct {
		x, y []float64
		d, p float64
	}{
		{[]float64{0}, []float64{1}, 1, 1},
		{[]float64{1, 2}, []float64{1, 2, 3}, 1. / 3, 1},
		{x100, line(1, 100, 100, 2.1), 3. / 100, 0.9999999999962055},
		{x100, line(1, 100, 100, 1.9), 2. / 100, 1},
		{x100, line(1, 100, 110, 20.1), 232. / 1100, 0.015739183865607353},
		{x110, x110, 0, 1},
	} {
		d, p := KSTwoSample(c.x, c.y)
		assert.InDelta(t, c.d, d, 1e-14)
		assert.InDelta(t, c.p, p, 1e-12)
		d, p2 := KSTwoSample(c.y, c.x)
		assert.InDelta(t, c.d, d, 1e-14)
		assert.InDelta(t, p, p2, 1e-14)
	}
}

func TestBenjaminiHochberg(t *testing.T) {
	// The example of Benjamini and Hochberg 1995: at 5 %, four of fifteen are rejected.
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000}
	rejected, adjusted := BenjaminiHochberg(p, 0.05)
	for i := range p {
		assert.Equal(t, i < 4, rejected[i], i)
	}
	assert.InDelta(t, 0.0095*15/4, adjusted[3], 1e-15)
	assert.InDelta(t, 0.0201*15/5, adjusted[4], 1e-15)
	assert.InDelta(t, 0.0298*15/7, adjusted[5], 1e-15) // below 0.0278·15/6

	// Any order; NaN is no evidence; ties; the bound itself is rejected.
	rejected, adjusted = BenjaminiHochberg([]float64{math.NaN(), 0.04, 0.01, 0.03, 0.01}, 0.05)
	assert.Equal(t, []bool{false, true, true, true, true}, rejected)
	assert.InDeltaSlice(t, []float64{1, 0.05, 0.025, 0.05, 0.025}, adjusted, 1e-15)

	rejected, adjusted = BenjaminiHochberg(nil, 0.05)
	assert.Empty(t, rejected)
	assert.Empty(t, adjusted)
}
