// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/figures"
)

// quantiles are the places where the two distributions are laid on each other.
var quantiles = []float64{0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95}

const (
	// points is how many values of a parameter are tried at a time, rounds how often around the best.
	points, rounds = 12, 3
	// magnitudes is the largest power of ten that is tried.
	magnitudes = 6
	// near is by how many powers of ten a factor may miss one that it is taken for.
	near = 0.06
	// ends is what a width that is off by a power of ten leaves unexplained.
	ends = 40
	// means is how much more the mean tells.
	means = 5
	// odd is what speaks against a factor that is no power of ten: most that looks so is a shift.
	odd = 10
)

// powers is the best of the models in which all values are ten, a hundred, … times, or a tenth, a
// hundredth, … of what they were. Where most values lie beyond the bins, those do not tell, and the
// ends do.
func (c *comparison) powers() []model {
	best := model{doubt: math.Inf(1)}
	for k := -magnitudes; k <= magnitudes; k++ {
		if k == 0 {
			continue
		}
		f := math.Pow10(k)
		m := c.judge(model{kind: Scale, doubt: ends * math.Pow(c.off(f), 2)}, func(x float64) float64 { return x / f })
		if m.left+m.doubt < best.left+best.doubt {
			best = m
			best.text = c.scaled(f)
		}
	}
	if math.IsInf(best.doubt, 1) {
		return nil
	}
	return []model{best}
}

// off is by how many powers of ten the ends, the width and the mean, as far as they are known, are
// other than f times the reference's; infinite where nothing tells.
func (c *comparison) off(f float64) float64 {
	if !c.cur.known || !c.fine.known {
		under, over := c.cur.beyond(c.fine.bounds[0], c.fine.bounds[len(c.fine.bounds)-1])
		if !c.cur.summed && (under+over >= 0.5 || max(c.q[0], c.q[len(c.q)-1]) >= 0.8) {
			return math.Inf(1)
		}
		return c.meanOff(f)
	}
	// So many values reach at least to here, and at most to the reference's ends.
	low, high := c.fine.reach(c.cur.n)
	span := c.fine.high - c.fine.low
	by := max(c.meanOff(f), outside(c.cur.high-c.cur.low, (high-low)*f, span*f))
	for _, end := range [][3]float64{
		{c.cur.high, high, c.fine.high}, {-c.cur.low, -low, -c.fine.low}, {c.cur.low, c.fine.low, low}, {-c.cur.high, -c.fine.high, -high},
	} {
		if end[1] > 0 {
			by = max(by, outside(end[0], end[1]*f, end[2]*f))
		}
	}
	return by
}

// meanOff is off of the mean.
func (c *comparison) meanOff(f float64) float64 {
	if !c.cur.summed || c.fine.mean == 0 {
		return 0
	}
	return means * outside(c.cur.mean/c.fine.mean, f/1.25, f*1.25)
}

// outside is by how many powers of ten a positive number is out of a range.
func outside(v, low, high float64) float64 {
	if !(v > 0) {
		return math.Inf(1)
	}
	v = math.Log10(v)
	return max(0, math.Log10(max(low, math.SmallestNonzeroFloat64))-v, v-math.Log10(high))
}

func (c *comparison) scaled(f float64) string {
	before, now := figures.Apart(c.fine.mean, c.fine.mean*f)
	return fmt.Sprintf("scale ×%s: mean %s → %s", figures.Short(f), before, now)
}

// factor is the model in which all values are times the same factor.
func (c *comparison) factor() []model {
	if c.fine.quantile(0.01) < 0 || c.cur.quantile(0.01) < 0 {
		return nil
	}
	var tries []float64
	for _, p := range quantiles {
		if a, b := c.fine.quantile(p), c.cur.quantile(p); a > 0 && b > 0 {
			tries = append(tries, math.Log(b/a))
		}
	}
	if len(tries) == 0 {
		return nil
	}
	at := func(log float64) model {
		f := math.Exp(log)
		return c.judge(model{kind: Scale, parameters: 1, doubt: odd}, func(x float64) float64 { return x / f })
	}
	m, log := least(tries, at)
	if k := math.Round(log / math.Ln10); k != 0 && math.Abs(log/math.Ln10-k) < near {
		return nil // powers has it
	}
	m.text = c.scaled(math.Exp(log))
	return []model{m}
}

