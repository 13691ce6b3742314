// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// Interval is a number that was measured, the bounds between which the true one lies with the level
// that was asked for, and N, the number of rows of weight 1 that it rests on.
type Interval struct {
	Point float64
	Lower float64
	Upper float64
	N     float64
}

// Defined says whether there is a point.
func (i Interval) Defined() bool { return !math.IsNaN(i.Point) }

// undefined is the interval of a measure between two limits of which nothing is known.
func undefined(lower, upper, n float64) Interval {
	return Interval{Point: math.NaN(), Lower: lower, Upper: upper, N: n}
}

// from cuts the bounds off at the lower limit of the measure and at 1, and has them hold the point.
func (i Interval) from(lower float64) Interval {
	i.Lower = max(lower, min(i.Lower, i.Point))
	i.Upper = min(1, max(i.Upper, i.Point))
	return i
}

// mapped is the interval of an increasing function of the measure.
func (i Interval) mapped(f func(float64) float64) Interval {
	return Interval{Point: f(i.Point), Lower: f(i.Lower), Upper: f(i.Upper), N: i.N}
}

// logit has 0 and 1 at the infinities.
func logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// expit is the inverse of logit.
func expit(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// onLogit is the interval of a measure between 0 and 1 whose logit is about normal with the standard
// error of the measure divided by p(1−p), the delta method's.
func onLogit(point, se, z, n float64) Interval {
	if !(point > 0 && point < 1) {
		return Interval{Point: point, Lower: 0, Upper: 1, N: n}
	}
	half := z * se / (point * (1 - point))
	x := logit(point)
	return Interval{Point: point, Lower: expit(x - half), Upper: expit(x + half), N: n}
}

// onFisher is the interval of a measure between −1 and 1 whose inverse hyperbolic tangent is about
// normal (Fisher's transformation).
func onFisher(point, se, z, n float64) Interval {
	if !(point > -1 && point < 1) {
		return Interval{Point: point, Lower: -1, Upper: 1, N: n}
	}
	half := z * se / (1 - point*point)
	x := math.Atanh(point)
	return Interval{Point: point, Lower: math.Tanh(x - half), Upper: math.Tanh(x + half), N: n}
}
