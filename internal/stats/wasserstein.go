// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// WassersteinBins is the 1-Wasserstein (earth mover's) distance of two samples counted into the same bins, in the
// units of the bounds: ∫|F_ref−F_cur|, with each side's mass spread evenly inside a bin (exactly integrated where
// the two cross). The first bin of a side starts at its Min, the last ends at its Max; a Min above the
// first bound, a Max below the last, or one that is not finite counts as that bound, so that the mass sits on
// it. The result is exact when every distinct value has a bin (Nextafter(v, −∞), v] of its own.
//
// Both samples need Bounds (the reference's are used), strictly increasing and finite, and a positive total. Distances beyond the largest
// float64 are cut to it.
func WassersteinBins(ref, cur Sample) float64 {
	bounds := ref.Bounds
	last := len(bounds) - 1
	if last < 0 {
		// One bin: all that is known is its ends.
		return oneBin(ref, cur)
	}
	nRef, nCur := total(ref.Counts), total(cur.Counts)
	var area integral

	// The first bin. The side that starts lower rises alone until the other starts.
	r, c := ref.Counts[0]/nRef, cur.Counts[0]/nCur
	fromRef, fromCur := startOf(ref, bounds[0]), startOf(cur, bounds[0])
	area.edge(r, c, width(fromRef, bounds[0]), width(fromCur, bounds[0]))

	rSum, cSum := ref.Counts[0], cur.Counts[0]
	before := r - c
	for i := 1; i <= last; i++ {
		rSum += ref.Counts[i]
		cSum += cur.Counts[i]
		after := rSum/nRef - cSum/nCur
		area.add(before, after, width(bounds[i-1], bounds[i]))
		before = after
	}

	// The last bin is the first one's mirror image: above v lies 1−F(v).
	r, c = ref.Counts[last+1]/nRef, cur.Counts[last+1]/nCur
	area.edge(r, c, width(bounds[last], endOf(ref, bounds[last])), width(bounds[last], endOf(cur, bounds[last])))
	return min(float64(area), math.MaxFloat64)
}

// oneBin compares two uniform distributions; without finite ends nothing is known.
func oneBin(ref, cur Sample) float64 {
	a, b, c, d := ref.Min, ref.Max, cur.Min, cur.Max
	for _, v := range [...]float64{a, b, c, d} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0
		}
	}
	// ∫₀¹|Q_ref−Q_cur|: the quantile functions are straight lines.
	var area integral
	area.add(a/2-c/2, b/2-d/2, 2)
	return min(float64(area), math.MaxFloat64)
}

// startOf is where the first bin of a side starts: at the bound when it is empty or its minimum is no use.
func startOf(s Sample, bound float64) float64 {
	if s.Counts[0] > 0 && s.Min < bound && !math.IsInf(s.Min, 0) {
		return s.Min
	}
	return bound
}

// endOf is where the last bin of a side ends.
func endOf(s Sample, bound float64) float64 {
	if s.Counts[len(s.Counts)-1] > 0 && s.Max > bound && !math.IsInf(s.Max, 0) {
		return s.Max
	}
	return bound
}

// wassersteinRange is the interval outside of which both samples have nothing.
func wassersteinRange(ref, cur Sample) (low, high float64) {
	if len(ref.Bounds) == 0 {
		return min(ref.Min, cur.Min), max(ref.Max, cur.Max)
	}
	first, last := 0, len(ref.Counts)-1
	for ref.Counts[first] == 0 && cur.Counts[first] == 0 {
		first++
	}
	for ref.Counts[last] == 0 && cur.Counts[last] == 0 {
		last--
	}
	if first > 0 {
		low = ref.Bounds[first-1]
	} else {
		low = min(startOf(ref, ref.Bounds[0]), startOf(cur, ref.Bounds[0]))
	}
	if end := len(ref.Bounds) - 1; last <= end {
		high = ref.Bounds[last]
	} else {
		high = max(endOf(ref, ref.Bounds[end]), endOf(cur, ref.Bounds[end]))
	}
	return low, high
}

// width of an interval, cut to the largest float64.
func width(from, to float64) float64 { return min(to-from, math.MaxFloat64) }

// integral adds up |f| of a function that is piecewise linear.
type integral float64

// add a piece from value a to value b over a width.
func (s *integral) add(a, b, width float64) {
	if width == 0 {
		return
	}
	a, b, sign := math.Abs(a), math.Abs(b), a*b
	mean := (a + b) / 2
	if sign < 0 {
		// It crosses zero: two triangles.
		mean = (a*a + b*b) / (a + b) / 2
	}
	*s += integral(mean * width)
}

// edge adds an outer bin in which one side rises from 0 to r over the last wr before the bound and the other from
// 0 to c over wc.
func (s *integral) edge(r, c, wr, wc float64) {
	if wr < wc {
		r, c, wr, wc = c, r, wc, wr
	}
	if wr == 0 {
		return
	}
	// r has reached this when the other starts.
	reached := r * (1 - wc/wr)
	s.add(0, reached, wr-wc)
	s.add(reached, r-c, wc)
}

// WassersteinSamples is the 1-Wasserstein distance of two samples (scipy.stats.wasserstein_distance). The samples must
// be finite and need not be sorted; it works on sorted copies. With an empty sample it returns NaN.
func WassersteinSamples(x, y []float64) float64 {
	if len(x) == 0 || len(y) == 0 {
		return math.NaN()
	}
	x, y = sorted(x), sorted(y)
	n, m := float64(len(x)), float64(len(y))
	var d float64
	at := min(x[0], y[0])
	for i, j := 0, 0; i < len(x) || j < len(y); {
		next := math.Inf(1)
		if i < len(x) {
			next = x[i]
		}
		if j < len(y) {
			next = min(next, y[j])
		}
		d += math.Abs(float64(i)/n-float64(j)/m) * (next - at)
		at = next
		for i < len(x) && x[i] <= at {
			i++
		}
		for j < len(y) && y[j] <= at {
			j++
		}
	}
	return d
}
