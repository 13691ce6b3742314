// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// numbers is what a file says of the numbers of a column.
type numbers struct {
	count                  uint64
	min, max, mean, stdDev float64
	shape                  shape
}

// shape is a distribution: it makes at most n bins whose counts add up to the count of the numbers.
type shape interface {
	bins(n int) (bounds []float64, counts []uint64)
}

// problem says why the figures cannot be in a baseline, empty if they can.
func (n *numbers) problem() string {
	for _, v := range []float64{n.min, n.max, n.mean, n.stdDev} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "its range, mean or standard deviation is not finite"
		}
	}
	switch {
	case n.count == 0:
		return "it has no values"
	case n.min > n.max:
		return fmt.Sprintf("its minimum %v is above its maximum %v", n.min, n.max)
	case n.stdDev < 0:
		return fmt.Sprintf("its standard deviation %v is negative", n.stdDev)
	}
	return ""
}

func (n *numbers) column(name string, missing uint64, bins int) *profile.Column {
	c := &profile.Column{Name: name, Type: profile.Numeric, Count: n.count, Missing: missing}
	if n.count == 0 {
		return c
	}
	of := &profile.NumericColumn{
		Min: distribution.Decimal32(n.min), Max: distribution.Decimal32(n.max), Mean: n.mean, StdDev: n.stdDev,
	}
	of.Bounds, of.Counts = n.shape.bins(bins)
	c.Numeric = of
	return c
}

// point is a value that stands for some rows.
type point struct {
	value  float64
	weight uint64
}

// sketch is a sample in which each value stands for as many rows as its weight says, sorted.
type sketch struct {
	min, max float64
	points   []point
	// maxBins is the number of bins beyond which a bin's share is smaller than the error of it.
	maxBins int
}

// maxPicks is the number of values that bounds are chosen by.
const maxPicks = 20_000

// bins have equal mass, as those of a baseline that is made from the data have: the same rule is
// applied to the values of the sketch, each as often as it weighs.
func (s *sketch) bins(n int) (bounds []float64, counts []uint64) {
	bounds = distribution.EqualMassBounds(s.picks(), max(min(n, s.maxBins), 1))
	counts = make([]uint64, len(bounds)+1)
	for _, p := range s.points {
		counts[sort.SearchFloat64s(bounds, p.value)] += p.weight
	}
	return bounds, counts
}

// picks are values at equal distances in rank, all of them if they are few, and the extremes.
func (s *sketch) picks() []float64 {
	total := s.weight()
	picked := min(total, maxPicks)
	out := []float64{}
	if len(s.points) == 0 || s.min < s.points[0].value {
		out = append(out, s.min)
	}
	i, passed := 0, uint64(0)
	for k := range picked {
		rank := uint64((float64(k) + 0.5) * float64(total) / float64(picked))
		for i < len(s.points)-1 && passed+s.points[i].weight <= rank {
			passed += s.points[i].weight
			i++
		}
		out = append(out, s.points[i].value)
	}
	if s.max > out[len(out)-1] {
		out = append(out, s.max)
	}
	return out
}

func (s *sketch) weight() (total uint64) {
	for _, p := range s.points {
		total += p.weight
	}
	return total
}

// bucket is one of a histogram.
type bucket struct{ low, high, rows float64 }

// histogram has buckets in rising order: of equal width, or between quantiles (newKnots makes bins of those).
type histogram struct {
	buckets []bucket
	count   uint64
}

// newHistogram checks buckets.
func newHistogram(buckets []bucket, count uint64) (*histogram, error) {
	if len(buckets) == 0 {
		return nil, errors.New("it has a histogram without buckets")
	}
	total, last := 0.0, math.Inf(-1)
	for i, b := range buckets {
		for _, v := range []float64{b.low, b.high, b.rows} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("bucket %d of its histogram is not finite", i)
			}
		}
		if b.low < last || b.high < b.low || b.rows < 0 {
			return nil, fmt.Errorf("bucket %d of its histogram does not rise, or has less than no rows", i)
		}
		last = b.high
		total += b.rows
	}
	// Fractions come from rounding in the tool that wrote them; anything more is another data set.
	if math.Abs(total-float64(count)) > max(0.5, 1e-3*float64(count)) {
		return nil, fmt.Errorf("the buckets of its histogram have %.1f rows, and the column %d", total, count)
	}
	return &histogram{buckets: buckets, count: count}, nil
}

// bins are the buckets, neighbours taken together where there are more than n. A bucket has its lower
// bound and not its upper one, but for the last, which has both: [a, b) becomes the bin (a⁻, b⁻], where
// b⁻ is the number before b, and has the same rows. Fractional rows are rounded so that the sum is
// right.
func (h *histogram) bins(n int) (bounds []float64, counts []uint64) {
	before := func(v float64) float64 { return math.Nextafter(v, math.Inf(-1)) }
	bounds = []float64{before(distribution.Decimal32(h.buckets[0].low))}
	rows := []float64{0}
	add := func(upper, mass float64) {
		if upper <= bounds[len(bounds)-1] {
			rows[len(rows)-1] += mass
			return
		}
		bounds, rows = append(bounds, upper), append(rows, mass)
	}
	for i, b := range h.buckets {
		low, high := before(distribution.Decimal32(b.low)), distribution.Decimal32(b.high)
		if i < len(h.buckets)-1 && b.low < b.high {
			high = before(high)
		}
		if i > 0 {
			add(low, 0) // a gap before it
		}
		add(high, b.rows)
	}
	bounds, rows = merge(bounds, rows, n)
	return bounds, round(rows, h.count)
}

// merge takes bins together so that there are n at most between the first bound and the last.
func merge(bounds, rows []float64, n int) ([]float64, []float64) {
	if len(bounds)-1 <= n {
		return bounds, rows
	}
	total := 0.0
	for _, r := range rows {
		total += r
	}
	merged, out := bounds[:1:1], rows[:1:1]
	passed, pending := rows[0], 0.0
	for i := 1; i < len(bounds); i++ {
		passed += rows[i]
		pending += rows[i]
		if passed >= total*float64(len(merged))/float64(n) && len(merged) < n || i == len(bounds)-1 {
			merged, out = append(merged, bounds[i]), append(out, pending)
			pending = 0
		}
	}
	return merged, out
}

// round makes whole rows of which there are as many as the column has, with the empty bin above.
func round(rows []float64, count uint64) []uint64 {
	total := 0.0
	for _, r := range rows {
		total += r
	}
	counts := make([]uint64, len(rows)+1)
	passed, done := 0.0, uint64(0)
	for i, r := range rows {
		passed += r
		upTo := count
		if total > 0 && i < len(rows)-1 {
			upTo = min(uint64(math.Round(passed/total*float64(count))), count)
		}
		upTo = max(upTo, done)
		counts[i], done = upTo-done, upTo
	}
	return counts
}

// newSketch sorts and checks points.
func newSketch(points []point, low, high float64) (*sketch, error) {
	for i := range points {
		v := points[i].value
		if !(v >= low && v <= high) {
			return nil, fmt.Errorf("its sketch has the value %v, which is not between its minimum %v and its maximum %v", v, low, high)
		}
		points[i].value = distribution.Decimal32(v)
	}
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	s := &sketch{min: distribution.Decimal32(low), max: distribution.Decimal32(high), points: points, maxBins: distribution.DefaultBins}
	return s, nil
}
