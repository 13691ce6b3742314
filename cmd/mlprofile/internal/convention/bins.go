// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Bins as numpy and the tools make them; values are sorted.

// equalWidth are the n+1 edges of bins of equal width over the range of the values.
func equalWidth(low, high float64, n int) []float64 {
	if low == high {
		low, high = low-0.5, high+0.5
	}
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = low + float64(i)*((high-low)/float64(n))
	}
	edges[n] = high
	return edges
}

// both are the edges of n bins of equal width over the range of both sides.
func both(ref, cur []float64, n int) []float64 {
	return equalWidth(min(ref[0], cur[0]), max(ref[len(ref)-1], cur[len(cur)-1]), n)
}

// sturges is numpy's bins="sturges": range / (log2(n) + 1).
func sturges(sorted []float64) []float64 {
	low, high := sorted[0], sorted[len(sorted)-1]
	if low == high {
		return equalWidth(low, high, 1)
	}
	width := (high - low) / (math.Log2(float64(len(sorted))) + 1)
	return equalWidth(low, high, int(math.Ceil((high-low)/width)))
}

// doane is numpy's bins="doane", Sturges with a term for the skewness.
func doane(sorted []float64) []float64 {
	low, high, n := sorted[0], sorted[len(sorted)-1], float64(len(sorted))
	mean, sd := stat.PopMeanStdDev(sorted, nil)
	if n <= 2 || !(sd > 0) {
		return equalWidth(low, high, 1)
	}
	var skew float64
	for _, v := range sorted {
		z := (v - mean) / sd
		skew += z * z * z / n
	}
	width := (high - low) / (1 + math.Log2(n) + math.Log2(1+math.Abs(skew)/math.Sqrt(6*(n-2)/((n+1)*(n+3)))))
	return equalWidth(low, high, int(math.Ceil((high-low)/width)))
}

// histogram counts into [edge, edge), the last bin closed; what is outside is the second result.
func histogram(values, edges []float64) (counts []float64, outside float64) {
	counts = make([]float64, len(edges)-1)
	for _, v := range values {
		i, found := slices.BinarySearch(edges, v)
		switch {
		case found && i < len(edges)-1:
			counts[i]++
		case i == 0 || i == len(edges):
			outside++
		default:
			counts[i-1]++
		}
	}
	return counts, outside
}

// inBins are the counts of both sides in bins over the range of both.
func inBins(ref, cur, edges []float64) (a, b []float64) {
	a, _ = histogram(ref, edges)
	b, _ = histogram(cur, edges)
	return a, b
}

// overflow are the counts of both sides in the reference's bins; what the current side has
// outside of them is one more (NannyML).
func overflow(ref, cur, edges []float64) (a, b []float64) {
	a, _ = histogram(ref, edges)
	b, outside := histogram(cur, edges)
	if outside > 0 {
		a, b = append(a, 0), append(b, outside)
	}
	return a, b
}

// evidentlyBins are Evidently's: Sturges over both sides where the reference has more than 20
// distinct values, else the distinct values of both.
func evidentlyBins(ref, cur []float64) (a, b []float64) {
	if len(slices.Compact(slices.Clone(ref))) > 20 {
		all := slices.Concat(ref, cur)
		slices.Sort(all)
		return inBins(ref, cur, sturges(all))
	}
	return distinct(ref, cur)
}

// distinct counts each value of either side.
func distinct(ref, cur []float64) (a, b []float64) {
	all := slices.Concat(ref, cur)
	slices.Sort(all)
	all = slices.Compact(all)
	count := func(values []float64) []float64 {
		out := make([]float64, len(all))
		for _, v := range values {
			i, _ := slices.BinarySearch(all, v)
			out[i]++
		}
		return out
	}
	return count(ref), count(cur)
}
