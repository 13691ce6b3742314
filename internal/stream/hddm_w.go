// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// hddmW is the drift detection method by McDiarmid's bound with moving averages of which the newest
// value has the weight λ, HDDM_W (Frías-Blanco and others 2015). The average a of values between 0
// and 1 has v, the sum of its squared weights; the first values are those of the least
// a + √(v·ln(1/d)/2), and a₂ and v₂ are of the values since. There is a change where
//
//	a₂ − a₁ > √((v₁+v₂)·ln(1/d)/2)
//
// with d = drift, and a warning with d = warning. A fall is the same with −x. Memory: 250 bytes.
type hddmW struct {
	drift, warning, lambda float64
	minValues              int
	direction              int
	hddmWConvention

	all             fading
	low, sinceLow   fading
	high, sinceHigh fading
	n               int
}

// hddmWConvention is in what the tools differ.
type hddmWConvention struct {
	// zero begins an average at 0, not at the first value.
	zero bool
	// byLambda chooses the first values by a bound with λ in place of d.
	byLambda bool
	// loose lets v of a first value be λ² + (1−λ)², not 1.
	loose bool
	// empty compares with an average of no values, which is 0.
	empty    bool
	twoSided bool
}

var (
	hddmWOurs    = hddmWConvention{}
	hddmWRiver   = hddmWConvention{loose: true, twoSided: true}
	hddmWFrouros = hddmWConvention{zero: true, byLambda: true, loose: true, empty: true, twoSided: true}
)

func newHDDMW(c hddmWConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		d := &hddmW{
			drift: v["drift"], warning: max(v["warning"], v["drift"]), lambda: v["lambda"], minValues: v.whole("min_values"),
			direction: hddmDirection(v, c.twoSided), hddmWConvention: c,
		}
		d.restart()
		return d, nil
	}
}

// fading is a moving average. values counts what it is of.
type fading struct {
	average, squares float64
	values           mean
}

func (d *hddmW) restart() {
	d.all, d.sinceLow, d.sinceHigh = fading{squares: 1}, fading{squares: 1}, fading{squares: 1}
	d.low, d.high = fading{average: math.Inf(1)}, fading{average: math.Inf(-1)}
}

// update adds a value to an average.
func (d *hddmW) update(f *fading, x float64) {
	first := f.values.n == 0
	f.values.add(x)
	if first && !d.zero {
		f.average = x
	} else {
		f.average = d.lambda*x + (1-d.lambda)*f.average
	}
	if !first || d.loose {
		f.squares = d.lambda*d.lambda + (1-d.lambda)*(1-d.lambda)*f.squares
	}
}

func (d *hddmW) estimate() float64 {
	if d.all.values.n == 0 {
		return math.NaN()
	}
	return d.all.average
}

// bound is McDiarmid's for averages with a sum of squared weights.
func bound(squares, probability float64) float64 {
	return math.Sqrt(squares * math.Log(1/probability) / 2)
}

func (d *hddmW) add(x float64) Change {
	d.n++
	d.update(&d.all, x)
	chosen := d.drift
	if d.byLambda {
		chosen = d.lambda
	}
	width := bound(d.all.squares, chosen)
	if d.all.average+width < d.low.average+bound(d.low.squares, chosen) {
		d.low, d.sinceLow = d.all, fading{squares: 1}
	} else {
		d.update(&d.sinceLow, x)
	}
	if d.all.average-width > d.high.average-bound(d.high.squares, chosen) {
		d.high, d.sinceHigh = d.all, fading{squares: 1}
	} else {
		d.update(&d.sinceHigh, x)
	}
	if d.n < d.minValues {
		return Change{}
	}
	rise, fall := None, None
	if d.direction != downward {
		rise = d.level(&d.low, &d.sinceLow, 1)
	}
	if d.direction != upwards {
		fall = d.level(&d.high, &d.sinceHigh, -1)
	}
	switch {
	case rise == Drift:
		return d.change(&d.sinceLow)
	case fall == Drift:
		return d.change(&d.sinceHigh)
	}
	return Change{Level: max(rise, fall)}
}

// level compares the distance of two averages with the bounds.
func (d *hddmW) level(first, since *fading, sign float64) Level {
	if since.values.n == 0 && !d.empty {
		return None
	}
	distance := sign * (since.average - first.average)
	switch squares := first.squares + since.squares; {
	case distance > bound(squares, d.drift):
		return Drift
	case distance > bound(squares, d.warning):
		return Warning
	}
	return None
}

// change starts anew. The average that has moved is what is known of the values after the change: the
// first values are chosen too early to say when it was.
func (d *hddmW) change(since *fading) Change {
	c := Change{Level: Drift, Before: d.all.values.without(since.values), After: since.average}
	d.n = 0
	d.restart()
	return c
}
