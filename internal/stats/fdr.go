// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"cmp"
	"math"
	"slices"
)

// BenjaminiHochberg controls the false-discovery rate over a family of tests: of those it rejects,
// at most the share alpha is expected to be false alarms, for independent or positively dependent
// tests. adjusted[i] is the smallest alpha at which test i is rejected, min over j ≥ rank(i) of
// p_(j)·n/j; rejected[i] is adjusted[i] ≤ alpha. A NaN counts as p = 1. It allocates its results.
//
// Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995.
func BenjaminiHochberg(p []float64, alpha float64) (rejected []bool, adjusted []float64) {
	n := len(p)
	rejected, adjusted = make([]bool, n), make([]float64, n)
	order := make([]int, n)
	for i := range order {
		order[i] = i
		adjusted[i] = min(max(p[i], 0), 1)
		if math.IsNaN(p[i]) {
			adjusted[i] = 1
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(adjusted[a], adjusted[b]) })
	least := 1.0
	for rank := n; rank >= 1; rank-- {
		i := order[rank-1]
		least = min(least, adjusted[i]*float64(n)/float64(rank))
		adjusted[i] = least
		rejected[i] = least <= alpha
	}
	return rejected, adjusted
}
