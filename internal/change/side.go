// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// side is one of the two distributions.
type side struct {
	bounds []float64
	// below is the share of values up to each bound, 0 to 1.
	below []float64
	n     float64 // independent values
	// low and high are the ends: those of the values where known says so, else of the bounds.
	low, high float64
	known     bool
	// mean and sd are those of the values as far as they are known, else of the bins' middles.
	mean, sd float64
	summed   bool // the mean is that of the values
}

func newSide(s stats.Sample) *side {
	total := sum(s.Counts)
	if !(total > 0) || len(s.Counts) != len(s.Bounds)+1 || len(s.Bounds) == 0 {
		return nil
	}
	out := &side{bounds: s.Bounds, below: make([]float64, len(s.Bounds)), n: effective(&s), low: s.Min, high: s.Max, sd: s.StdDev}
	under := 0.0
	for i := range s.Bounds {
		under += s.Counts[i]
		out.below[i] = under / total
	}
	first, last := s.Bounds[0], s.Bounds[len(s.Bounds)-1]
	out.known = s.Min <= s.Max && !math.IsInf(s.Min, 0) && !math.IsInf(s.Max, 0)
	// An end with values beyond it is none.
	if out.known && (s.Min > first && out.below[0] > 0 || s.Max <= last && out.below[len(out.below)-1] < 1) {
		out.known = false
	}
	if !out.known {
		out.low, out.high = first, last
	}
	out.moments()
	if s.HasSum && !math.IsNaN(s.Sum) && !math.IsInf(s.Sum, 0) {
		out.mean, out.summed = s.Sum/total, true
	}
	return out
}

// within returns the side in other bounds, all of which must be its own; else nil.
func (s *side) within(bounds []float64) *side {
	if slices.Equal(s.bounds, bounds) {
		return s
	}
	out := *s
	out.bounds, out.below = bounds, make([]float64, len(bounds))
	for i, bound := range bounds {
		at, found := slices.BinarySearch(s.bounds, bound)
		if !found {
			return nil
		}
		out.below[i] = s.below[at]
	}
	return &out
}

// moments are those of the bins' middles.
func (s *side) moments() {
	var mean, square float64
	for i := range len(s.bounds) + 1 {
		share := s.share(i)
		if share == 0 {
			continue
		}
		low, high := s.edges(i)
		middle := low/2 + high/2
		mean += share * middle
		square += share * middle * middle
	}
	s.mean = mean
	if !(s.sd > 0) {
		s.sd = math.Sqrt(max(square-mean*mean, 0))
	}
}

// edges are the ends of a bin.
func (s *side) edges(bin int) (low, high float64) {
	low, high = min(s.low, s.bounds[0]), max(s.high, s.bounds[len(s.bounds)-1])
	if bin > 0 {
		low = s.bounds[bin-1]
	}
	if bin < len(s.bounds) {
		high = s.bounds[bin]
	}
	return low, high
}

// share is that of a bin.
func (s *side) share(bin int) float64 {
	low, high := 0.0, 1.0
	if bin > 0 {
		low = s.below[bin-1]
	}
	if bin < len(s.below) {
		high = s.below[bin]
	}
	return max(high-low, 0)
}

// only is the value that all values are.
func (s *side) only() (v float64, ok bool) { return s.low, s.known && s.low == s.high }

// cdf is the share of values up to x: values are spread evenly in their bins.
func (s *side) cdf(x float64) float64 {
	i, _ := slices.BinarySearch(s.bounds, x) // the first bound that is not below x
	return s.cdfIn(i, x)
}

// cdfIn is cdf of an x that lies in bin i.
func (s *side) cdfIn(i int, x float64) float64 {
	if i < len(s.bounds) && s.bounds[i] == x {
		return s.below[i]
	}
	low, high := s.edges(i)
	before := 0.0
	if i > 0 {
		before = s.below[i-1]
	}
	switch {
	case x >= high:
		return before + s.share(i)
	case x <= low || !(high > low):
		return before
	}
	return before + s.share(i)*(x-low)/(high-low)
}

// quantile is the value with a share of p below it.
func (s *side) quantile(p float64) float64 {
	i, _ := slices.BinarySearch(s.below, p)
	low, high := s.edges(i)
	before := 0.0
	if i > 0 {
		before = s.below[i-1]
	}
	share := s.share(i)
	if share <= 0 {
		return high
	}
	return low + (high-low)*min(max((p-before)/share, 0), 1)
}

// beyond is the share of values below the first and above the last bound of a range.
func (s *side) beyond(low, high float64) (under, over float64) {
	return s.cdf(low), 1 - s.cdf(high)
}

// reach are values that the lowest and the highest of n values are beyond.
func (s *side) reach(n float64) (low, high float64) {
	p := min(5/(n+1), 0.25)
	i, _ := slices.BinarySearch(s.below, p)
	_, low = s.edges(i)
	i, _ = slices.BinarySearch(s.below, 1-p)
	high, _ = s.edges(i)
	return low, high
}

// vague is how far the mean may be off, as only the bins of the values are known.
func (s *side) vague() (by float64) {
	if s.summed {
		return 0
	}
	for bin := range len(s.bounds) + 1 {
		if share := s.share(bin); share > 0 {
			low, high := s.edges(bin)
			by += share * (high - low) / 2
		}
	}
	return by
}
