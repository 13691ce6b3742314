// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// The Hellinger distance is bounded and needs no filling; tools differ in the groups.
var hellingerMethods = map[string]definition{
	"hellinger@plain": grouped(nil, hellinger),
	// Evidently, stattests/hellinger_distance.py: of numbers, Sturges' bins of the distinct values.
	"hellinger@evidently": grouped(evidentlyDistinctBins, hellinger).ruled(atLeastTenth),
	"hellinger@nannyml":   grouped(nannymlBins, hellinger).ruled(above(0.1)),
	"hellinger@frouros":   grouped(equalBins, hellinger).with(map[string]any{"bins": 10.}),
	// whylogs, viz/drift/column_drift_algorithms.py.
	"hellinger@whylogs": grouped(whylogsBins, hellinger).with(map[string]any{
		"max_hist_buckets": 30., "hist_avg_number_per_bucket": 4., "min_n_buckets": 2.,
	}).ruled(rule{limit: 0.4, at: true, words: whylogsDistance}),
}

func hellinger(_ options, p, q []float64) float64 { return stats.HellingerDistance(p, q) }

// evidentlyDistinctBins are Sturges' for the number of distinct values of both sides.
func evidentlyDistinctBins(_ options, ref, cur numbers) (a, b []float64) {
	a, _ = distinct(ref, cur)
	low, high := union(ref, cur)
	return inBins(ref, cur, sturges(low, high, float64(len(a))))
}

// whylogsBins have equal widths over both sides, four values each, and end just above the largest
// value. Its sketches are the values themselves up to some hundred rows.
func whylogsBins(o options, ref, cur numbers) (a, b []float64) {
	low, high := union(ref, cur)
	high += math.Abs(high) * 1e-7
	n := math.Ceil((ref.size() + cur.size()) / o.number("hist_avg_number_per_bucket"))
	n = max(min(n, o.number("max_hist_buckets")), o.number("min_n_buckets"))
	if !(high > low) { // all values are 0
		return []float64{ref.size()}, []float64{cur.size()}
	}
	return inBins(ref, cur, equalWidth(low, high, int(n)))
}

// whylogsDistance and whylogsPValue are whylogs' categories of drift.
func whylogsDistance(score float64) string {
	switch {
	case score >= 0.4:
		return "DRIFT"
	case score >= 0.15:
		return "POSSIBLE_DRIFT"
	}
	return "NO_DRIFT"
}

func whylogsPValue(p float64) string {
	switch {
	case p < 0.05:
		return "DRIFT"
	case p < 0.15:
		return "POSSIBLE_DRIFT"
	}
	return "NO_DRIFT"
}
