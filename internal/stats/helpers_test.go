// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats_test

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// atomSample counts values into bins that hold one distinct value each.
func atomSample(values, distinct []float64, sd float64) stats.Sample {
	var bounds []float64
	for _, v := range slices.Compact(slices.Sorted(slices.Values(distinct))) {
		bounds = append(bounds, math.Nextafter(v, math.Inf(-1)), v)
	}
	return binned(values, bounds, sd)
}

// binned counts values into the bins of an OTLP histogram with these bounds.
func binned(values, bounds []float64, sd float64) stats.Sample {
	s := stats.Sample{Counts: make([]float64, len(bounds)+1), Bounds: bounds, StdDev: sd}
	s.Min, s.Max = slices.Min(values), slices.Max(values)
	for _, v := range values {
		i, _ := slices.BinarySearch(bounds, v)
		s.Counts[i]++
	}
	return s
}
