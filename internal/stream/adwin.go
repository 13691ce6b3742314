// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"
	"slices"
)

// adwin is ADWIN2 (Bifet and Gavaldà, Learning from Time-Changing Data with Adaptive Windowing,
// 2007): a window that grows as long as no cut of it separates two means further apart than
//
//	ε = √(2·m·σ²·ln(2·ln(n)/δ)) + 2/3·m·ln(2·ln(n)/δ),  m = 1/(n₀−w+1) + 1/(n₁−w+1)
//
// where σ² is the window's variance, n₀ and n₁ are the lengths on either side of the cut and w is
// min_window. The second term takes it that values lie between 0 and 1.
//
// The window is kept as an exponential histogram: level i has at most max_buckets+1 buckets of 2^i
// values each, with their sum and their sum of squares about the mean. Memory: 16 bytes for each of
// (max_buckets+1)·log₂(n/max_buckets) buckets: 3 KB for a billion values at the default.
type adwin struct {
	delta                             float64
	clock, buckets, minWindow, values int
	adwinConvention

	levels []adwinLevel
	ticks  int
	// width is the number of values, total their sum and variance the sum of squares about the mean.
	width, total, variance float64
	restart                bool
}

// adwinConvention is in what the tools differ.
type adwinConvention struct {
	// best drops everything before the cut that separates most, in one step. Else the oldest bucket
	// is dropped until no cut separates.
	best bool
	// skipLast leaves the last bucket of each level out of the sums, as it was in MOA's port.
	skipLast bool
	// offset is what n−min_window is increased by; sides have at least min_window+slack values.
	offset, slack float64
	// forget starts anew after a change. Else what remains of the window is kept.
	forget bool
}

var (
	adwinOurs    = adwinConvention{best: true, offset: 1}
	adwinRiver   = adwinConvention{offset: 1, forget: true}
	adwinRiver09 = adwinConvention{offset: 1, skipLast: true}
	adwinFrouros = adwinConvention{offset: -1, slack: 1, skipLast: true, forget: true}
)

// adwinLevel holds buckets of one size, the oldest first.
type adwinLevel struct {
	buckets []adwinBucket // capacity max_buckets+1
}

type adwinBucket struct{ total, variance float64 }

// adwinUnbounded is how many of the parameters a convention has that does not ask for a range.
const adwinUnbounded = 5

var adwinParameters = []Parameter{
	{"delta", 0.002, 1e-12, 0.5, false, "probability of a false change at one check, of independent values"},
	{"clock", 32, 1, largest, true, "values between two checks"},
	{"max_buckets", 5, 2, 100, true, "buckets of a size; more of them find a change at more places"},
	{"min_window", 5, 1, largest, true, "values on either side of a change"},
	{"min_values", 10, 1, largest, true, "values after a start before there is a change"},
	lowest, highest,
}

func newADWIN(c adwinConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		return &adwin{
			delta: v["delta"], clock: v.whole("clock"), buckets: v.whole("max_buckets"),
			minWindow: v.whole("min_window"), values: v.whole("min_values"), adwinConvention: c,
		}, nil
	}
}

func (d *adwin) estimate() float64 {
	if d.width == 0 {
		return math.NaN()
	}
	return d.total / d.width
}

func (d *adwin) add(x float64) Change {
	if d.restart {
		d.restart = false
		for i := range d.levels {
			d.levels[i].buckets = d.levels[i].buckets[:0]
		}
		d.ticks, d.width, d.total, d.variance = 0, 0, 0, 0
	}
	d.insert(x)
	d.ticks++
	if d.ticks%d.clock != 0 || d.width <= float64(d.values) {
		return Change{}
	}
	width, total := d.width, d.total
	for d.width > 1 {
		buckets, found := d.cut()
		if !found {
			break
		}
		for range buckets {
			d.drop()
		}
	}
	if d.width == width {
		return Change{}
	}
	d.restart = d.forget
	return Change{
		Level: Drift, Before: (total - d.total) / (width - d.width), After: d.total / d.width, Since: int(d.width),
	}
}

// insert adds a value as a bucket of its own and merges buckets where a level is full.
func (d *adwin) insert(x float64) {
	d.width++
	if d.width > 1 {
		off := x - d.total/(d.width-1)
		d.variance += (d.width - 1) * off * off / d.width
	}
	d.total += x
	b := adwinBucket{total: x}
	for i, size := 0, 1.0; ; i, size = i+1, 2*size {
		if i == len(d.levels) {
			d.levels = append(d.levels, adwinLevel{make([]adwinBucket, 0, d.buckets+1)})
		}
		l := &d.levels[i]
		l.buckets = append(l.buckets, b)
		if len(l.buckets) <= d.buckets {
			return
		}
		b = l.buckets[0].merge(l.buckets[1], size)
		l.buckets = append(l.buckets[:0], l.buckets[2:]...)
	}
}

// merge returns two buckets of a size as one.
func (b adwinBucket) merge(o adwinBucket, size float64) adwinBucket {
	off := (b.total - o.total) / size
	return adwinBucket{b.total + o.total, b.variance + o.variance + size*off*off/2}
}

// drop removes the oldest bucket.
func (d *adwin) drop() {
	i := len(d.levels) - 1
	for len(d.levels[i].buckets) == 0 {
		i--
	}
	l := &d.levels[i]
	size := math.Ldexp(1, i)
	b := l.buckets[0]
	d.width -= size
	d.total -= b.total
	off := b.total/size - d.total/d.width
	d.variance = max(d.variance-b.variance-size*d.width*off*off/(size+d.width), 0)
	l.buckets = append(l.buckets[:0], l.buckets[1:]...)
}

// cut returns how many of the oldest buckets are to be dropped.
func (d *adwin) cut() (buckets int, found bool) {
	spread := d.variance / d.width
	likely := math.Log(2 * math.Log(d.width) / d.delta)
	n0, u0, n1, u1 := 0.0, 0.0, d.width, d.total
	seen, most := 0, 0.0
	for i, level := range slices.Backward(d.levels) {
		list := level.buckets
		if d.skipLast {
			list = list[:max(len(list)-1, 0)]
		}
		size := math.Ldexp(1, i)
		for _, b := range list {
			seen++
			n0, n1 = n0+size, n1-size
			u0, u1 = u0+b.total, u1-b.total
			least := float64(d.minWindow) + d.slack
			if n1 == 0 || n0 < least || n1 < least {
				continue
			}
			// Where a convention has no room here, the reciprocals are infinite and nothing is found.
			m := 1/(n0-float64(d.minWindow)+d.offset) + 1/(n1-float64(d.minWindow)+d.offset)
			excess := math.Abs(u0/n0-u1/n1) - math.Sqrt(2*m*spread*likely) - 2.0/3*m*likely
			switch {
			case !(excess > 0):
			case !d.best:
				return 1, true
			case excess > most:
				buckets, most = seen, excess
			}
		}
	}
	return buckets, buckets > 0
}
