// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// prequential is no detector: its estimate is the mean in which a value counts α times as much as
// the one after it, the prequential error with a fading factor (Gama, Sebastião and Rodrigues,
// Issues in Evaluation of Stream Learning Algorithms, 2009). Memory: 50 bytes.
type prequential struct{ alpha, sum, weight float64 }

var prequentialParameters = []Parameter{
	{"alpha", 0.999, 0, 1, false, "α, what a value counts compared with the one after it"},
}

func newPrequential(v values) (algorithm, error) { return &prequential{alpha: v["alpha"]}, nil }

func (d *prequential) add(x float64) Change {
	d.sum, d.weight = d.alpha*d.sum+x, d.alpha*d.weight+1
	return Change{}
}

func (d *prequential) estimate() float64 { return d.sum / d.weight }

// rolling is no detector: its estimate is the mean of the last values. Memory: 8 bytes for each of
// them.
type rolling struct {
	last ring
	sum  float64
}

var rollingParameters = []Parameter{{"window", 1000, 1, 100_000, true, "values of which the mean is taken"}}

func newRolling(v values) (algorithm, error) { return &rolling{last: newRing(v.whole("window"))}, nil }

func (d *rolling) add(x float64) Change {
	if d.last.full() {
		d.sum -= d.last.at(0)
	}
	d.last.push(x)
	d.sum += x
	if d.last.end == 0 { // so that errors of rounding do not add up
		d.sum = 0
		for i := range d.last.n {
			d.sum += d.last.at(i)
		}
	}
	return Change{}
}

func (d *rolling) estimate() float64 {
	if d.last.n == 0 {
		return math.NaN()
	}
	return d.sum / float64(d.last.n)
}

// ring are the last values.
type ring struct {
	values []float64
	n, end int // end is where the next one goes
}

func newRing(room int) ring { return ring{values: make([]float64, room)} }

func (r *ring) full() bool { return r.n == len(r.values) }

func (r *ring) push(x float64) {
	r.values[r.end] = x
	r.end = (r.end + 1) % len(r.values)
	r.n = min(r.n+1, len(r.values))
}

// at returns the i-th value, the oldest first.
func (r *ring) at(i int) float64 { return r.values[(r.end-r.n+i+len(r.values))%len(r.values)] }

func (r *ring) clear() { r.n = 0 }
