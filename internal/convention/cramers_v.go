// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Cramér's V of the table of both sides.
var cramersVMethods = map[string]definition{
	// scipy.stats.contingency.association(method="cramer").
	"cramers_v": categories(func(_ options, ref, cur []float64) float64 {
		statistic, dof, _ := stats.Chi2Homogeneity(ref, cur)
		if dof < 1 {
			return 0
		}
		return math.Sqrt(statistic / (sum(ref) + sum(cur)))
	}),
	// Less its bias: Bergsma, Journal of the Korean Statistical Society 42, 2013.
	"cramers_v@bergsma": categories(func(_ options, ref, cur []float64) float64 { return correctedV(ref, cur) }),
	// Deepchecks scales the larger sample down to the smaller one.
	"cramers_v@deepchecks": categories(deepchecksV).with(map[string]any{"balance_classes": false}),
}

func deepchecksV(o options, ref, cur []float64) float64 {
	n, m := sum(ref), sum(cur)
	least := min(n, m)
	a, b := make([]float64, len(ref)), make([]float64, len(ref))
	for i := range ref {
		a[i], b[i] = math.Round(ref[i]/n*least), math.Round(cur[i]/m*least)
	}
	if o.flag("balance_classes") {
		balance(a, b)
	}
	return correctedV(a, b)
}

// balance gives the reference's categories equal weight, with the current side's weighted alike and
// scaled to the same total; one is added to each count, so that a category which the reference
// lacks has a finite weight.
func balance(ref, cur []float64) {
	total := sum(ref) + float64(len(ref))
	mean := total / float64(len(ref))
	for i := range ref {
		ref[i], cur[i] = mean, (cur[i]+1)*(mean/(ref[i]+1))
	}
	scale := total / sum(cur)
	for i := range cur {
		cur[i] *= scale
	}
}

func correctedV(ref, cur []float64) float64 {
	var chi2 float64
	columns := 0.0
	cells(ref, cur, func(observed, expected float64) {
		columns += 0.5
		chi2 += (observed - expected) * (observed - expected) / expected
	})
	total := sum(ref) + sum(cur)
	if columns < 2 {
		return 0
	}
	phi := max(0, chi2/total-(columns-1)/(total-1))
	rows := 2 - 1/(total-1)
	columns -= (columns - 1) * (columns - 1) / (total - 1)
	return math.Sqrt(phi / min(columns-1, rows-1))
}
