// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import "slices"

// tails are the shares of a reference, in percent, at which GroupWithTails cuts beside the groups
// of equal mass.
var tails = []uint64{1, 5, 95, 99}

// GroupWithTails groups bins for what is emitted: the groups of GroupByMass, cut further at the
// reference's first, fifth, 95th and 99th percentile and at its smallest and largest value, so that
// P95 and P99 can be read from the histogram, and what lies outside of the reference can be told
// from its tails. These are n + 6 groups at most. Statistics are computed on the groups of
// GroupByMass, of which those are parts. len(reference) must be len(bounds)+1.
func GroupWithTails(bounds []float64, reference []uint64, n int) Grouping {
	g := GroupByMass(bounds, reference, n)
	if len(bounds) == 0 {
		return g
	}
	var total, sum uint64
	for _, c := range reference {
		total += c
	}
	cuts := append([]float64{bounds[0], bounds[len(bounds)-1]}, g.bounds...)
	next := 0
	for i, c := range reference[:len(bounds)] {
		sum += c
		for next < len(tails) && total > 0 && float64(sum)*100 >= float64(tails[next])*float64(total) {
			cuts = append(cuts, bounds[i])
			next++
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	out := Grouping{of: make([]uint16, len(reference)), bounds: cuts}
	group := 0
	for i := range reference {
		out.of[i] = uint16(group)
		if group < len(cuts) && i < len(bounds) && bounds[i] == cuts[group] {
			group++
		}
	}
	return out
}

// ConfidenceBounds are the bounds of an emitted histogram of confidences without a baseline.
var ConfidenceBounds = []float64{0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1}

// ValueBounds are the bounds of an emitted histogram of values of any unit without a baseline:
// powers of ten below zero, and 1, 2.5 and 5 times powers of ten above, where most measures lie.
var ValueBounds = []float64{
	-1e6, -1e5, -1e4, -1000, -100, -10, -1, -0.1, -0.01, 0,
	0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 1e4, 1e5, 1e6, 1e9,
}
