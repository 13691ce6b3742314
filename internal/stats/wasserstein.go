// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"slices"
)

// WassersteinBins is the 1-Wasserstein (earth mover's) distance of two samples counted into the
// same bins, in the units of the bounds: ∫|F_ref−F_cur|, with each side's mass spread evenly inside
// a bin (exactly integrated where the two cross). The first bin of a side starts at its Min, the
// last ends at its Max, and a side that lies wholly in one of them is spread over Min to Max; a Min
// or Max that is not finite or on the wrong side of the bound counts as that bound. A Sum says where
// the mass of the outer bins lies (see place). The result is exact when every distinct value has a
// bin (Nextafter(v, −∞), v] of its own.
//
// Both samples need Bounds (the reference's are used), strictly increasing and finite, and a
// positive total. Distances beyond the largest float64 are cut to it.
func WassersteinBins(ref, cur Sample) float64 {
	bounds := ref.Bounds
	if len(bounds) == 0 {
		// One bin: all that is known is its ends.
		return oneBin(ref, cur)
	}
	nRef, nCur := total(ref.Counts), total(cur.Counts)
	var area integral

	refFirst, refLast := tails(ref, nRef)
	curFirst, curLast := tails(cur, nCur)
	area.addTails(refFirst, curFirst)
	var r, c, before float64
	for i, bound := range bounds {
		r += ref.Counts[i]
		c += cur.Counts[i]
		after := r/nRef - c/nCur
		if i > 0 {
			area.add(before, after, width(bounds[i-1], bound))
		}
		before = after
	}
	area.addTails(refLast, curLast)
	return min(float64(area), math.MaxFloat64)
}

// tail is what a side has in an outer bin: its share of all samples, evenly spread over distances
// near to far from the bin's only bound.
type tail struct{ share, near, far float64 }

// firstTail ends at the bound, or at the maximum of a side that has nothing above the bound.
func firstTail(s Sample, bound, n float64) tail {
	t := tail{share: s.Counts[0] / n, far: width(startOf(s, bound), bound)}
	if s.Counts[0] == n && s.Max < bound {
		t.near = min(width(s.Max, bound), t.far)
	}
	return t
}

// lastTail starts at the bound, or at the minimum of a side that has nothing below the bound.
func lastTail(s Sample, bound, n float64) tail {
	count := s.Counts[len(s.Counts)-1]
	t := tail{share: count / n, far: width(bound, endOf(s, bound))}
	if count == n && s.Min > bound {
		t.near = min(width(bound, s.Min), t.far)
	}
	return t
}

// tails are the outer bins of a side.
func tails(s Sample, n float64) (first, last tail) {
	end := len(s.Bounds) - 1
	first, last = firstTail(s, s.Bounds[0], n), lastTail(s, s.Bounds[end], n)
	if s.HasSum && first.share < 1 && last.share < 1 {
		place(s, n, &first, &last)
	}
	return first, last
}

// place moves the mass of the outer bins to where the sum of the values says: what is left of the
// mean once every inner bin has had its middle. With f = 0 all of it lies as low as it can, with
// 1 as high, and f is the same for both bins, as one sum cannot tell them apart.
func place(s Sample, n float64, first, last *tail) {
	end := len(s.Bounds) - 1
	room := first.share*(first.far-first.near) + last.share*(last.far-last.near)
	if !(room > 0) {
		return
	}
	// Distances from the first bound, so that a large offset does not round what is left.
	origin := s.Bounds[0]
	left := s.Sum/n - origin
	for i, c := range s.Counts[1 : end+1] {
		left -= c / n * (width(origin, s.Bounds[i])/2 + width(origin, s.Bounds[i+1])/2)
	}
	left -= last.share * (width(origin, s.Bounds[end]) + last.near)
	left += first.share * first.far
	f := left / room
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return
	}
	first.lean(1 - f)
	last.lean(f)
}

// lean spreads the tail evenly over the part of it whose middle is at f of its length, 0 to 1.
func (t *tail) lean(f float64) {
	f = min(max(f, 0), 1)
	length := t.far - t.near
	if f < 0.5 {
		t.far = t.near + 2*f*length
	} else {
		t.near = t.far - 2*(1-f)*length
	}
}

// beyond is the share that lies farther from the bound than u, where u is an end of the interval
// from..to in which the tail has no end of its own: an atom (near = far) counts in full up to where
// it sits and not at all from there on.
func (t tail) beyond(u, from, to float64) float64 {
	switch {
	case to <= t.near:
		return t.share
	case from >= t.far:
		return 0
	}
	return t.share * ((t.far - u) / (t.far - t.near))
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

// startOf is where the first bin of a side starts: at the bound when it is empty or its minimum is
// no use.
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
		return min(ref.Min, cur.Min, ref.Max, cur.Max), max(ref.Min, cur.Min, ref.Max, cur.Max)
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

// addTails adds an outer bin of two sides.
func (s *integral) addTails(r, c tail) {
	// Between two neighbouring ends both sides are straight.
	ends := [...]float64{r.near, r.far, c.near, c.far}
	slices.Sort(ends[:])
	from := 0.0
	for _, to := range ends {
		s.add(r.beyond(from, from, to)-c.beyond(from, from, to), r.beyond(to, from, to)-c.beyond(to, from, to), to-from)
		from = to
	}
}

// WassersteinSamples is the 1-Wasserstein distance of two samples
// (scipy.stats.wasserstein_distance). The samples must be finite and need not be sorted; it works
// on sorted copies. With an empty sample it returns NaN; distances beyond the largest float64 are
// cut to it.
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
		d += math.Abs(float64(i)/n-float64(j)/m) * width(at, next)
		at = next
		for i < len(x) && x[i] <= at {
			i++
		}
		for j < len(y) && y[j] <= at {
			j++
		}
	}
	return min(d, math.MaxFloat64)
}