// moved are the models in which values are elsewhere, further apart, or both.
func (c *comparison) moved() []model {
	places := []float64{c.cur.mean - c.fine.mean}
	for _, p := range quantiles {
		places = append(places, c.cur.quantile(p)-c.fine.quantile(p))
	}
	if c.cur.known && c.fine.known {
		places = append(places, c.cur.low-c.fine.low, c.cur.high-c.fine.high)
	}
	middle := c.fine.quantile(0.5)
	affine := func(by, times, parameters float64) model {
		return c.judge(model{parameters: parameters}, func(x float64) float64 { return middle + (x-by-middle)/times })
	}
	shift, by := least(places, func(by float64) model { return affine(by, 1, 1) })
	widths := c.widths()
	spread, times := least(widths, func(log float64) model { return affine(0, math.Exp(log), 1) })
	shift.kind, shift.text = Shift, c.shifted(by, 1)
	spread.kind, spread.text = Spread, c.spreadBy(0, math.Exp(times))
	if enough := c.chance(); shift.left <= enough || spread.left <= enough {
		return []model{shift, spread}
	}
	var both model
	for range 2 {
		_, times = least(widths, func(log float64) model { return affine(by, math.Exp(log), 2) })
		both, by = least(places, func(by float64) model { return affine(by, math.Exp(times), 2) })
	}
	if math.Abs(by) >= math.Abs(times)*c.fine.sd {
		both.kind, both.text = Shift, c.shifted(by, math.Exp(times))
	} else {
		both.kind, both.text = Spread, c.spreadBy(by, math.Exp(times))
	}
	return []model{shift, spread, both}
}

// widths are the logarithms of how much wider the current sample is, by several measures.
func (c *comparison) widths() []float64 {
	out := []float64{-0.1, 0.1}
	for i := range len(quantiles) / 2 {
		p := quantiles[i]
		a, b := c.fine.quantile(1-p)-c.fine.quantile(p), c.cur.quantile(1-p)-c.cur.quantile(p)
		if a > 0 && b > 0 {
			out = append(out, math.Log(b/a))
		}
	}
	return out
}

// shifted describes a shift, perhaps with another width. Example: "shift: mean 12.1 → 14.9 (+0.8
// sd)".
func (c *comparison) shifted(by, times float64) string {
	what, before, now := c.middles(by, times)
	text := "shift: " + what
	if c.fine.sd > 0 {
		text += fmt.Sprintf(" (%+.2g sd)", (now-before)/c.fine.sd)
	}
	if times < 0.95 || times > 1.05 {
		text += fmt.Sprintf(", %s times as wide", figures.Short(times))
	}
	return text
}

// spreadBy describes another width, perhaps with another middle. Example: "spread: sd 1 → 1.5".
func (c *comparison) spreadBy(by, times float64) string {
	was, is := figures.Apart(c.fine.sd, c.fine.sd*times)
	text := fmt.Sprintf("spread: sd %s → about %s", was, is)
	what, before, now := c.middles(by, times)
	if math.Abs(now-before) < 0.1*c.fine.sd {
		return text
	}
	return text + ", " + what
}

// middles are the means, or where the bins are too wide to tell them, the medians. Where the median
// lies beyond the bins it is that of a model, which is about right.
func (c *comparison) middles(by, times float64) (what string, before, now float64) {
	name, about := "mean ", ""
	before, now = c.fine.mean, c.cur.mean
	if max(c.fine.vague(), c.cur.vague()) > 0.05*c.fine.sd {
		name = "median "
		before, now = c.fine.quantile(0.5), c.cur.quantile(0.5)
		if under, over := c.cur.beyond(c.fine.bounds[0], c.fine.bounds[len(c.fine.bounds)-1]); under >= 0.5 || over >= 0.5 {
			about, now = "about ", before+by
			if times != 1 {
				now = c.cur.quantile(0.5)
			}
		}
	}
	was, is := figures.Apart(before, now)
	return name + was + " → " + about + is, before, now
}

// least finds the parameter that leaves least, near those that are given.
func least(tries []float64, at func(float64) model) (best model, parameter float64) {
	best.left = math.Inf(1)
	try := func(x float64) {
		if m := at(x); m.left < best.left {
			best, parameter = m, x
		}
	}
	for _, x := range tries {
		try(x)
	}
	low, high := slices.Min(tries), slices.Max(tries)
	step := (high - low) / points
	from, n := low-step, points+3
	for range rounds {
		for i := range n {
			try(from + float64(i)*step)
		}
		if step == 0 || best.left == 0 {
			break
		}
		from, n = parameter-step, points+1
		step /= points / 2
	}
	return best, parameter
}
