// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// methods by name. A name without a tool is the textbook's statistic, as scipy has it;
// one @plain fills nothing and takes nothing off.
var methods = map[string]method{
	"psi@plain":            ofCategories(func(a, b []float64) float64 { return stats.PopulationStability(shares(a), shares(b)) }),
	"jensen_shannon@plain": ofCategories(func(a, b []float64) float64 { return math.Sqrt(stats.JensenShannonDivergence(shares(a), shares(b))) }),
	"kl@plain":             ofCategories(func(a, b []float64) float64 { return stats.KullbackLeibler(shares(a), shares(b)) }),
	"hellinger@plain":      ofCategories(func(a, b []float64) float64 { return stats.HellingerDistance(shares(a), shares(b)) }),

	"psi@evidently": grouped(evidentlyBins, func(p, q []float64) float64 { return stats.PopulationStability(evidentlyZeros(p), evidentlyZeros(q)) }),
	"psi@soda":      grouped(tenBins, func(p, q []float64) float64 { return stats.PopulationStability(zeros(p, 1e-5), zeros(q, 1e-5)) }),
	"psi@frouros": grouped(tenBins, func(p, q []float64) float64 {
		return stats.PopulationStability(zeros(p, 0x1p-1022), zeros(q, 0x1p-1022))
	}),
	"psi@scouter": ofCategories(func(a, b []float64) float64 {
		return stats.PopulationStability(plus(shares(a), 1e-10), plus(shares(b), 1e-10))
	}),
	"psi@deepchecks": ofCategories(func(a, b []float64) float64 {
		return stats.PopulationStability(atLeast(shares(a), 0.01), atLeast(shares(b), 0.01))
	}),

	"js@evidently": grouped(evidentlyBins, func(p, q []float64) float64 { return math.Sqrt(jsNats(p, q)) }),
	"js@nannyml":   grouped(doaneBins, func(p, q []float64) float64 { return math.Sqrt(stats.JensenShannonDivergence(p, q)) }),
	"jsd@tfdv":     ofCategories(func(a, b []float64) float64 { return stats.JensenShannonDivergence(shares(a), shares(b)) }),

	"kl@evidently": grouped(evidentlyBins, func(p, q []float64) float64 {
		return stats.KullbackLeibler(shares(evidentlyZeros(p)), shares(evidentlyZeros(q)))
	}),
	"kl@great_expectations": ofCategories(func(a, b []float64) float64 { return stats.KullbackLeibler(shares(b), shares(a)) }),

	"hellinger@evidently": ofCategories(func(a, b []float64) float64 { return stats.HellingerDistance(shares(a), shares(b)) }),
	"hellinger@nannyml":   grouped(doaneBins, stats.HellingerDistance),
	"hellinger@frouros":   grouped(tenBins, stats.HellingerDistance),

	"bhattacharyya@frouros":          grouped(tenBins, bhattacharyya),
	"histogram_intersection@frouros": grouped(tenBins, totalVariation),

	"tvd@evidently":                       ofCategories(func(a, b []float64) float64 { return totalVariation(shares(a), shares(b)) }),
	"l_infinity@nannyml":                  ofCategories(func(a, b []float64) float64 { return lInfinity(shares(a), shares(b)) }),
	"l_infinity@tfdv":                     ofCategories(func(a, b []float64) float64 { return lInfinity(shares(a), shares(b)) }),
	"normalized_absolute_difference@tfdv": ofCategories(normalizedAbsolute),

	"wasserstein@frouros": ofNumbers(func(ref, cur []float64) Result { return distance(stats.WassersteinSamples(ref, cur)) }),
	"wasserstein@evidently": ofNumbers(func(ref, cur []float64) Result {
		return distance(stats.WassersteinSamples(ref, cur) / max(stat.PopStdDev(ref, nil), 0.001))
	}),
	"wasserstein@soda": ofNumbers(func(ref, cur []float64) Result {
		return distance(stats.WassersteinSamples(ref, cur) / stat.PopStdDev(slices.Concat(ref, cur), nil))
	}),

	"ks@scipy": ofNumbers(func(ref, cur []float64) Result { return statistic(stats.KSTwoSample(ref, cur)) }),

	"chi2@scipy":              tested(contingency),
	"chi2@nannyml":            tested(contingency),
	"chi2@evidently":          tested(goodness),
	"chi2@great_expectations": tested(goodness),
	"chi2@soda":               tested(sodaChi2),
	"g_test@evidently":        tested(gTest),
	"fisher":                  {kind: ofCounts, counts: fisher, most: 2},
	"z_test@evidently":        tested(zTest),

	"energy": ofNumbers(energy),
	"t_test": ofNumbers(studentT),
	"welch":  ofNumbers(welch),
	"mann_whitney": ofNumbers(func(ref, cur []float64) Result {
		u, _, p := mannWhitney(ref, cur)
		return test(u, p)
	}),
	"mann_whitney@evidently": ofNumbers(func(ref, cur []float64) Result {
		u, less, _ := mannWhitney(ref, cur)
		return test(u, less)
	}),
	"anderson_darling":     ofNumbers(andersonDarling),
	"cramer_von_mises":     ofNumbers(cramerVonMises),
	"cramers_v@deepchecks": ofCategories(correctedCramersV),
	"mmd@frouros":          ofNumbers(func(ref, cur []float64) Result { return distance(mmd(ref, cur)) }),
	"cles@kayenta":         ofNumbers(cles),
	"mean_ratio@kayenta":   ofNumbers(meanRatio),
	"cohen_d@kayenta":      ofNumbers(cohenD),
}

// ofNumbers compares the values, both sorted.
func ofNumbers(f func(ref, cur []float64) Result) method {
	return method{kind: ofValues, values: f}
}

// ofCategories is a distance of counts.
func ofCategories(f func(a, b []float64) float64) method {
	return method{kind: ofCounts, counts: func(a, b []float64) Result { return distance(f(a, b)) }}
}

func tested(f func(a, b []float64) Result) method { return method{kind: ofCounts, counts: f} }

// grouped is a distance of shares: of categories, and of numbers in the tool's bins.
func grouped(bins func(ref, cur []float64) (a, b []float64), f func(p, q []float64) float64) method {
	counts := func(a, b []float64) Result { return distance(f(shares(a), shares(b))) }
	return method{kind: ofBoth, counts: counts, values: func(ref, cur []float64) Result { return counts(bins(ref, cur)) }}
}

func tenBins(ref, cur []float64) (a, b []float64) { return inBins(ref, cur, both(ref, cur, 10)) }

func doaneBins(ref, cur []float64) (a, b []float64) { return overflow(ref, cur, doane(ref)) }
