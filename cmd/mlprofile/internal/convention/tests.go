// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// welch is Welch's t-test, studentT Student's with a pooled variance, both two-sided
// (scipy.stats.ttest_ind); the statistic is of reference less current.
func welch(ref, cur []float64) Result {
	a, va := stat.MeanVariance(ref, nil)
	b, vb := stat.MeanVariance(cur, nil)
	n, m := float64(len(ref)), float64(len(cur))
	va, vb = va/n, vb/m
	return tTest((a-b)/math.Sqrt(va+vb), (va+vb)*(va+vb)/(va*va/(n-1)+vb*vb/(m-1)))
}

func studentT(ref, cur []float64) Result {
	a, va := stat.MeanVariance(ref, nil)
	b, vb := stat.MeanVariance(cur, nil)
	n, m := float64(len(ref)), float64(len(cur))
	pooled := ((n-1)*va + (m-1)*vb) / (n + m - 2)
	return tTest((a-b)/math.Sqrt(pooled*(1/n+1/m)), n+m-2)
}

func tTest(t, dof float64) Result {
	return test(t, mathext.RegIncBeta(dof/2, 0.5, dof/(dof+t*t)))
}

// ranks walks over the distinct values of both sorted sides: how many are equal on each, and the
// number of all that are less.
func ranks(ref, cur []float64, visit func(a, b, before float64)) {
	for i, j := 0, 0; i < len(ref) || j < len(cur); {
		v := math.Inf(1)
		if i < len(ref) {
			v = ref[i]
		}
		if j < len(cur) {
			v = min(v, cur[j])
		}
		before := float64(i + j)
		var a, b float64
		for ; i < len(ref) && ref[i] <= v; i++ {
			a++
		}
		for ; j < len(cur) && cur[j] <= v; j++ {
			b++
		}
		visit(a, b, before)
	}
}

// mannWhitney is scipy.stats.mannwhitneyu with the normal approximation, correction for ties and
// continuity; U is the reference's.
func mannWhitney(ref, cur []float64) (u, less, twoSided float64) {
	n, m := float64(len(ref)), float64(len(cur))
	var rank, ties float64
	ranks(ref, cur, func(a, b, before float64) {
		t := a + b
		rank += a * (before + (t+1)/2)
		ties += t*t*t - t
	})
	u = rank - n*(n+1)/2
	sd := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	sf := func(u float64) float64 { return math.Erfc((u-n*m/2-0.5)/sd/math.Sqrt2) / 2 }
	return u, sf(n*m - u), min(2*sf(max(u, n*m-u)), 1)
}

// cles is the share of pairs in which the current value is larger, half of those that are equal.
func cles(ref, cur []float64) Result {
	u, _, _ := mannWhitney(ref, cur)
	return distance(1 - u/float64(len(ref))/float64(len(cur)))
}

func meanRatio(ref, cur []float64) Result {
	a, b := stat.Mean(ref, nil), stat.Mean(cur, nil)
	if a == 0 || b == 0 {
		return distance(math.NaN())
	}
	return distance(b / a)
}

func cohenD(ref, cur []float64) Result {
	a, va := stat.MeanVariance(ref, nil)
	b, vb := stat.MeanVariance(cur, nil)
	n, m := float64(len(ref)), float64(len(cur))
	return distance(math.Abs(a-b) / math.Sqrt(((n-1)*va+(m-1)*vb)/(n+m-2)))
}

// energy is scipy.stats.energy_distance: √(2·∫(F−G)²).
func energy(ref, cur []float64) Result {
	n, m := float64(len(ref)), float64(len(cur))
	var v, last float64
	i, j := 0, 0
	for i < len(ref) || j < len(cur) {
		at := math.Inf(1)
		if i < len(ref) {
			at = ref[i]
		}
		if j < len(cur) {
			at = min(at, cur[j])
		}
		if i+j > 0 {
			d := float64(i)/n - float64(j)/m
			v += d * d * (at - last)
		}
		last = at
		for i < len(ref) && ref[i] <= at {
			i++
		}
		for j < len(cur) && cur[j] <= at {
			j++
		}
	}
	return distance(math.Sqrt(2 * v))
}

