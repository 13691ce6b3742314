// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// kswin compares the newest r values with r of the values before them by the test of Kolmogorov and
// Smirnov (Raab, Heusinger and Schleif, Reactive Soft Prototype Computing for Concept Drift Streams,
// 2020): a change where the exact two-sided p-value of two samples of r values is at most α. It sees
// any change of the distribution, not only of the mean. Ours takes the r values just before; the
// tools draw r values at random from a longer window. Memory: 8 bytes for each of window + 2·r
// values, 16 KB at the default, and 3.5 KB where values are drawn.
type kswin struct {
	recent, clock int
	// steps is the least number of values by which the two distribution functions must differ: the
	// p-value of two samples of one size depends on it alone.
	steps int
	draw  drawing

	last     ring
	ticks    int
	old, now []float64
	places   []int
	// again makes the drawing of a start, where each start has it.
	again func() drawing
}

// drawing chooses which of n values are compared: their places.
type drawing interface{ draw(n int, places []int) }

// kswinConvention is in what the tools differ.
type kswinConvention struct {
	draws func(seed uint32) drawing
	// floor is a distance that must be exceeded, too.
	floor float64
	// reseed begins the random numbers anew after a change.
	reseed bool
}

var (
	kswinOurs    = kswinConvention{}
	kswinRiver   = kswinConvention{draws: newPythonDrawing, floor: 0.1, reseed: true}
	kswinFrouros = kswinConvention{draws: newNumpyDrawing}
)

var (
	kswinAlpha  = func(p float64) Parameter { return Parameter{"alpha", p, 1e-300, 1, false, "p-value that is a change"} }
	kswinWindow = Parameter{"window", 100, 2, 10_000, true, "values, from the older of which some are drawn"}
	kswinRecent = func(n float64) Parameter {
		return Parameter{"recent", n, 1, 10_000, true, "newest values, which are compared with as many older ones"}
	}
	kswinSeed = Parameter{"seed", 0, 0, math.MaxUint32, true, "seed of the random choice, as the tool's generator takes it"}

	kswinParameters = []Parameter{
		kswinAlpha(1e-5), kswinRecent(500),
		{"clock", 50, 1, largest, true, "values between two tests"},
	}
	kswinRiverParameters   = []Parameter{kswinAlpha(0.005), kswinWindow, kswinRecent(30), kswinSeed}
	kswinFrourosParameters = []Parameter{kswinAlpha(0.0001), kswinWindow, kswinRecent(30), kswinSeed}
)

func newKSWIN(c kswinConvention) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		d := &kswin{recent: v.whole("recent"), clock: max(v.whole("clock"), 1)}
		window := v.whole("window")
		if c.draws == nil {
			window = 2 * d.recent
		} else {
			again := func() drawing { return c.draws(uint32(v["seed"])) }
			d.draw, d.places = again(), make([]int, d.recent)
			if c.reseed {
				d.again = again
			}
		}
		if window < 2*d.recent {
			return nil, errors.New("window: has to be at least twice recent")
		}
		var possible bool
		if d.steps, possible = leastSteps(d.recent, v["alpha"], c.floor); !possible {
			return nil, errors.New("alpha: so few recent values can never have so small a p-value")
		}
		d.last = newRing(window)
		d.old, d.now = make([]float64, d.recent), make([]float64, d.recent)
		return d, nil
	}
}

// leastSteps returns the smallest h such that two samples of n values whose distribution functions
// differ by h/n have a p-value of at most alpha, and differ by more than floor.
func leastSteps(n int, alpha, floor float64) (int, bool) {
	x, y := make([]float64, n), make([]float64, n)
	least, possible := 1, false
	// The p-value falls with h.
	for low, high := 1, n; low <= high; {
		h := (low + high) / 2
		for i := range n {
			x[i], y[i] = float64(i), float64(i+h)
		}
		if _, p := stats.KSTwoSample(x, y); p <= alpha {
			least, possible, high = h, true, h-1
		} else {
			low = h + 1
		}
	}
	for float64(least)/float64(n) <= floor {
		least++
	}
	return least, possible && least <= n
}

func (d *kswin) estimate() float64 {
	var m mean
	for i := max(d.last.n-d.recent, 0); i < d.last.n; i++ {
		m.add(d.last.at(i))
	}
	return m.get()
}

func (d *kswin) add(x float64) Change {
	d.last.push(x)
	d.ticks++
	if !d.last.full() || d.ticks%d.clock != 0 {
		return Change{}
	}
	older := d.last.n - d.recent
	for i := range d.recent {
		d.now[i] = d.last.at(older + i)
	}
	d.fillOld(older)
	slices.Sort(d.old)
	slices.Sort(d.now)
	if apart(d.old, d.now) < d.steps {
		return Change{}
	}
	c := Change{Level: Drift, Since: d.recent}
	var before, after mean
	for i := range older {
		before.add(d.last.at(i))
	}
	for i := range d.now {
		after.add(d.now[i])
	}
	c.Before, c.After = before.get(), after.get()
	d.last.clear()
	if d.again != nil {
		d.draw = d.again()
	}
	d.ticks = 0
	return c
}

// fillOld takes the older values that are compared, of the first n.
func (d *kswin) fillOld(n int) {
	if d.draw == nil {
		for i := range d.old {
			d.old[i] = d.last.at(i)
		}
		return
	}
	d.draw.draw(n, d.places)
	for i, at := range d.places {
		d.old[i] = d.last.at(at)
	}
}

// apart returns by how many values the distribution functions of two sorted samples of one size
// differ.
func apart(x, y []float64) int {
	most := 0
	for i, j := 0, 0; i < len(x) && j < len(y); {
		v := min(x[i], y[j])
		for i < len(x) && x[i] <= v {
			i++
		}
		for j < len(y) && y[j] <= v {
			j++
		}
		most = max(most, i-j, j-i)
	}
	return most
}
