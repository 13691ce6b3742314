// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// A sum of differences over groups is never below zero, so that two samples of one distribution
// differ by chance: the more groups and the fewer samples, the more. Jensen-Shannon's distance over
// 100 categories at 200 rows is 0.25 on average where nothing has changed. unbiased takes off what
// is expected.
//
// What is expected of a group follows from the sum k of its counts on both sides: had both one
// distribution, the part of k that is on one side would be hypergeometric, as k of all samples fall
// there. It is computed exactly where fewer than thinExpected samples of a group are expected on
// the smaller side, and else from the second derivative, which all of these methods share but for a
// factor: E = factor · (1/n + 1/m) · (1 − k/N) without pseudo-counts, whose sum over B groups is the
// well-known factor · (B−1) · (1/n + 1/m). Samples that depend on each other count as fewer
// (effective) ones.
//
// Source of the asymptotic bias: Miller 1955 for entropies; Bergsma, A bias-correction for Cramér's
// V and Tschuprow's T, Journal of the Korean Statistical Society 42, 2013, for V.

// thinExpected is the expected number of samples of a group from which on the second derivative
// does.
const thinExpected = 10

// divergence is a sum over groups of what their shares p and q add.
type divergence struct {
	// term is what a group adds, 0 for p = q. It is at least 0.
	term func(p, q float64) float64
	// factor is half of term's second derivative by q, times p, at p = q.
	factor float64
	pseudo float64
	// absolute says that term is the half of |p−q|, which has no second derivative.
	absolute bool
}

var (
	divergencePSI       = divergence{term: termPSI, factor: 1, pseudo: pseudoCount}
	divergenceKL        = divergence{term: termKL, factor: 1. / 2, pseudo: pseudoCount}
	divergenceJS        = divergence{term: termJS, factor: 1 / (8 * math.Ln2), pseudo: pseudoCount}
	divergenceHellinger = divergence{term: termHellinger, factor: 1. / 8, pseudo: pseudoCount}
	divergenceCramer    = divergence{term: termCramer, factor: 1. / 4}
)

// unbiased is the sum over all groups less what is expected without a difference, at least 0.
// effRef and effCur are the effective numbers of samples of the totals nRef and nCur.
func (d *divergence) unbiased(ref, cur []float64, nRef, nCur, effRef, effCur float64) float64 {
	s := shares{pseudo: d.pseudo, nRef: nRef + d.pseudo*float64(len(ref)), nCur: nCur + d.pseudo*float64(len(ref))}
	_ = cur[:len(ref):len(ref)]
	var chance chance
	chance.init(d, s, nRef, nCur, effRef, effCur)
	var sum float64
	for i, r := range ref {
		if r == 0 && cur[i] == 0 && d.pseudo == 0 {
			continue
		}
		p, q := s.of(r, cur[i])
		sum += d.term(p, q) - chance.expected(r*chance.ref.scale+cur[i]*chance.cur.scale)
	}
	return max(sum, 0)
}

// chance is what a divergence is expected to be without a difference.
type chance struct {
	*divergence
	ref, cur side
	// thin is the sum of both counts of a group up to which the expectation is computed exactly.
	thin float64
	// knots are exact expectations at the sums that knot gives; NaN where not computed yet. Between
	// them the expectation is as good as straight.
	knots [maxKnots]float64
}

// side is a sample: its effective size, effective samples by sample, and the total of its shares.
type side struct{ n, scale, total float64 }

// share of x effective samples.
func (s *side) share(x, pseudo float64) float64 { return (x/s.scale + pseudo) / s.total }

func (c *chance) init(d *divergence, s shares, nRef, nCur, effRef, effCur float64) {
	c.divergence, c.ref, c.cur = d, side{effRef, effRef / nRef, s.nRef}, side{effCur, effCur / nCur, s.nCur}
	c.thin = min(thinExpected*(effRef+effCur)/min(effRef, effCur), largestKnot)
	for i := range c.knots {
		c.knots[i] = math.NaN()
	}
}

// expected is what a group adds whose counts on both sides add up to k effective samples.
func (c *chance) expected(k float64) float64 {
	if k >= c.thin {
		return c.thick(k)
	}
	i := knotBelow(k)
	below, above := knot(i), knot(i+1)
	at := (k - below) / (above - below)
	if at == 0 {
		return c.at(i)
	}
	return (1-at)*c.at(i) + at*c.at(i+1)
}

// thick takes the second derivative where the counts are expected: the added pseudo-counts draw
// shares of few samples and of many toward another value.
func (c *chance) thick(k float64) float64 {
	if c.absolute {
		return math.Sqrt(c.variance(k) / (2 * math.Pi))
	}
	n := c.ref.n + c.cur.n
	p, q := c.ref.share(k*c.ref.n/n, c.pseudo), c.cur.share(k*c.cur.n/n, c.pseudo)
	return c.term(p, q) + c.factor*c.variance(k)*2/(p+q)
}

// variance is that of a group's difference of shares.
func (c *chance) variance(k float64) float64 {
	n := c.ref.n + c.cur.n
	deviation := 1/(c.ref.scale*c.ref.total) + 1/(c.cur.scale*c.cur.total)
	return k * (c.ref.n / n) * (c.cur.n / n) * max(1-k/n, 0) * deviation * deviation
}

// at is the exact expectation at a knot.
func (c *chance) at(i int) float64 {
	if math.IsNaN(c.knots[i]) {
		c.knots[i] = c.exact(knot(i))
	}
	return c.knots[i]
}

// exact sums over all ways in which k samples, a whole number, can fall on both sides.
func (c *chance) exact(k float64) float64 {
	small, large := &c.ref, &c.cur
	if c.cur.n < c.ref.n {
		small, large = large, small
	}
	k = min(k, math.Floor(small.n+large.n))
	var sum, weights float64
	weight := 1.0
	for x := max(math.Ceil(k-large.n), 0); x <= k && weight > 1e-12*weights; x++ {
		a, b := small.share(x, c.pseudo), large.share(k-x, c.pseudo)
		if small == &c.cur {
			a, b = b, a
		}
		sum += weight * c.term(a, b)
		weights += weight
		weight *= (k - x) / (x + 1) * max(small.n-x, 0) / max(large.n-k+x+1, 0.5)
	}
	return sum / weights
}

// The knots are 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, ... 3·2^30.
const (
	maxKnots    = 64
	largestKnot = 3 << 30
)

func knot(i int) float64 {
	switch {
	case i < 4:
		return float64(i)
	case i%2 == 0:
		return math.Ldexp(1, i/2)
	default:
		return math.Ldexp(3, i/2-1)
	}
}

// knotBelow is the last knot that is at most k.
func knotBelow(k float64) int {
	if k < 4 {
		return int(k)
	}
	fraction, exponent := math.Frexp(k) // k = fraction·2^exponent, fraction in [½, 1)
	i := 2 * (exponent - 1)
	if fraction >= 0.75 {
		i++
	}
	return i
}
