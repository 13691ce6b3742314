// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"math"
)

// cusum is the tabular CUSUM (Page 1954; Montgomery, Introduction to Statistical Quality Control):
// with z the value less the mean, over the standard deviation,
//
//	S⁺ = max(0, S⁺ + z − k), S⁻ = max(0, S⁻ − z − k), a change where either is above h
//
// Mean and standard deviation are given, or those of the first learn values. On independent normal
// values, one side has a false change about every (e^(2k(h+1.166)) − 2k(h+1.166) − 1)/(2k²) values
// (Siegmund 1985): 3.7 million at k = 0.25 and h = 25. Memory: 200 bytes.
type cusum struct {
	k, h      float64
	learn     int
	direction int
	given     bool

	mean, sd float64
	learned  mean
	squares  float64
	all      mean
	up, down excursion
}

var cusumParameters = []Parameter{
	{"k", 0.25, 0, 10, false, "deviation that is none, in standard deviations: half of the shift that is looked for"},
	{"h", 25, 0.1, 1e6, false, "sum of deviations that is a change, in standard deviations"},
	{"learn", 1000, 2, largest, true, "first values of which mean and standard deviation are taken"},
	{"mean", 0, -math.MaxFloat64, math.MaxFloat64, false, "mean without a change; with sd"},
	{"sd", 0, 0, math.MaxFloat64, false, "standard deviation without a change; 0 learns both"},
	direction,
}

func newCUSUM(v values) (algorithm, error) {
	if v["mean"] != 0 && v["sd"] == 0 {
		return nil, errors.New("mean: sd, the standard deviation, has to be given, too")
	}
	return &cusum{
		k: v["k"], h: v["h"], learn: v.whole("learn"), direction: v.whole("direction"),
		mean: v["mean"], sd: v["sd"], given: v["sd"] > 0,
	}, nil
}

func (d *cusum) estimate() float64 {
	if !d.given && d.learned.n < d.learn {
		return d.learned.get()
	}
	return d.all.get()
}

func (d *cusum) add(x float64) Change {
	if !d.given && d.learned.n < d.learn {
		off := x - d.learned.value
		d.learned.add(x)
		d.squares += off * (x - d.learned.value)
		if d.learned.n == d.learn {
			d.mean, d.sd = d.learned.value, math.Sqrt(d.squares/float64(d.learn-1))
			d.all = d.learned
		}
		return Change{}
	}
	d.all.add(x)
	z := x - d.mean
	if d.sd > 0 {
		z /= d.sd
	} else if z != 0 { // of a constant, any other value is a change
		z = math.Copysign(math.MaxFloat64/4, z)
	}
	rise := d.up.add(z-d.k, x, 1, true)
	fall := d.down.add(-z-d.k, x, 1, true)
	switch {
	case d.direction != downward && rise > d.h:
		return d.change(d.up.since)
	case d.direction != upwards && fall > d.h:
		return d.change(d.down.since)
	}
	return Change{}
}

// change starts anew: what was given stays, what was learned is learned again.
func (d *cusum) change(after mean) Change {
	c := Change{Level: Drift, Before: d.mean, After: after.get(), Since: after.n}
	d.learned, d.squares, d.all, d.up, d.down = mean{}, 0, mean{}, excursion{}, excursion{}
	return c
}
