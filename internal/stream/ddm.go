// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// ddm is the drift detection method (Gama, Medas, Castillo and Rodrigues, Learning with Drift
// Detection, 2004) on errors: with p the share of errors, s = √(p(1−p)/n), and pₘ and sₘ those of
// the least p+s, there is a warning where p+s > pₘ + 2sₘ and a change where p+s > pₘ + 3sₘ. It sees
// rises of the share only. Memory: 200 bytes.
type ddm struct {
	warning, drift float64
	minValues      int
	ddmConvention

	all           mean
	least, leastS float64
	// before is the mean at the minimum.
	before mean
}

// ddmConvention is in what the tools differ.
type ddmConvention struct {
	// late is how many values more than min_values are needed.
	late int
	// mixed waits for an error and for what is none: a minimum of 0 makes any error a change.
	mixed bool
}

var (
	ddmOurs    = ddmConvention{mixed: true}
	ddmRiver   = ddmConvention{late: 1}
	ddmFrouros = ddmConvention{}
)

var ddmParameters = []Parameter{
	minValues(30),
	{"warning", 2, 0, 1000, false, "standard deviations above the minimum that are a warning"},
	{"drift", 3, 0, 1000, false, "standard deviations above the minimum that are a change"},
}

func newDDM(c ddmConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		d := &ddm{warning: v["warning"], drift: v["drift"], minValues: v.whole("min_values") + c.late, ddmConvention: c}
		d.restart()
		return d, nil
	}
}

func (d *ddm) restart() {
	d.all, d.before = mean{}, mean{}
	d.least, d.leastS = math.Inf(1), math.Inf(1)
}

func (d *ddm) estimate() float64 { return d.all.get() }

func (d *ddm) add(x float64) Change {
	d.all.add(x)
	p := d.all.value
	if d.all.n < d.minValues || d.mixed && (p == 0 || p == 1) {
		return Change{}
	}
	s := math.Sqrt(p * (1 - p) / float64(d.all.n))
	if p+s < d.least+d.leastS {
		d.least, d.leastS, d.before = p, s, d.all
	}
	c := Change{Since: d.all.n - d.before.n}
	switch {
	case p+s > d.least+d.drift*d.leastS:
		c.Level, c.Before, c.After = Drift, d.before.get(), d.all.without(d.before)
		d.restart()
	case p+s > d.least+d.warning*d.leastS:
		c.Level = Warning
	default:
		return Change{}
	}
	return c
}
