// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// ksBinError is how far the distance d of two samples in bins may be from that of their values: inside
// a bin the cumulative shares of either side can be anything between those at its ends. A bin of one
// value, (Nextafter(v, −∞), v], has no inside; the outer ones have none where both sides' smallest,
// or largest, value is at the bound.
func ksBinError(ref, cur *Sample, nRef, nCur, d float64) float64 {
	largest := d
	var r, c float64
	for i := range ref.Counts {
		r0, c0 := r, c
		r += ref.Counts[i] / nRef
		c += cur.Counts[i] / nCur
		if !oneValue(ref, cur, i) {
			largest = max(largest, r-c0, c-r0)
		}
	}
	return min(largest, 1) - d
}

// oneValue says that all values of a bin are the same, as far as that is known.
func oneValue(ref, cur *Sample, i int) bool {
	bounds := ref.Bounds
	switch {
	case len(bounds) == 0:
		return ref.Min == ref.Max && cur.Min == cur.Max && ref.Min == cur.Min
	case i == 0:
		return atEnd(ref, ref.Counts[0], ref.Min >= bounds[0]) && atEnd(cur, cur.Counts[0], cur.Min >= bounds[0])
	case i == len(bounds):
		return ref.Counts[i] == 0 && cur.Counts[i] == 0
	}
	return bounds[i] <= math.Nextafter(bounds[i-1], math.Inf(1))
}

// atEnd says that a side has nothing in its first bin, or only its bound.
func atEnd(s *Sample, count float64, known bool) bool {
	return count == 0 || known && !math.IsInf(s.Min, 0)
}

// wassersteinBinError is how far WassersteinBins may be from the distance of the values, in the same
// units: between two bounds the integral of |F_ref−F_cur| is at least and at most what its width
// times the cumulative shares at both ends allow. It is the largest float64 where a side has values
// in an outer bin whose end is not known.
func wassersteinBinError(ref, cur *Sample, nRef, nCur float64) float64 {
	bounds := ref.Bounds
	last := len(bounds) - 1
	if last < 0 || !known(ref, cur) {
		return math.MaxFloat64
	}
	firstRef, lastRef := tails(*ref, nRef)
	firstCur, lastCur := tails(*cur, nCur)
	sum := outerError(firstRef, firstCur, bounds[0]-min(startOf(*ref, bounds[0]), startOf(*cur, bounds[0]))) +
		outerError(lastRef, lastCur, max(endOf(*ref, bounds[last]), endOf(*cur, bounds[last]))-bounds[last])
	r, c := ref.Counts[0]/nRef, cur.Counts[0]/nCur
	for i := 1; i <= last; i++ {
		r0, c0 := r, c
		r += ref.Counts[i] / nRef
		c += cur.Counts[i] / nCur
		if oneValue(ref, cur, i) {
			continue
		}
		var area integral
		w := width(bounds[i-1], bounds[i])
		area.add(r0-c0, r-c, w)
		sum += between(float64(area), w*max(0, r0-c, c0-r), w*max(r-c0, c-r0))
	}
	return min(sum, math.MaxFloat64)
}

// known says that the ends of both sides are, where they have values in an outer bin.
func known(ref, cur *Sample) bool {
	last := len(ref.Bounds)
	for _, s := range [...]*Sample{ref, cur} {
		if s.Counts[0] > 0 && !(s.Min <= s.Bounds[0] && !math.IsInf(s.Min, 0)) ||
			s.Counts[last] > 0 && !(s.Max >= s.Bounds[last-1] && !math.IsInf(s.Max, 0)) {
			return false
		}
	}
	return true
}

// outerError is that of an outer bin with its farther end at a distance from its bound.
func outerError(r, c tail, far float64) float64 {
	if r.share == 0 && c.share == 0 || far <= 0 {
		return 0
	}
	var area integral
	area.addTails(r, c)
	return between(float64(area), 0, min(far, math.MaxFloat64)*max(r.share, c.share))
}

// between is how far a value may be from one in an interval.
func between(v, low, high float64) float64 { return max(v-low, high-v, 0) }
