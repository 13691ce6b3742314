// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

const (
	// parameter is what a parameter costs, in units of the logarithm of the number of values (BIC).
	parameter = 1
	// search is what a model must be better than none by, beyond its parameters: many are tried.
	search = 9
	// margin is what a later model must be better than an earlier one by.
	margin = 4
	// explained is the part of the difference that a model has to explain.
	explained = 0.7
)

// model is one way in which the reference may have become the current distribution.
type model struct {
	kind Kind
	// left is the difference that it does not explain: the likelihood ratio G² of the cells.
	left float64
	// doubt is what else speaks against it, on the same scale.
	doubt float64
	// parameters is how many were fitted.
	parameters float64
	text       string
}

// Numbers says how numbers have changed. Both samples are in the same bins, or the current one in
// unions of the reference's, such as the groups that segments are counted in. Ends that are not
// known are NaN, or inside the bounds. Sums tell where values beyond the bounds lie.
func Numbers(reference, current stats.Sample) Change {
	fine, cur := newSide(reference), newSide(current)
	if fine == nil || cur == nil {
		return Change{}
	}
	ref := fine.within(cur.bounds)
	if ref == nil {
		return Change{}
	}
	if v, ok := cur.only(); ok {
		if w, same := ref.only(); !same || w != v {
			return constant(v)
		}
		return Change{}
	}
	c := newComparison(fine, ref, cur)
	cost := func(m model) float64 { return m.left + m.doubt + parameter*m.parameters*math.Log(c.n) }
	none := c.judge(model{}, func(x float64) float64 { return x })
	best := none
	for _, m := range c.models() {
		with := 0.0
		switch {
		case best.kind == None:
			with = search
		case best.kind != m.kind:
			with = margin
		}
		if cost(m)+with < cost(best) {
			best = m
		}
	}
	fit := best.left <= (1-explained)*none.left || best.left <= c.chance()
	switch {
	case best.kind == None && none.left <= c.chance():
		return Change{}
	case best.kind == None || !fit:
		return Change{Other, c.describeOther()}
	}
	return Change{best.kind, best.text}
}

// chance is what a model that is right may leave: chi² of as many degrees of freedom, less one, is
// above it once in some thousand times.
func (c *comparison) chance() float64 {
	df := float64(len(c.cells) - 1)
	return df + 4.5*math.Sqrt(2*df)
}

// models are all that are tried, in the order of their kinds.
func (c *comparison) models() []model {
	var out []model
	out = append(out, c.powers()...)
	out = append(out, c.spikes()...)
	out = append(out, c.tails()...)
	out = append(out, c.moved()...)
	out = append(out, c.mixtures()...)
	return append(out, c.factor()...) // a factor that is no power of ten has to be the clearly better one
}
