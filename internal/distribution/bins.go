// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package distribution counts values and compares the counts.
//
//	Bins, Exponential ──► counts ──► Binning.Sample ──► Match with a reference ──► Pair
//	                                                     internal/stats compares the two ◄─┘
//
// A reference sample fixes the bins once (EqualMassBounds). Every collector counts into the same
// bins, so that distributions of many collectors and minutes add up by plain addition. Statistics
// that want few bins (PSI, Jensen-Shannon, ...) sum neighbouring bins into groups (Grouping).
package distribution

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// DefaultBins is the number of equal-mass bins of a baseline: it is divisible by 10 and 20, so that
// deciles and twentieths of the reference are unions of whole bins.
const DefaultBins = 240

// DefaultGroups is the number of groups that PSI, Jensen-Shannon, KL, Hellinger, chi² and L∞ are
// computed on, but for those of what is out of the reference's range (see GroupByMass).
const DefaultGroups = 10

// MaxBounds is the largest number of bounds that NewBins accepts: two for every edge of DefaultBins
// bins.
const MaxBounds = 2 * (DefaultBins + 1)

// Bins are buckets with explicit upper-inclusive bounds, as in an OTLP histogram: bucket i is
// (bounds[i-1], bounds[i]], the first one (-∞, bounds[0]], the last one (bounds[n-1], +∞). Bins are
// immutable and safe for concurrent use.
//
// A bin of one value, (Nextafter(v, -∞), v], takes in all that a float32 cannot tell from v, as far
// as no other bound says that the reference has told it apart: 0.3 is counted there whether it was
// a double or a float32 (0.30000001192…) on its way. So it is for bounds of any age, as the bounds
// themselves stay what they are.
//
// Index is on the hot path of the collector. A grid of equal cells over the middle of the bounds
// gives the first bound of a value's cell; the few bounds that share a cell are searched with a
// fixed number of steps. Bins of equal mass make the cells fit the data: where values are dense, so
// are bounds.
type Bins struct {
	bounds []float64
	// keys are those of the edges (see edges and key), followed by that of +∞ so that the search
	// needs no check of its end.
	keys []uint64
	// The cell of v is (v-low)*scale, cut to 0..len(start)-1.
	low, scale float64
	// start is the number of bounds in the cells before a cell.
	start []uint16
	// half is the first step of the search: half of a power of two that exceeds the bounds in any
	// cell.
	half uint64
}

// NewBins returns bins with the given bounds, which must be finite and strictly increasing.
// The slice is kept, not copied.
func NewBins(bounds []float64) (*Bins, error) {
	if len(bounds) == 0 {
		return nil, errors.New("bounds: at least one is needed")
	}
	if len(bounds) > MaxBounds {
		return nil, fmt.Errorf("bounds: %d are more than the limit of %d", len(bounds), MaxBounds)
	}
	for i, b := range bounds {
		if math.IsNaN(b) || math.IsInf(b, 0) {
			return nil, fmt.Errorf("bounds[%d]: %v is not finite", i, b)
		}
		if i > 0 && b <= bounds[i-1] {
			return nil, fmt.Errorf("bounds[%d]: %v is not above bounds[%d] = %v", i, b, i-1, bounds[i-1])
		}
	}
	b := &Bins{bounds: bounds}
	b.layGrid()
	return b, nil
}

// gridCells is the number of cells of the grid of many bounds.
const gridCells = 256

// layGrid chooses the grid with the shortest search. Leaving a few bounds at each end to the outer
// cells keeps outliers from widening the cells.
func (b *Bins) layGrid() {
	n := len(b.bounds)
	edges := edges(b.bounds)
	b.start, b.half = []uint16{0}, searchStep(n)
	for _, trim := range []int{0, 1, 2, 4, 8, 16, 32} {
		if n < 8 || 2*trim+2 > n {
			break
		}
		low, high := edges[trim], edges[n-1-trim]
		g := Bins{low: low, scale: gridCells / (high - low), start: make([]uint16, gridCells)}
		if g.scale == 0 || math.IsInf(g.scale, 0) || math.IsInf(high-low, 0) {
			continue
		}
		most := 0
		next, i := 0, 0
		for cell := range g.start {
			g.start[cell] = uint16(i)
			for next < n && g.cell(edges[next]) == cell {
				next++
			}
			most = max(most, next-i)
			i = next
		}
		if half := searchStep(most); half < b.half {
			b.low, b.scale, b.start, b.half = g.low, g.scale, g.start, half
		}
	}
	b.keys = make([]uint64, n+int(2*b.half))
	for i := range b.keys {
		if i < n {
			b.keys[i] = key(edges[i])
		} else {
			b.keys[i] = key(math.Inf(1))
		}
	}
}

