// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// eddm is the early drift detection method (Baena-García and others, Early Drift Detection Method,
// 2006) on the distances between errors: with p their mean, s their standard deviation and m the
// largest p+2s, there is a warning where (p+2s)/m < α and a change where it is below β. It sees
// errors that become more frequent only. Memory: 200 bytes.
type eddm struct {
	alpha, beta float64
	minErrors   int
	eddmConvention

	n, last   int
	distances mean
	squares   float64
	most      float64
	// before are the distances at the maximum.
	before mean
}

// eddmConvention is in what the tools differ.
type eddmConvention struct {
	// sample divides the variance by the number of distances less one.
	sample bool
	// from is the first value at which the maximum is kept, over min_errors.
	from int
	// strict needs more than min_errors errors, not as many.
	strict bool
	// between leaves the first error out, before which there is none.
	between bool
}

var (
	eddmOurs    = eddmConvention{sample: true, between: true}
	eddmRiver   = eddmConvention{sample: true, from: 1, strict: true}
	eddmRiver09 = eddmConvention{from: -1, strict: true}
	eddmFrouros = eddmConvention{}
)

var eddmParameters = []Parameter{
	{"min_errors", 30, 1, largest, true, "errors after a start before there is a change"},
	{"alpha", 0.95, 0, 1, false, "α, the share of the largest distance below which there is a warning"},
	{"beta", 0.9, 0, 1, false, "β, the share of the largest distance below which there is a change"},
}

func newEDDM(c eddmConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		d := &eddm{alpha: v["alpha"], beta: v["beta"], minErrors: v.whole("min_errors"), eddmConvention: c}
		d.restart()
		return d, nil
	}
}

func (d *eddm) restart() {
	d.n, d.last, d.distances, d.squares, d.before = 0, 0, mean{}, 0, mean{}
	d.most = math.Inf(-1)
}

// estimate is the share of errors: one over their mean distance.
func (d *eddm) estimate() float64 { return 1 / d.distances.get() }

func (d *eddm) add(x float64) Change {
	d.n++
	if x == 0 {
		return Change{}
	}
	first := d.last == 0
	distance := float64(d.n - d.last)
	d.last = d.n
	if first && d.between {
		return Change{}
	}
	off := distance - d.distances.value
	d.distances.add(distance)
	d.squares += off * (distance - d.distances.value)
	if d.n < d.minErrors+d.from {
		return Change{}
	}
	n := float64(d.distances.n)
	if d.sample {
		n = max(n-1, 1)
	}
	level := d.distances.value + 2*math.Sqrt(d.squares/n)
	if level > d.most {
		d.most, d.before = level, d.distances
		return Change{}
	}
	if d.distances.n < d.minErrors || d.strict && d.distances.n == d.minErrors {
		return Change{}
	}
	after := d.distances.n - d.before.n
	switch p := level / d.most; {
	case p < d.beta:
		c := Change{Level: Drift, Before: 1 / d.before.get(), After: 1 / d.distances.without(d.before)}
		c.Since = int(math.Round(float64(after) / c.After))
		d.restart()
		return c
	case p < d.alpha:
		return Change{Level: Warning}
	}
	return Change{}
}
