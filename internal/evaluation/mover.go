// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// Difference is the interval of b minus a, which are measured on different rows, by the method of
// variance estimates recovery (Zou and Donner, Statistics in Medicine 27, 2008): the distances of
// the bounds from the points are taken together as standard errors are,
//
//	lower = b − a − √((b−bₗ)² + (aᵤ−a)²),   upper = b − a + √((bᵤ−b)² + (a−aₗ)²)
//
// Of two rates it is Newcombe's method 10 (Statistics in Medicine 17, 1998, 873). N is the smaller
// one's.
func Difference(a, b Interval) Interval {
	d := b.Point - a.Point
	if math.IsNaN(d) {
		return undefined(math.Inf(-1), math.Inf(1), min(a.N, b.N))
	}
	return Interval{
		Point: d,
		Lower: d - math.Hypot(b.Point-b.Lower, a.Upper-a.Point),
		Upper: d + math.Hypot(b.Upper-b.Point, a.Point-a.Lower),
		N:     min(a.N, b.N),
	}
}

// together is the mean over classes of a share, with bounds as if the rows were others for each
// class, by the same method. A class without such rows counts as 0, as scikit-learn has it, with
// bounds that exclude nothing.
func together(classes []Counts, of func(Counts, float64) Interval, level float64) Interval {
	var out Interval
	var below, above float64
	for _, c := range classes {
		i := of(c, level)
		if !i.Defined() {
			i.Point = 0
		}
		out.Point += i.Point
		out.N += i.N
		below += (i.Point - i.Lower) * (i.Point - i.Lower)
		above += (i.Upper - i.Point) * (i.Upper - i.Point)
	}
	k := float64(len(classes))
	out.Point /= k
	out.Lower, out.Upper = out.Point-math.Sqrt(below)/k, out.Point+math.Sqrt(above)/k
	return out.from(0)
}
