// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// bocd is Bayesian online change-point detection (Adams and MacKay 2007) of normal values of known
// variance whose mean has a normal prior: for each possible number of values since the last change
// it keeps the probability and the posterior of the mean. There is a change where the most probable
// one is not that there was none.
//
// Run lengths with a probability below e^-30 are dropped, and of more than max_runs the two oldest
// become one. A value takes time in proportion to the run lengths that are kept, mostly some dozens.
// Memory: 32 bytes for each of max_runs, 6.4 KB at the default.
type bocd struct {
	priorMean, priorPrecision, variance float64
	stay, leave                         float64 // logarithms of 1−hazard and hazard
	minValues                           int

	// runs are possible lengths, the longest first: it is that of no change.
	runs []bocdRun
	all  mean
}

// bocdRun is a possible number of values since the last change.
type bocdRun struct {
	// length is the number of values, log the logarithm of its probability.
	length          int
	log             float64
	mean, precision float64 // of the posterior of the mean
}

// improbable is the logarithm of a probability that is dropped.
const improbable = -30

var bocdParameters = []Parameter{
	{"prior_mean", 0, -math.MaxFloat64, math.MaxFloat64, false, "mean of the prior of the mean"},
	{"prior_variance", 1, 1e-300, math.MaxFloat64, false, "variance of the prior of the mean"},
	{"variance", 1, 1e-300, math.MaxFloat64, false, "variance of the values"},
	{"hazard", 0.01, 1e-12, 0.999999, false, "probability of a change at one value"},
	{"max_runs", 200, 2, 100_000, true, "run lengths that are kept"},
	minValues(30),
}

func newBOCD(v values) (algorithm, error) {
	d := &bocd{
		priorMean: v["prior_mean"], priorPrecision: 1 / v["prior_variance"], variance: v["variance"],
		stay: math.Log1p(-v["hazard"]), leave: math.Log(v["hazard"]), minValues: v.whole("min_values"),
		runs: make([]bocdRun, 0, v.whole("max_runs")+1),
	}
	d.restart()
	return d, nil
}

func (d *bocd) restart() {
	d.all = mean{}
	d.runs = append(d.runs[:0], bocdRun{mean: d.priorMean, precision: d.priorPrecision})
}

// estimate is the mean of the values that the most probable run length makes the last ones, with the
// prior.
func (d *bocd) estimate() float64 {
	if d.all.n == 0 {
		return math.NaN()
	}
	return d.runs[d.probable()].mean
}

func (d *bocd) add(x float64) Change {
	d.all.add(x)
	// The joint probabilities of the value with each length, and with a change before it.
	most := math.Inf(-1)
	for i := range d.runs {
		r := &d.runs[i]
		variance := 1/r.precision + d.variance
		off := x - r.mean
		r.log -= 0.5 * (math.Log(2*math.Pi*variance) + off*off/variance)
		r.length++
		precision := r.precision + 1/d.variance
		r.mean = (r.mean*r.precision + x/d.variance) / precision
		r.precision = precision
		most = max(most, r.log)
	}
	sum := 0.0
	for i := range d.runs {
		sum += math.Exp(d.runs[i].log - most)
		d.runs[i].log += d.stay
	}
	change := most + math.Log(sum) + d.leave
	d.runs = append(d.runs, bocdRun{log: change, mean: d.priorMean, precision: d.priorPrecision})
	most = max(most+d.stay, change)
	d.tidy(most)
	if d.all.n < d.minValues {
		return Change{}
	}
	best := d.probable()
	if best == 0 {
		return Change{}
	}
	r := d.runs[best]
	c := Change{Level: Drift, After: r.mean, Since: r.length}
	c.Before = d.all.without(mean{n: r.length, sum: float64(r.length) * r.sampleMean(d)})
	if r.length == 0 {
		c.After = x
	} else {
		c.After = r.sampleMean(d)
	}
	d.restart()
	return c
}

// sampleMean is the mean of a run's values without the prior.
func (r *bocdRun) sampleMean(d *bocd) float64 {
	if r.length == 0 {
		return 0
	}
	return (r.mean*r.precision - d.priorMean*d.priorPrecision) / (r.precision - d.priorPrecision)
}

// probable returns the place of the most probable run length; of equal ones, the shortest.
func (d *bocd) probable() int {
	best := 0
	for i := range d.runs {
		if d.runs[i].log >= d.runs[best].log {
			best = i
		}
	}
	return best
}

// tidy scales the probabilities by the largest one, drops improbable lengths and keeps to the limit.
func (d *bocd) tidy(most float64) {
	kept := d.runs[:0]
	for i, r := range d.runs {
		r.log -= most
		if i == 0 || i == len(d.runs)-1 || r.log > improbable {
			kept = append(kept, r)
		}
	}
	if len(kept) == cap(kept) {
		kept[0].log = math.Log(math.Exp(kept[0].log) + math.Exp(kept[1].log))
		kept = append(kept[:1], kept[2:]...)
	}
	d.runs = kept
}
