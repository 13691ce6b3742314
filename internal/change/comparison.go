// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"cmp"
	"math"
	"slices"
)

const (
	// width is the share of the reference, or of the current sample, that a cell has at least.
	width = 1. / 32
	// outer is the share of the reference that counts as its tail, on either side.
	outer = 0.005
	// candidates is how many bins may be a spike.
	candidates = 3
	// narrow is how wide one value may be, as a part of the reference's middle 80 %.
	narrow = 0.01
	// rounding is the relative error of a value that was computed.
	rounding = 1e-9
)

// comparison is both sides in a few cells that are unions of bins.
type comparison struct {
	ref, cur *side
	// fine is the reference in its own bins, of which ref's may be unions.
	fine *side
	// n is the number of values in each of two equal samples that would be as sure.
	n float64
	// cells are the numbers of the first bin after each cell.
	cells    []int
	p, q     []float64 // the cells' shares of the reference and of the current sample
	bins     []int     // that may be a spike or a gap
	expected []float64 // room for judge
	// lower and upper are the first bin after the lower tail, and the first of the upper one.
	lower, upper int
}

func newComparison(fine, ref, cur *side) *comparison {
	c := &comparison{fine: fine, ref: ref, cur: cur, n: ref.n * cur.n / (ref.n + cur.n)}
	c.bins = c.heavy()
	bins := len(ref.bounds) + 1
	for c.lower < bins-1 && ref.below[c.lower] <= outer {
		c.lower++
	}
	c.upper = bins
	for c.upper-1 > c.lower && 1-ref.at(c.upper-1) <= outer {
		c.upper--
	}
	edges := []int{1, c.lower, c.upper, bins - 1}
	for _, bin := range c.bins {
		edges = append(edges, bin, bin+1)
	}
	mass, now := 0.0, 0.0
	for bin := range bins {
		mass += ref.share(bin)
		now += cur.share(bin)
		if mass >= width || now >= width || bin == bins-1 || slices.Contains(edges, bin+1) {
			c.cells = append(c.cells, bin+1)
			mass, now = 0, 0
		}
	}
	c.p, c.q = c.sharesOf(ref.at), c.sharesOf(cur.at)
	return c
}

// at is the share of values in the bins before one.
func (s *side) at(bin int) float64 {
	switch {
	case bin <= 0:
		return 0
	case bin > len(s.below):
		return 1
	}
	return s.below[bin-1]
}

// sharesOf are the shares of the cells, given that of the bins before each.
func (c *comparison) sharesOf(at func(bin int) float64) []float64 {
	return c.appendShares(make([]float64, 0, len(c.cells)), at)
}

func (c *comparison) appendShares(out []float64, at func(bin int) float64) []float64 {
	before := 0.0
	for _, end := range c.cells {
		now := at(end)
		out = append(out, max(now-before, 0))
		before = max(now, before)
	}
	return out
}

// heavy are the narrow bins whose share has changed by more than chance, those that have changed
// most first.
func (c *comparison) heavy() []int {
	type candidate struct {
		bin int
		z   float64
	}
	var all []candidate
	for bin := range len(c.ref.bounds) + 1 {
		p, q := c.ref.share(bin), c.cur.share(bin)
		pooled := (p + q) / 2
		z := math.Abs(q-p) / math.Sqrt(pooled*(1-pooled)/c.n+1e-300)
		if z > 4 && math.Abs(q-p) >= outer && c.oneValue(bin) {
			all = append(all, candidate{bin, z})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.z, a.z) })
	var out []int
	for _, one := range all[:min(len(all), candidates)] {
		out = append(out, one.bin)
	}
	return out
}

// oneValue reports whether a bin is as good as one value.
func (c *comparison) oneValue(bin int) bool {
	if (bin == 0 || bin == len(c.ref.bounds)) && !(c.cur.known && c.ref.known) {
		return false
	}
	low, high := c.cur.edges(bin)
	if bin == 0 || bin == len(c.ref.bounds) {
		a, b := c.ref.edges(bin)
		low, high = min(low, a), max(high, b)
	}
	return high-low <= narrow*(c.ref.quantile(0.9)-c.ref.quantile(0.1)) || high == math.Nextafter(low, math.Inf(1))
}

// judge computes what is left where values went from inverse(x) to x, for a function that rises.
func (c *comparison) judge(m model, inverse func(x float64) float64) model {
	bounds, in := c.ref.bounds, 0
	c.expected = c.appendShares(c.expected[:0], func(bin int) float64 {
		i := bin - 1
		if i >= len(bounds) {
			return 1
		}
		var v float64
		if i+1 < len(bounds) && bounds[i] == math.Nextafter(bounds[i+1], math.Inf(-1)) {
			v = inverse(bounds[i+1]) // the lower edge of a bin of one value: all below that value
			v = math.Nextafter(v-rounding*max(math.Abs(v), math.Abs(bounds[i])), math.Inf(-1))
		} else {
			v = inverse(bounds[i])
			v += rounding * max(math.Abs(v), math.Abs(bounds[i]))
		}
		for in < len(c.fine.bounds) && c.fine.bounds[in] < v {
			in++
		}
		return c.fine.cdfIn(in, v)
	})
	return c.judgeShares(m, c.expected)
}

// judgeShares is judge of expected shares of the cells.
func (c *comparison) judgeShares(m model, expected []float64) model {
	m.left = 0
	for i, q := range c.q {
		m.left += c.surprise(q, expected[i])
	}
	m.left = max(m.left, 0)
	return m
}

// surprise is a term of G², the likelihood ratio of shares: 2·n·q·ln(q/p). A share that is not
// expected at all counts as half a value.
func (c *comparison) surprise(q, p float64) float64 {
	if q <= 0 {
		return 2 * c.n * p // what is not there pays for the rest: the terms of p and q are q·ln(q/p)−q+p
	}
	p = max(p, 0.5/(c.ref.n+1))
	return 2 * c.n * (q*math.Log(q/p) - q + p)
}
