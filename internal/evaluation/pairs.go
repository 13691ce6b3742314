// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Pairs counts the same rows judged twice: whether something (that the answer was right, that it was
// a false positive) is so of the first side's answer, and of the second's.
type Pairs struct{ both, first, second, neither cell }

// Add counts a row. It returns false, and counts nothing, if the weight is not positive and finite.
func (p *Pairs) Add(first, second bool, weight float64) bool {
	return p.count(first, second, weight, 1)
}

// Remove takes a row away that was added.
func (p *Pairs) Remove(first, second bool, weight float64) bool {
	return p.count(first, second, weight, -1)
}

func (p *Pairs) count(first, second bool, weight float64, sign int64) bool {
	if !usable(weight) {
		return false
	}
	at := &p.neither
	switch {
	case first && second:
		at = &p.both
	case first:
		at = &p.first
	case second:
		at = &p.second
	}
	at.count(weight, sign)
	return true
}

// Merge adds all rows of another one.
func (p *Pairs) Merge(o *Pairs) {
	p.both.add(o.both)
	p.first.add(o.first)
	p.second.add(o.second)
	p.neither.add(o.neither)
}

// Rows are those of which it is so on both sides, on the first, on the second, and on neither.
func (p *Pairs) Rows() (both, first, second, neither int64) {
	return p.both.rows, p.first.rows, p.second.rows, p.neither.rows
}

// Shares are those of the rows of which it is so on the first side, and on the second, with Wilson's
// intervals.
func (p *Pairs) Shares(level float64) (first, second Interval) {
	return share(sum(p.both, p.first), sum(p.second, p.neither), level), share(sum(p.both, p.second), sum(p.first, p.neither), level)
}

// Difference is the second side's share minus the first one's, by Newcombe's method 10 for paired
// rows (Statistics in Medicine 17, 1998, 2635): Wilson's bounds of both, taken together with the
// correlation φ of the two sides.
func (p *Pairs) Difference(level float64) Interval {
	first, second := p.Shares(level)
	n := sum(p.both, p.first, p.second, p.neither)
	if n.rows == 0 {
		return undefined(-1, 1, 0)
	}
	scale := n.n() / n.weight
	e, f, g, h := p.both.weight*scale, p.first.weight*scale, p.second.weight*scale, p.neither.weight*scale
	product := (e + f) * (g + h) * (e + g) * (f + h)
	phi := 0.0
	if product > 0 {
		above := e*h - f*g
		if above > 0 {
			above = max(above-n.n()/2, 0)
		}
		phi = above / math.Sqrt(product)
	}
	combine := func(a, b float64) float64 { return math.Sqrt(max(a*a-2*phi*a*b+b*b, 0)) }
	d := second.Point - first.Point
	return Interval{
		Point: d,
		Lower: d - combine(second.Point-second.Lower, first.Upper-first.Point),
		Upper: d + combine(second.Upper-second.Point, first.Point-first.Lower),
		N:     n.n(),
	}.from(-1)
}

// McNemar tests that both sides are so equally often (McNemar, Psychometrika 12, 1947), by the rows
// of which it is so on one side alone, which are heads and tails then: exact is the binomial test's
// two-sided p, which errs on the safe side, mid that with half the probability of what was seen
// (Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13, 2013). Weights are not looked
// at. Without such rows both are 1.
func (p *Pairs) McNemar() (exact, mid float64) {
	n, k := p.first.rows+p.second.rows, min(p.first.rows, p.second.rows)
	if n <= 0 || k < 0 {
		return 1, 1
	}
	b := distuv.Binomial{N: float64(n), P: 0.5}
	below, at := b.CDF(float64(k)), b.Prob(float64(k))
	return min(2*below, 1), min(2*below-at, 1)
}
