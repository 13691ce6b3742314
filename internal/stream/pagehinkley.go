// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

// pageHinkley is the test of Page (Continuous Inspection Schemes, 1954) and Hinkley (1971) for a
// mean that rises from what it was, with x̄ the mean so far:
//
//	mₜ = α·mₜ₋₁ + (xₜ − x̄ₜ − δ),  a change where mₜ − min m > λ
//
// A fall is the same with −x. With a floor at 0 and α = 1, the sum itself is mₜ − min m. δ and λ are
// in the unit of the values. Memory: 200 bytes.
type pageHinkley struct {
	delta, threshold, alpha float64
	minValues               int
	direction               int
	pageHinkleyConvention

	all      mean
	up, down excursion
}

// pageHinkleyConvention is in what the tools differ.
type pageHinkleyConvention struct {
	// floor keeps the sum from falling below 0.
	floor bool
	// reached makes a sum that is equal to the threshold a change.
	reached bool
	// early is how many values less than min_values are enough.
	early int
	// oneWay is for a tool that looks for rises only.
	oneWay bool
	// lasting takes α as 1.
	lasting bool
}

var (
	pageHinkleyOurs    = pageHinkleyConvention{floor: true, lasting: true}
	pageHinkleyRiver   = pageHinkleyConvention{floor: true, reached: true, early: 1, oneWay: true}
	pageHinkleyFrouros = pageHinkleyConvention{oneWay: true}
	cusumFrouros       = pageHinkleyConvention{floor: true, oneWay: true, lasting: true}
)

var (
	pageHinkleyThreshold = Parameter{"threshold", 50, 0, 1e300, false, "λ, the sum of deviations that is a change, in the unit of the values"}
	pageHinkleyDelta     = Parameter{"delta", 0.005, 0, 1e300, false, "δ, the deviation that is none, in the unit of the values"}

	pageHinkleyParameters     = []Parameter{pageHinkleyDelta, pageHinkleyThreshold, minValues(30), direction}
	pageHinkleyToolParameters = []Parameter{
		pageHinkleyDelta, pageHinkleyThreshold, minValues(30),
		{"alpha", 0.9999, 0, 1, false, "α, how much of the sum is kept from value to value"},
	}
)

// cusumFrourosParameters is how many of the tool's parameters its CUSUM has.
const cusumFrourosParameters = 3

func newPageHinkley(c pageHinkleyConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		d := &pageHinkley{
			delta: v["delta"], threshold: v["threshold"], alpha: v["alpha"],
			minValues: v.whole("min_values") - c.early, direction: v.whole("direction"), pageHinkleyConvention: c,
		}
		if c.lasting {
			d.alpha = 1
		}
		if c.oneWay {
			d.direction = upwards
		}
		return d, nil
	}
}

// excursion is a sum of deviations since it was lowest.
type excursion struct {
	sum, lowest float64
	since       mean
}

// add adds a deviation, that of the value x, and returns the sum.
func (e *excursion) add(deviation, x, alpha float64, floor bool) float64 {
	e.sum = alpha*e.sum + deviation
	if floor {
		e.sum = max(e.sum, 0)
	}
	e.since.add(x)
	if e.sum <= e.lowest {
		e.lowest, e.since = e.sum, mean{}
	}
	return e.sum
}

func (d *pageHinkley) estimate() float64 { return d.all.get() }

func (d *pageHinkley) add(x float64) Change {
	d.all.add(x)
	off := x - d.all.value
	rise := d.up.add(off-d.delta, x, d.alpha, d.floor)
	fall := d.down.add(-off-d.delta, x, d.alpha, d.floor)
	if d.all.n < d.minValues {
		return Change{}
	}
	switch {
	case d.direction != downward && d.over(rise):
		return d.change(d.up.since)
	case d.direction != upwards && d.over(fall):
		return d.change(d.down.since)
	}
	return Change{}
}

func (d *pageHinkley) over(sum float64) bool {
	return sum > d.threshold || d.reached && sum == d.threshold
}

func (d *pageHinkley) change(after mean) Change {
	c := Change{Level: Drift, Before: d.all.without(after), After: after.get(), Since: after.n}
	d.all, d.up, d.down = mean{}, excursion{}, excursion{}
	return c
}
