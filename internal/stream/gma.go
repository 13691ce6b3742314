// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

// gma is the geometric moving average (Roberts, Control Chart Tests Based on Geometric Moving
// Averages, 1959) of the deviations from the mean so far, as Frouros has it: a change where
// sₜ = α·sₜ₋₁ + (1−α)·(xₜ − x̄ₜ) is above the threshold. It sees rises only. Memory: 100 bytes.
type gma struct {
	alpha, threshold float64
	minValues        int

	all mean
	run excursion
}

var gmaParameters = []Parameter{
	{"alpha", 0.99, 0, 1, false, "α, how much of the average is kept from value to value"},
	{"threshold", 1, 0, 1e300, false, "average deviation that is a change, in the unit of the values"},
	minValues(30),
}

func newGMA(v values) (algorithm, error) {
	return &gma{alpha: v["alpha"], threshold: v["threshold"], minValues: v.whole("min_values")}, nil
}

func (d *gma) estimate() float64 { return d.all.get() }

func (d *gma) add(x float64) Change {
	d.all.add(x)
	sum := d.run.add((1-d.alpha)*(x-d.all.value), x, d.alpha, false)
	if d.all.n < d.minValues || !(sum > d.threshold) {
		return Change{}
	}
	c := Change{Level: Drift, Before: d.all.without(d.run.since), After: d.run.since.get(), Since: d.run.since.n}
	d.all, d.run = mean{}, excursion{}
	return c
}
