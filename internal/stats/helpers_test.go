// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"slices"
)

// atomSample counts values into bins that hold one distinct value each.
func atomSample(values, distinct []float64, sd float64) Sample {
	var bounds []float64
	for _, v := range slices.Compact(slices.Sorted(slices.Values(distinct))) {
		bounds = append(bounds, math.Nextafter(v, math.Inf(-1)), v)
	}
	return binned(values, bounds, sd)
}

// binned counts values into the bins of an OTLP histogram with these bounds.
func binned(values, bounds []float64, sd float64) Sample {
	s := Sample{Counts: make([]float64, len(bounds)+1), Bounds: bounds, StdDev: sd}
	s.Min, s.Max = slices.Min(values), slices.Max(values)
	for _, v := range values {
		i, _ := slices.BinarySearch(bounds, v)
		s.Counts[i]++
	}
	return s
}

// homogeneityOf is homogeneity with the totals of the counts.
func homogeneityOf(ref, cur []float64) (statistic, p float64) {
	return homogeneity(ref, cur, 1, 1, total(ref), total(cur))
}

// cramersV is √(statistic / (n·(min(rows, columns)−1))), in [0, 1], of a contingency table with n
// samples: 0 for a table with one row or column. It is not corrected for bias.
func cramersV(statistic, n float64, rows, columns int) float64 {
	least := min(rows, columns) - 1
	if least < 1 || !(n > 0) {
		return 0
	}
	return math.Sqrt(min(statistic/(n*float64(least)), 1))
}

// sharesOf are counts by their total.
func sharesOf(counts []float64) []float64 {
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = c / total(counts)
	}
	return out
}
