// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// The earth mover's distance: tools differ in what it is divided by.
var wassersteinMethods = map[string]definition{
	"wasserstein@frouros": earthMover(func(_, _ numbers) float64 { return 1 }),
	// NannyML compares with reference chunks: without any its limit is 1.
	"wasserstein@nannyml": earthMover(func(_, _ numbers) float64 { return 1 }).ruled(above(1)),
	// Evidently, stattests/wasserstein_distance_norm.py.
	"wasserstein@evidently": earthMover(func(ref, _ numbers) float64 {
		_, sd, _ := ref.moments()
		return max(sd, 0.001)
	}).ruled(atLeastTenth),
	// Soda divides by the standard deviation of both sides together, of categories by that of the counts.
	"wasserstein@soda": {values: sodaWasserstein, counts: func(o options, a, b []float64) Result {
		return sodaWasserstein(o, slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	}},
	// Deepchecks scales both sides to the range 0 to 1, less the margins.
	"emd@deepchecks": {values: scaledEarthMover, parameters: map[string]any{"margin_quantile_filter": 0.025}},
}

// earthMover is the distance by a scale.
func earthMover(scale func(ref, cur numbers) float64) definition {
	return definition{grouped: func(_ options, ref, cur numbers) Result {
		return distance(earth(ref, cur) / scale(ref, cur))
	}}
}

func earth(ref, cur numbers) float64 {
	a, isRaw := ref.(raw)
	b, too := cur.(raw)
	if isRaw && too {
		return stats.WassersteinSamples(a, b)
	}
	var edges []float64
	for _, s := range []numbers{ref, cur} {
		edges = append(edges, pointsOf(s)...)
	}
	slices.Sort(edges)
	var area, last, before float64
	for i, x := range slices.Compact(edges) {
		// Between two points the difference of the shares is straight.
		left := ref.below(x)/ref.size() - cur.below(x)/cur.size()
		if i > 0 {
			area += meanAbsolute(before, left) * (x - last)
		}
		before, last = ref.upTo(x)/ref.size()-cur.upTo(x)/cur.size(), x
	}
	return area
}

// pointsOf are the points between which a sample's cumulative share is straight.
func pointsOf(s numbers) []float64 {
	if b, ok := s.(*binned); ok {
		return b.edges
	}
	var out []float64
	for v := range s.distinct() {
		out = append(out, v)
	}
	return out
}

// meanAbsolute is the mean of the absolute value of a straight line from a to b.
func meanAbsolute(a, b float64) float64 {
	if a*b >= 0 {
		return math.Abs(a+b) / 2
	}
	return (a*a + b*b) / math.Abs(a-b) / 2
}

func sodaWasserstein(_ options, ref, cur []float64) Result {
	return distance(stats.WassersteinSamples(ref, cur) / stat.PopStdDev(slices.Concat(ref, cur), nil))
}

func scaledEarthMover(o options, ref, cur []float64) Result {
	margin := o.number("margin_quantile_filter")
	within := func(v raw) raw {
		low, high := v.quantile(margin), v.quantile(1-margin)
		return slices.DeleteFunc(slices.Clone(v), func(x float64) bool { return x < low || x > high })
	}
	a, b := within(ref), within(cur)
	low, high := union(a, b)
	if low == high {
		return distance(0)
	}
	return distance(stats.WassersteinSamples(a, b) / (high - low))
}