// fisher is the two-sided exact test of a 2×2 table.
func fisher(ref, cur []float64) Result {
	if len(ref) < 2 {
		return test(math.NaN(), 1)
	}
	row, column, n := ref[0]+ref[1], ref[0]+cur[0], sum(ref)+sum(cur)
	log := func(x float64) float64 {
		choose := func(n, k float64) float64 {
			a, _ := math.Lgamma(n + 1)
			b, _ := math.Lgamma(k + 1)
			c, _ := math.Lgamma(n - k + 1)
			return a - b - c
		}
		return choose(row, x) + choose(n-row, column-x) - choose(n, column)
	}
	seen := log(ref[0])
	var p float64
	for x := max(0, row+column-n); x <= min(row, column); x++ {
		if l := log(x); l <= seen+1e-7 {
			p += math.Exp(l)
		}
	}
	return test(ref[0]*cur[1]/(ref[1]*cur[0]), min(p, 1))
}

// zTest is the pooled test of two shares, two-sided, of the first category (Evidently).
func zTest(ref, cur []float64) Result {
	n, m := sum(ref), sum(cur)
	p, q := ref[0]/n, cur[0]/m
	pooled := (ref[0] + cur[0]) / (n + m)
	if pooled == 0 || pooled == 1 {
		return test(0, 1)
	}
	z := (p - q) / math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	return test(z, math.Erfc(math.Abs(z)/math.Sqrt2))
}

func goodness(ref, cur []float64) Result {
	statistic, _, p := stats.Chi2GoodnessOfFit(ref, cur)
	return test(statistic, p)
}

// gTest is the likelihood ratio 2·Σ O·ln(O/E) with the reference's counts, not scaled (Evidently).
func gTest(ref, cur []float64) Result {
	var g float64
	for i := range ref {
		if cur[i] > 0 {
			g += 2 * cur[i] * math.Log(cur[i]/ref[i])
		}
	}
	return test(g, distuv.ChiSquared{K: float64(len(ref) - 1)}.Survival(g))
}

// contingency is scipy.stats.chi2_contingency: Yates' correction for two categories.
func contingency(ref, cur []float64) Result {
	statistic, dof, p := stats.Chi2Homogeneity(ref, cur)
	if dof != 1 {
		return test(statistic, p)
	}
	n, m := sum(ref), sum(cur)
	statistic = 0
	for i := range ref {
		for _, c := range [][2]float64{{ref[i], n}, {cur[i], m}} {
			e := (ref[i] + cur[i]) / (n + m) * c[1]
			d := math.Abs(c[0] - e)
			d -= min(d, 0.5)
			statistic += d * d / e
		}
	}
	return test(statistic, distuv.ChiSquared{K: 1}.Survival(statistic))
}

// sodaChi2 adds one to all expected and observed counts.
func sodaChi2(ref, cur []float64) Result {
	scale := sum(cur) / sum(ref)
	e, o := make([]float64, len(ref)), make([]float64, len(ref))
	for i := range ref {
		e[i], o[i] = ref[i]*scale+1, cur[i]+1
	}
	return goodness(e, o)
}

// mmd is the unbiased square of the maximum mean discrepancy with the kernel exp(−d²/(2·0.5²)); it
// takes time for all pairs (Gretton et al., JMLR 13, 2012; Frouros).
func mmd(ref, cur []float64) float64 {
	pairs := func(x, y []float64) float64 {
		var v float64
		for _, a := range x {
			for _, b := range y {
				v += math.Exp(-2 * (a - b) * (a - b))
			}
		}
		return v
	}
	n, m := float64(len(ref)), float64(len(cur))
	return (pairs(ref, ref)-n)/(n*(n-1)) + (pairs(cur, cur)-m)/(m*(m-1)) - 2*pairs(ref, cur)/(n*m)
}
