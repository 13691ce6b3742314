// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/figures"
)

// most is the largest share of the reference that may have changed where the rest is as before.
const most = 0.6

// together is the part of all that has moved that a group must have.
const together = 0.75

// spikes are the models in which one value has become more frequent or rarer.
func (c *comparison) spikes() (out []model) {
	for _, bin := range c.bins {
		cell := slices.Index(c.cells, bin+1)
		p, q := c.ref.share(bin), c.cur.share(bin)
		m := c.without(cell)
		m.kind, m.parameters, m.text = Spike, 2, "spike: "
		if q < p {
			m.kind, m.text = Gap, "gap: "
		}
		m.text += c.valueOf(bin) + " is " + figures.Percent(q) + " of the values, was " + figures.Percent(p)
		out = append(out, m)
	}
	return out
}

// valueOf writes a bin that is as good as one value.
func (c *comparison) valueOf(bin int) string {
	low, high := c.cur.edges(bin)
	if a, b := figures.Short(low), figures.Short(high); a == b || high == math.Nextafter(low, math.Inf(1)) {
		return b
	}
	return figures.Range(low, high)
}

// tails is the model in which the ends have more values.
func (c *comparison) tails() []model {
	bins := len(c.ref.bounds) + 1
	under, over := c.cur.at(c.lower), 1-c.cur.at(c.upper)
	before, after := c.ref.at(c.lower), 1-c.ref.at(c.upper)
	if under+over <= before+after || under+over > most {
		return nil
	}
	m := model{kind: Tail, parameters: 2}
	expected := slices.Clone(c.q)
	inner, kept := 1-before-after, 1-under-over
	start := 0
	for i, end := range c.cells {
		if start >= c.lower && end <= c.upper {
			expected[i] = c.p[i] * kept / inner
		}
		start = end
	}
	m = c.judgeShares(m, expected)
	side := func(text string, now, was, end float64, shows bool) string {
		out := fmt.Sprintf("%s of the values are %s, was %s", figures.Percent(now), text, figures.Percent(was))
		if shows && c.cur.known {
			out += ", to " + figures.Short(end)
		}
		return out
	}
	if over-after >= under-before && c.upper < bins {
		m.text = "tail: " + side(figures.Range(c.ref.bounds[c.upper-1], math.Inf(1)), over, after, c.cur.high, c.cur.high > c.ref.high)
	} else if c.lower > 0 {
		m.text = "tail: " + side(figures.Range(math.Inf(-1), c.ref.bounds[c.lower-1]), under, before, c.cur.low, c.cur.low < c.ref.low)
	} else {
		return nil
	}
	return []model{m}
}

// without is the model in which all cells but one have kept their shares among themselves; that one
// has the share that it has.
func (c *comparison) without(cell int) model {
	expected := make([]float64, len(c.p))
	for i, p := range c.p {
		expected[i] = p * (1 - c.q[cell]) / max(1-c.p[cell], math.SmallestNonzeroFloat64)
	}
	expected[cell] = c.q[cell]
	return c.judgeShares(model{}, expected)
}

// mixtures is the best of the models in which a group of values has come or gone, in neighbouring
// cells.
func (c *comparison) mixtures() []model {
	// What all others leave is 2·n·(Σ q·ln(q/p) − Q·ln(Q/P)), with their sums Q and P.
	all := 0.0
	terms := make([]float64, len(c.p))
	for i, q := range c.q {
		if q > 0 {
			terms[i] = q * math.Log(q/max(c.p[i], 0.5/(c.ref.n+1)))
		}
		all += terms[i]
	}
	moved := distance(c.p, c.q) - chance(c.p, c.ref.n, c.cur.n)
	best, from, to := model{left: math.Inf(1)}, 0, 0
	cost := math.Inf(1)
	for first := range c.p {
		p, q, inside := 0.0, 0.0, 0.0
		for last := first; last < len(c.p); last++ {
			p, q, inside = p+c.p[last], q+c.q[last], inside+terms[last]
			if p > most || q > 1-outer || 2*(last-first+1) > len(c.p) {
				break
			}
			if math.Abs(q-p) < together*moved {
				continue
			}
			m := model{kind: Mixture, parameters: float64(last-first+1) + 1}
			m.left = max(2*c.n*(all-inside-(1-q)*math.Log((1-q)/(1-p))), 0)
			if one := m.left + parameter*m.parameters*math.Log(c.n); one < cost {
				best, from, to, cost = m, first, last, one
			}
		}
	}
	if math.IsInf(cost, 1) {
		return nil
	}
	best.text = c.group(from, to)
	return []model{best}
}

// group describes the cells in which a group of values has come or gone.
func (c *comparison) group(first, last int) string {
	low, high := math.Inf(-1), math.Inf(1)
	if first > 0 {
		low = c.ref.bounds[c.cells[first-1]-1]
	}
	if end := c.cells[last]; end <= len(c.ref.bounds) {
		high = c.ref.bounds[end-1]
	}
	p, q := 0.0, 0.0
	for i := first; i <= last; i++ {
		p += c.p[i]
		q += c.q[i]
	}
	return fmt.Sprintf("mixture: %s is %s of the values, was %s; the others are as before", figures.Range(low, high), figures.Percent(q), figures.Percent(p))
}

// describeOther gives the middle and the width of both sides.
func (c *comparison) describeOther() string {
	text := "changed: "
	before, now := figures.Apart(c.fine.quantile(0.5), c.cur.quantile(0.5))
	text += "median " + before + " → " + now
	text += ", the middle 80 % " + figures.Range(c.fine.quantile(0.1), c.fine.quantile(0.9)) + " → " + figures.Range(c.cur.quantile(0.1), c.cur.quantile(0.9))
	return text
}

// constant says that all values are one.
func constant(v float64) Change {
	return Change{Constant, "constant: all values are " + figures.Short(v)}
}