// edges are the bounds as Index takes them: those of a bin of one value lie where values begin to
// round to another float32, unless there is a bound between.
func edges(bounds []float64) []float64 {
	edges := slices.Clone(bounds)
	for i := 1; i < len(bounds); i++ {
		v := bounds[i]
		if bounds[i-1] != math.Nextafter(v, math.Inf(-1)) {
			continue
		}
		below, last := float32Cell(v)
		if i < 2 || bounds[i-2] <= below {
			edges[i-1] = min(edges[i-1], below)
		}
		if i == len(bounds)-1 || bounds[i+1] >= last {
			edges[i] = max(edges[i], last)
		}
	}
	return edges
}

// key maps floats to integers of the same order; both zeros are equal.
func key(v float64) uint64 {
	u := math.Float64bits(v + 0) // -0 + 0 is 0
	return u ^ (uint64(int64(u)>>63) | 1<<63)
}

// searchStep is half of the smallest power of two above n: steps half, half/2, ... 1 reach any of
// 0..n.
func searchStep(n int) uint64 {
	p := 1
	for p <= n {
		p *= 2
	}
	return uint64(p / 2)
}

// cell never falls as v rises, because each of its operations rounds monotonically.
func (b *Bins) cell(v float64) int {
	x := (v - b.low) * b.scale
	if !(x > 0) {
		return 0
	}
	if last := float64(len(b.start) - 1); x > last {
		x = last
	}
	return int(x)
}

// Bounds returns the upper bounds; the caller must not change them.
func (b *Bins) Bounds() []float64 { return b.bounds }

// Len returns the number of buckets: one more than bounds.
func (b *Bins) Len() int { return len(b.bounds) + 1 }

// Index returns the bucket of v, which must not be NaN.
func (b *Bins) Index(v float64) int {
	// The number of bounds below v. The borrow of a subtraction takes the place of a branch: the
	// values of a feature are as good as random, and a mispredicted branch costs more than the
	// search.
	base := uint64(b.start[b.cell(v)])
	keys, k := b.keys, key(v)
	for step := b.half; step > 0; step >>= 1 {
		_, below := bits.Sub64(keys[base+step-1], k, 0)
		base += step & -below
	}
	return int(base)
}

// EqualMassBounds returns the bounds of at most n bins of equal mass over a sorted sample without
// NaN or infinities. The last bound is the sample's maximum, the first its minimum (or the float
// below it, see next); inner bounds are the sample's k/n quantiles (inverse of the empirical
// distribution function). A value that several quantiles fall on is heavier than a bin and gets a
// bin of its own, (Nextafter(v, -∞), v], so that the share of rows strictly inside any other bin
// stays below 1/n; the smallest number of all needs no bound below it. It returns nil for an empty
// sample.
func EqualMassBounds(sorted []float64, n int) []float64 {
	rows := len(sorted)
	if rows == 0 || n < 1 {
		return nil
	}
	bounds := make([]float64, 0, n+1)
	add := func(v float64) {
		if len(bounds) == 0 || v > bounds[len(bounds)-1] {
			bounds = append(bounds, v)
		}
	}
	heavy := func(v float64) bool {
		first, _ := slices.BinarySearch(sorted, v)
		end, _ := slices.BinarySearchFunc(sorted[first:], v, func(x, v float64) int {
			if x <= v {
				return -1
			}
			return 1
		})
		return end*n > rows
	}
	for k := 0; k <= n; k++ {
		// The smallest value with at least k·rows/n rows at or below it.
		i := max((k*rows+n-1)/n-1, 0)
		v := sorted[i]
		if len(bounds) > 0 && v <= bounds[len(bounds)-1] {
			continue
		}
		if below := math.Nextafter(v, math.Inf(-1)); heavy(v) && !math.IsInf(below, 0) {
			add(below)
		}
		add(v)
	}
	return bounds
}

// Count returns the number of values in each bucket. NaN and infinities are left out.
func (b *Bins) Count(values []float64) []uint64 {
	counts := make([]uint64, b.Len())
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			counts[b.Index(v)]++
		}
	}
	return counts
}
