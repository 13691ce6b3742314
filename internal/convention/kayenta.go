// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// What Spinnaker's Kayenta judges canaries by; the reference is the control.
var kayentaMethods = map[string]definition{
	"cles@kayenta":       {values: cles, rule: rule{none: true}},
	"mean_ratio@kayenta": {values: meanRatio, rule: rule{none: true}},
	"cohen_d@kayenta":    {values: cohenD},
	"mann_whitney@kayenta": {values: kayentaMannWhitney, parameters: map[string]any{
		"confidence": 0.95, "tolerance": 0.25, "direction": choice{"Either", "Increase", "Decrease"},
	}, rule: rule{none: true}},
}

// cles is the share of pairs in which the current value is larger, half of those that are equal.
func cles(_ options, ref, cur []float64) Result {
	u, _, _ := mannWhitney(ref, cur)
	return distance(1 - u/float64(len(ref))/float64(len(cur)))
}

func meanRatio(_ options, ref, cur []float64) Result {
	a, b := stat.Mean(ref, nil), stat.Mean(cur, nil)
	if a == 0 || b == 0 {
		return distance(math.NaN())
	}
	return distance(b / a)
}

func cohenD(_ options, ref, cur []float64) Result {
	a, va := stat.MeanVariance(ref, nil)
	b, vb := stat.MeanVariance(cur, nil)
	n, m := float64(len(ref)), float64(len(cur))
	return distance(math.Abs(a-b) / math.Sqrt(((n-1)*va+(m-1)*vb)/(n+m-2)))
}

// kayentaMannWhitney is R's wilcox.test(conf.int = TRUE, exact = FALSE) of current less reference: the
// score is the estimate of the shift (Hodges and Lehmann), with its confidence interval. High and
// Low are intervals beyond the tolerance times the estimate (MannWhitneyClassifier).
func kayentaMannWhitney(o options, ref, cur []float64) Result {
	if slices.Equal(ref, cur) {
		r := distance(0)
		r.Verdict = "Pass"
		return r
	}
	shift := shiftTest{ref: ref, cur: cur}
	z := distuv.UnitNormal.Quantile((1 - o.number("confidence")) / 2)
	lower, upper, estimate := shift.at(-z), shift.at(z), shift.at(0)
	r := distance(estimate)
	r.Details = map[string]float64{"lower": lower, "upper": upper}
	if math.IsNaN(estimate) {
		return r
	}
	r.Verdict = "Pass"
	limit := o.number("tolerance") * math.Abs(estimate)
	switch direction := o.word("direction"); {
	case direction != "Decrease" && lower > limit:
		r.Verdict = "High"
	case direction != "Increase" && upper < -limit:
		r.Verdict = "Low"
	}
	return r
}

// shiftTest finds by how much the current side has to be moved for a Mann-Whitney test to be z.
type shiftTest struct{ ref, cur []float64 }

// statistic is the standard normal one with the current side moved down by mu.
func (s *shiftTest) statistic(mu float64) float64 {
	n, m := float64(len(s.cur)), float64(len(s.ref))
	moved := make([]float64, len(s.cur))
	for i, v := range s.cur {
		moved[i] = v - mu
	}
	var rank, ties float64
	ranks(moved, s.ref, func(a, b, before float64) {
		t := a + b
		rank += a * (before + (t+1)/2)
		ties += t*t*t - t
	})
	d := rank - n*(n+1)/2 - n*m/2
	sd := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	if d != 0 {
		d -= math.Copysign(0.5, d)
	}
	return d / sd
}

// at is the shift at which the statistic is z, NaN where all values are tied.
func (s *shiftTest) at(z float64) float64 {
	low, high := s.cur[0]-s.ref[len(s.ref)-1], s.cur[len(s.cur)-1]-s.ref[0]
	f := func(mu float64) float64 { return s.statistic(mu) - z }
	a, b := f(low), f(high)
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return math.NaN()
	case a <= 0:
		return low
	case b >= 0:
		return high
	}
	return brent(f, low, high, a, b, 1e-4)
}

// brent finds a zero between a and b, where f has different signs, within the tolerance (Brent,
// Algorithms for Minimization without Derivatives, 1973, chapter 4; R's uniroot). The statistic is
// constant between jumps, so that which zero is found depends on the steps.
func brent(f func(float64) float64, a, b, fa, fb, tolerance float64) float64 {
	c, fc := a, fa
	for range 1000 {
		before := b - a
		if math.Abs(fc) < math.Abs(fb) {
			a, b, c = b, c, b
			fa, fb, fc = fb, fc, fb
		}
		small := 2*0x1p-52*math.Abs(b) + tolerance/2
		step := (c - b) / 2
		if math.Abs(step) <= small || fb == 0 {
			return b
		}
		if math.Abs(before) >= small && math.Abs(fa) > math.Abs(fb) {
			p, q := interpolated(a, b, c, fa, fb, fc)
			if p < 0.75*(c-b)*q-math.Abs(small*q)/2 && p < math.Abs(before*q/2) {
				step = p / q
			}
		}
		if math.Abs(step) < small {
			step = math.Copysign(small, step)
		}
		a, fa = b, fb
		b += step
		fb = f(b)
		if fb > 0 && fc > 0 || fb < 0 && fc < 0 {
			c, fc = a, fa
		}
	}
	return b
}

// interpolated is a step p/q from b: the secant's where a and c are one, else that of the inverse
// parabola. p is not negative.
func interpolated(a, b, c, fa, fb, fc float64) (p, q float64) {
	if a == c {
		p, q = (c-b)*(fb/fa), 1-fb/fa
	} else {
		r, s, t := fa/fc, fb/fc, fb/fa
		p = t * ((c-b)*r*(r-s) - (b-a)*(s-1))
		q = (r - 1) * (s - 1) * (t - 1)
	}
	if p > 0 {
		return p, -q
	}
	return -p, q
}
