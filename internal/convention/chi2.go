// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Pearson's chi²: tools differ in whether the reference is a sample (contingency) or exact (goodness
// of fit), in a correction of two categories, and in what they make of an unseen category.
var chi2Methods = map[string]definition{
	"chi2@scipy":              {counts: contingency, rule: pValue},
	"chi2@nannyml":            {counts: contingency, rule: below(0.05)},
	"chi2@alibi_detect":       {counts: contingency, rule: below(0.05)},
	"chi2@evidently":          {counts: goodness, rule: below(0.05)},
	"chi2@great_expectations": {counts: goodness, rule: below(0.05)},
	"chi2@soda":               {counts: sodaChi2, rule: below(0.05)},
	"chi2@whylogs":            {counts: whylogsChi2, rule: rule{limit: 0.05, words: whylogsPValue, below: true}},
}

// goodness is scipy.stats.chisquare with the reference's counts scaled to the current total.
func goodness(_ options, ref, cur []float64) Result {
	statistic, _, p := stats.Chi2GoodnessOfFit(ref, cur)
	return test(statistic, p)
}

// contingency is scipy.stats.chi2_contingency: Yates' correction for two categories.
func contingency(_ options, ref, cur []float64) Result {
	statistic, dof, p := stats.Chi2Homogeneity(ref, cur)
	if dof != 1 {
		return test(statistic, p)
	}
	statistic = 0
	cells(ref, cur, func(observed, expected float64) {
		d := yates(observed, expected) - expected
		statistic += d * d / expected
	})
	return test(statistic, chi2SF(statistic, 1))
}

// cells walks over the cells of the table that have a column.
func cells(ref, cur []float64, visit func(observed, expected float64)) {
	n, m := sum(ref), sum(cur)
	for i := range ref {
		if k := ref[i] + cur[i]; k > 0 {
			visit(ref[i], k*n/(n+m))
			visit(cur[i], k*m/(n+m))
		}
	}
}

// yates moves a count by at most a half toward what is expected.
func yates(observed, expected float64) float64 {
	d := expected - observed
	return observed + math.Copysign(min(math.Abs(d), 0.5), d)
}

func chi2SF(x, dof float64) float64 {
	if dof < 1 {
		return 1
	}
	return distuv.ChiSquared{K: dof}.Survival(x)
}

// sodaChi2 adds one to all expected and observed counts.
func sodaChi2(o options, ref, cur []float64) Result {
	scale := sum(cur) / sum(ref)
	e, k := make([]float64, len(ref)), make([]float64, len(ref))
	for i := range ref {
		e[i], k[i] = ref[i]*scale+1, cur[i]+1
	}
	return goodness(o, e, k)
}

// whylogsChi2 rounds expected counts down; one of 0 makes the statistic infinite. The degrees of
// freedom are those of the current side alone.
func whylogsChi2(_ options, ref, cur []float64) Result {
	n, m := sum(ref), sum(cur)
	var statistic, seen float64
	for i := range ref {
		expected := math.Trunc(ref[i] / n * m)
		if cur[i] > 0 {
			seen++
		}
		if expected == 0 {
			statistic = math.Inf(1)
			continue
		}
		statistic += (cur[i] - expected) * (cur[i] - expected) / expected
	}
	if math.IsInf(statistic, 1) {
		return test(statistic, 0)
	}
	return test(statistic, chi2SF(statistic, max(seen-1, 1)))
}
