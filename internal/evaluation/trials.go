// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Trials sums outcomes between 0 and 1: whether something was so, or a bounded measure of a row. All
// count once. Taking outcomes away again is not covered by the tests below, which are for outcomes
// that only come.
type Trials struct {
	n   int64
	sum float64
}

// Add counts an outcome; false, and nothing is counted, where it is none between 0 and 1.
func (t *Trials) Add(outcome float64) bool { return t.count(outcome, 1) }

// Remove takes an outcome away that was added.
func (t *Trials) Remove(outcome float64) bool { return t.count(outcome, -1) }

func (t *Trials) count(outcome float64, sign int64) bool {
	if !(outcome >= 0 && outcome <= 1) {
		return false
	}
	t.n += sign
	t.sum += float64(sign) * outcome
	if t.n == 0 {
		t.sum = 0
	}
	return true
}

// Trials are the outcomes of a rate: each row is one of whether it was right (accuracy), each row of
// other classes than the positive one of whether it was taken for it (FPR), each row of that class of
// whether it was found or missed (recall, FNR), and each row that was taken for it of whether it was
// (precision). ok is false for what is no such rate, and where rows have other weights than 1.
func (c *Confusion) Trials(m Measure, positive string) (t Trials, ok bool) {
	if m == MeasureAccuracy {
		right, all := c.right(), sum(c.cells...)
		return trials(right, all), plainRows(all)
	}
	if positive == "" {
		return t, false
	}
	n := c.Counts(positive)
	switch m {
	case MeasureFPR:
		t = trials(n.falsePositive, sum(n.falsePositive, n.trueNegative))
	case MeasureRecall:
		t = trials(n.truePositive, sum(n.truePositive, n.falseNegative))
	case MeasureFNR:
		t = trials(n.falseNegative, sum(n.truePositive, n.falseNegative))
	case MeasurePrecision:
		t = trials(n.truePositive, sum(n.truePositive, n.falsePositive))
	default:
		return t, false
	}
	return t, plainRows(sum(n.truePositive, n.falsePositive, n.falseNegative, n.trueNegative))
}

// Trials are the outcomes of the hit rate: each list is one of whether it had a relevant item among
// the first k. ok is false where lists have other weights than 1.
func (r *Ranking) Trials() (t Trials, ok bool) {
	all := sum(r.hit, r.miss)
	return trials(r.hit, all), plainRows(all)
}

func trials(of, all cell) Trials { return Trials{n: all.rows, sum: float64(of.rows)} }

// plainRows says whether all rows have the weight 1.
func plainRows(c cell) bool { return c.weight == float64(c.rows) && c.squares == c.weight }

// Merge adds the outcomes of another one.
func (t *Trials) Merge(o Trials) {
	t.n += o.n
	t.sum += o.sum
}

func (t Trials) mean() float64 { return min(max(t.sum/float64(t.n), 0), 1) }

// Encode writes the sums.
func (t Trials) Encode(e *wire.Encoder) {
	e.Varint(t.n)
	e.Float64(t.sum)
}

// DecodeTrials reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeTrials(d *wire.Decoder) Trials { return Trials{n: d.Varint(), sum: d.Float64()} }

// evidence is the logarithm of a mixture likelihood ratio against the mean p, given a function that
// has looked at the trials:
//
//	M(p) = ∫ (q/p)^S ((1−q)/(1−p))^(n−S) dBeta(½, ½)(q)
//
// of n outcomes with the sum S. Under the mean p it is a martingale of yes and no outcomes, and a
// supermartingale of bounded ones, as (q/p)^x((1−q)/(1−p))^(1−x) is convex in x; it starts with 1,
// so that it ever reaches 1/α with probability α at most (Ville). Robbins, Annals of Mathematical
// Statistics 41, 1970; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49, 2021.
func (t Trials) evidence() func(p float64) float64 {
	n, s := float64(t.n), min(max(t.sum, 0), float64(t.n))
	mixture := logBeta(0.5+s, 0.5+n-s) - logBeta(0.5, 0.5)
	return func(p float64) float64 {
		v := mixture
		if s > 0 {
			v -= s * math.Log(p)
		}
		if n-s > 0 {
			v -= (n - s) * math.Log1p(-p)
		}
		return v
	}
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// leastEvidence returns the least evidence against all pairs of means whose difference, b − a, is d: the
// sum of two convex functions, so that a golden section finds it.
func leastEvidence(a, b func(float64) float64, d float64) float64 {
	low, high := max(0, -d), min(1, 1-d)
	f := func(p float64) float64 {
		v := a(p) + b(min(max(p+d, 0), 1))
		if math.IsNaN(v) {
			return math.Inf(1)
		}
		return v
	}
	const ratio = 0.6180339887498949
	x, y := high-ratio*(high-low), low+ratio*(high-low)
	fx, fy := f(x), f(y)
	for range 70 {
		if fx <= fy {
			high, y, fy = y, x, fx
			x = high - ratio*(high-low)
			fx = f(x)
		} else {
			low, x, fx = x, y, fy
			y = low + ratio*(high-low)
			fy = f(y)
		}
	}
	return min(fx, fy)
}

// AlwaysValid is the interval of b's mean minus a's that holds the true one at all times at once with
// the level: it may be looked at after every outcome, and the trials ended at any time. It is the
// confidence sequence of the product of both sides' mixtures. The price is its width: about twice
// that of an interval that is looked at once.
func AlwaysValid(a, b Trials, level float64) Interval {
	n := float64(min(a.n, b.n))
	if a.n <= 0 || b.n <= 0 {
		return undefined(-1, 1, 0)
	}
	ea, eb := a.evidence(), b.evidence()
	evidence := func(d float64) float64 { return leastEvidence(ea, eb, d) }
	point := b.mean() - a.mean()
	most := -math.Log1p(-level)
	return Interval{Point: point, Lower: edge(evidence, most, point, -1), Upper: edge(evidence, most, point, 1), N: n}.from(-1)
}

// AlwaysValidMean is the interval of the mean that holds the true one at all times at once with the
// level, as AlwaysValid's does of a difference. Rows of which both sides are known are one side here:
// of the pairs of two models' answers, say, those that differ.
func AlwaysValidMean(t Trials, level float64) Interval {
	if t.n <= 0 {
		return undefined(0, 1, 0)
	}
	evidence, most, point := t.evidence(), -math.Log1p(-level), t.mean()
	return Interval{Point: point, Lower: edge(evidence, most, point, 0), Upper: edge(evidence, most, point, 1), N: float64(t.n)}.from(0)
}

// edge is where the evidence, which rises from the point on, comes to most; outer where it does not.
func edge(evidence func(float64) float64, most, point, outer float64) float64 {
	if evidence(outer) < most {
		return outer
	}
	in, out := point, outer
	for range 50 {
		middle := (in + out) / 2
		if evidence(middle) < most {
			in = middle
		} else {
			out = middle
		}
	}
	return out
}

// AlwaysValidP is the p-value of the hypothesis that b's mean is above a's by the margin at most. It
// may be looked at after every outcome: that it is ever α or less has the probability α at most if the
// hypothesis holds. It is one over the least evidence of all means of which it does (universal
// inference: Wasserman, Ramdas and Balakrishnan, PNAS 117, 2020), so it is 1 while b's mean looks no
// higher than that. A margin below 0 asks whether b is below a by less than that.
func AlwaysValidP(a, b Trials, margin float64) float64 {
	if a.n <= 0 || b.n <= 0 || !(b.mean()-a.mean() > margin) {
		return 1
	}
	return min(math.Exp(-leastEvidence(a.evidence(), b.evidence(), margin)), 1)
}
