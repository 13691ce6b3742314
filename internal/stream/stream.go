// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package stream finds the moment at which a stream of numbers changes, value by value, without a
// reference and without windows of time.
//
// New makes a Detector by its name: adwin, page_hinkley, cusum, ddm, eddm, hddm_a, hddm_w, rddm,
// kswin, bocd. Tools differ in details that move the moment, so that a name with a tool's behind it,
// as adwin@river, is that tool's convention. All detectors assume independent values of one
// distribution between two changes; each has bounded memory and starts anew after a change.
package stream

import "math"

// Level is what a value shows.
type Level uint8

// The levels.
const (
	// None is no change.
	None Level = iota
	// Warning is what looks like the begin of a change; few detectors have it.
	Warning
	// Drift is a change. The detector has started anew.
	Drift
)

// String returns none, warning or drift.
func (l Level) String() string { return [...]string{"none", "warning", "drift"}[l] }

// Change is what one value of the stream shows.
type Change struct {
	Level Level
	// Before and After are the means on either side of the change, in the unit of the values, of a
	// Drift. Of eddm they are shares of errors.
	Before, After float64
	// Since is how many of the last values, this one included, the detector holds to be after the
	// change; of a Drift, 0 where it has no estimate.
	Since int
}

// algorithm is a detector without a check of its values.
type algorithm interface {
	// add takes the next value.
	add(x float64) Change
	// estimate is the mean of the values since the last change, as far as the detector remembers.
	estimate() float64
}

// domain is which values a detector can take.
type domain uint8

const (
	// finite is any finite number.
	finite domain = iota
	// bounded is from the parameter min to the parameter max.
	bounded
	// binary is 0 or 1.
	binary
)

// Detector watches one stream. It is not safe for concurrent use.
type Detector struct {
	algorithm algorithm
	domain    domain
	// min and width are those of a bounded domain; the algorithm sees 0 to 1.
	min, width float64
}

// Takes is false for a value outside of the detector's domain, which Domain says in words. It may be
// called while Add runs.
func (d *Detector) Takes(x float64) bool {
	switch d.domain {
	case binary:
		return x == 0 || x == 1
	case bounded:
		return x >= d.min && x <= d.min+d.width
	default:
		return x-x == 0
	}
}

// Add takes the next value and says what it shows. It returns false, and takes nothing, for a value
// that the detector does not take. It does not allocate, but for what grows with the logarithm of
// the number of values.
func (d *Detector) Add(x float64) (c Change, ok bool) {
	if !d.Takes(x) {
		return Change{}, false
	}
	if d.domain != bounded {
		return d.algorithm.add(x), true
	}
	c = d.algorithm.add(min((x-d.min)/d.width, 1))
	if c.Level == Drift {
		c.Before, c.After = d.min+d.width*c.Before, d.min+d.width*c.After
	}
	return c, true
}

// Estimate returns the mean of the values since the last change, as far as the detector remembers
// them: NaN before the first one.
func (d *Detector) Estimate() float64 {
	v := d.algorithm.estimate()
	if d.domain == bounded {
		v = d.min + d.width*v
	}
	return v
}

// mean is a running mean.
type mean struct {
	n          int
	value, sum float64
}

func (m *mean) add(x float64) {
	m.n++
	m.sum += x
	m.value += (x - m.value) / float64(m.n)
}

// get returns the mean, NaN of nothing.
func (m *mean) get() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	return m.value
}

// without returns the mean of the values that are in m and not in part.
func (m *mean) without(part mean) float64 {
	n := m.n - part.n
	if n <= 0 {
		return math.NaN()
	}
	return (m.sum - part.sum) / float64(n)
}
