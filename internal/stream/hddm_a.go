// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// hddmA is the drift detection method by Hoeffding's bound with moving averages, HDDM_A
// (Frías-Blanco and others, Online and Non-Parametric Drift Detection Methods Based on Hoeffding's
// Bounds, 2015): of n values between 0 and 1, the first k are those of the least
// x̄ₖ + √(ln(1/d)/(2k)), and there is a change where
//
//	x̄ₙ − x̄ₖ ≥ √((n−k)/(2·k·n)·ln(1/d))
//
// with d = drift, and a warning with d = warning. A fall is the same with −x. Memory: 200 bytes.
type hddmA struct {
	drift, warning float64
	minValues      int
	direction      int
	// scale is what 1/d is multiplied by.
	scale float64

	all, low, high mean
	n              int
}

// hddmAConvention is in what the tools differ.
type hddmAConvention struct {
	scale float64
	// twoSided is a tool's parameter in place of direction.
	twoSided bool
}

var (
	hddmAOurs    = hddmAConvention{scale: 1}
	hddmARiver   = hddmAConvention{scale: 2, twoSided: true}
	hddmAFrouros = hddmAConvention{scale: 1, twoSided: true}
)

var (
	hddmDrift    = Parameter{"drift", 0.001, 1e-300, 0.5, false, "probability of a false change at one value, of independent values"}
	hddmWarning  = Parameter{"warning", 0.005, 1e-300, 0.5, false, "probability of a false warning at one value; not below drift"}
	hddmTwoSided = Parameter{"two_sided", 0, 0, 1, true, "1 looks for falls, too"}
	hddmLambda   = Parameter{"lambda", 0.05, 0, 1, false, "λ, the weight of the newest value"}

	hddmAParameters        = []Parameter{hddmDrift, hddmWarning, minValues(1), direction, lowest, highest}
	hddmToolParameters     = []Parameter{hddmDrift, hddmWarning, hddmTwoSided}
	hddmFrourosParameters  = []Parameter{hddmDrift, hddmWarning, hddmTwoSided, minValues(30)}
	hddmWParameters        = []Parameter{hddmDrift, hddmWarning, hddmLambda, minValues(1), direction, lowest, highest}
	hddmWToolParameters    = []Parameter{hddmDrift, hddmWarning, hddmLambda, hddmTwoSided}
	hddmWFrourosParameters = []Parameter{hddmDrift, hddmWarning, hddmLambda, hddmTwoSided, minValues(30)}
)

// hddmDirection is the direction that the parameters of ours or of a tool give.
func hddmDirection(v values, twoSided bool) int {
	if twoSided && v["two_sided"] == 0 {
		return upwards
	}
	return v.whole("direction")
}

func newHDDMA(c hddmAConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		return &hddmA{
			drift: v["drift"], warning: max(v["warning"], v["drift"]), minValues: v.whole("min_values"),
			direction: hddmDirection(v, c.twoSided), scale: c.scale,
		}, nil
	}
}

func (d *hddmA) estimate() float64 { return d.all.get() }

// bound is Hoeffding's for the mean of n values.
func (d *hddmA) bound(n int) float64 { return math.Sqrt(math.Log(1/d.drift) / (2 * float64(n))) }

func (d *hddmA) add(x float64) Change {
	d.all.add(x)
	d.n++
	bound := d.bound(d.all.n)
	if d.low.n == 0 || d.all.value+bound <= d.low.value+d.bound(d.low.n) {
		d.low = d.all
	}
	if d.high.n == 0 || d.all.value-bound >= d.high.value-d.bound(d.high.n) {
		d.high = d.all
	}
	if d.n < d.minValues {
		return Change{}
	}
	rise, fall := None, None
	if d.direction != downward {
		rise = d.level(d.low, d.all.value-d.low.value)
	}
	if d.direction != upwards {
		fall = d.level(d.high, d.high.value-d.all.value)
	}
	switch {
	case rise == Drift:
		return d.change(d.low)
	case fall == Drift:
		return d.change(d.high)
	}
	return Change{Level: max(rise, fall)}
}

// level compares the distance of the mean from that of the first values with the bounds.
func (d *hddmA) level(first mean, distance float64) Level {
	if first.n == d.all.n {
		return None
	}
	m := float64(d.all.n-first.n) / (2 * float64(first.n) * float64(d.all.n))
	switch {
	case distance >= math.Sqrt(m*math.Log(d.scale/d.drift)):
		return Drift
	case distance >= math.Sqrt(m*math.Log(d.scale/d.warning)):
		return Warning
	}
	return None
}

func (d *hddmA) change(first mean) Change {
	c := Change{Level: Drift, Before: first.get(), After: d.all.without(first), Since: d.all.n - first.n}
	d.all, d.low, d.high, d.n = mean{}, mean{}, mean{}, 0
	return c
}
