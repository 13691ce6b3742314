// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Kolmogorov-Smirnov: tools differ in whether they show the distance or the p-value, and in bins.
var ksMethods = map[string]definition{
	"ks@scipy":     {grouped: func(_ options, ref, cur numbers) Result { return statistic(ksTest(ref, cur)) }},
	"ks@frouros":   {grouped: func(_ options, ref, cur numbers) Result { return statistic(ksTest(ref, cur)) }},
	"ks@evidently": {grouped: func(_ options, ref, cur numbers) Result { return test(ksTest(ref, cur)) }, rule: atMost(0.05)},
	"ks@soda":      {grouped: func(_ options, ref, cur numbers) Result { return test(ksTest(ref, cur)) }, rule: below(0.05)},
	// Its level is for one column: with more, --correction bonferroni.
	"ks@alibi_detect": {grouped: func(_ options, ref, cur numbers) Result { return test(ksTest(ref, cur)) }, rule: below(0.05)},
	"ks@nannyml": {grouped: nannymlKS, parameters: map[string]any{
		"calculation_method": choice{"auto", "exact", "estimated"}, "n_bins": 10000.,
	}, rule: rule{limit: 0.05, below: true, byP: true}},
	"ks@whylogs": {values: whylogsKS, rule: rule{limit: 0.05, words: whylogsPValue, below: true}},
}

// ksTest is scipy.stats.ks_2samp. Of bins the distance is that between their bounds, and p that of
// the limit for large samples.
func ksTest(ref, cur numbers) (d, p float64) {
	a, isRaw := ref.(raw)
	b, too := cur.(raw)
	if isRaw && too {
		return stats.KSTwoSample(a, b)
	}
	for _, s := range []numbers{ref, cur} {
		for _, x := range pointsOf(s) {
			d = max(d, math.Abs(ref.upTo(x)/ref.size()-cur.upTo(x)/cur.size()))
		}
	}
	return d, ksSF(d, ref.size(), cur.size())
}

// ksSF is scipy.stats.kstwo.sf for two samples.
func ksSF(d, n, m float64) float64 {
	return stats.KSTwoSF(d, int(math.RoundToEven(n*m/(n+m))))
}

// nannymlKS counts references of 10,000 values or more into n_bins of equal width. The distance is
// what it shows and p what it decides by.
func nannymlKS(o options, ref, cur numbers) Result {
	how := o.word("calculation_method")
	if how == "exact" || how == "auto" && ref.size() < 10_000 {
		return statistic(ksTest(ref, cur))
	}
	low, high := ref.ends()
	edges := equalWidth(low, high, max(int(o.number("n_bins")), 1))
	var d float64
	for i, edge := range edges[1:] {
		a, b := ref.below(edge), cur.below(edge)
		if i == len(edges)-2 {
			a, b = ref.upTo(edge), cur.upTo(edge)
		}
		d = max(d, math.Abs(a/ref.size()-b/cur.size()))
	}
	return statistic(d, ksSF(d, ref.size(), cur.size()))
}

// whylogsKS looks at 100 quantiles of either side only.
func whylogsKS(_ options, ref, cur []float64) Result {
	below := func(v []float64, x float64) float64 {
		i, _ := slices.BinarySearch(v, x)
		return float64(i) / float64(len(v))
	}
	var d float64
	for _, side := range [][]float64{ref, cur} {
		for i := range 100 {
			at := min(int(float64(i)/99*float64(len(side))), len(side)-1)
			d = max(d, math.Abs(below(ref, side[at])-below(cur, side[at])))
		}
	}
	return test(d, ksSF(d, float64(len(ref)), float64(len(cur))))
}
