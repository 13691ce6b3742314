// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"math"
	"slices"
)

// maxCells is how many cells a histogram is drawn in.
const maxCells = 40

// histogram is two distributions in cells of equal width on an axis. What lies outside of the axis
// is in the first and the last cell.
type histogram struct {
	// low and high are the ends of the axis; of a logarithmic one, of the numbers.
	low, high float64
	// log says that the axis is logarithmic.
	log bool
	// before and now are the shares of the cells.
	before, now []float64
	// below and above say that there are values outside of the axis.
	below, above bool
}

// newHistogram chooses an axis on which both samples can be seen, and counts into it.
func newHistogram(before, now []piece, whole bool) *histogram {
	if len(before) == 0 {
		return nil
	}
	h := &histogram{}
	h.chooseAxis(before, now, whole)
	h.before, h.now = h.spread(before, whole), h.spread(now, whole)
	return h
}

// The axis reaches from the smaller of both samples' 0.5 % quantiles to the larger of the 99.5 %
// quantiles: a few outliers do not press all others together.
const tail = 0.005

func (h *histogram) chooseAxis(before, now []piece, whole bool) {
	cells := maxCells
	h.low, h.high = quantile(before, tail), quantile(before, 1-tail)
	if len(now) > 0 {
		h.low, h.high = min(h.low, quantile(now, tail)), max(h.high, quantile(now, 1-tail))
	}
	if h.low > 0 && h.low < h.high/4 && !skewed(before, now, h.low, h.high) || h.low < 0 && h.high > 0 {
		h.low = min(h.low, 0) // an axis of amounts begins at 0 where that costs little
	}
	switch {
	case whole && h.high-h.low <= 10*maxCells:
		// A cell holds the same number of whole numbers, from half below to half above.
		h.low, h.high = math.Floor(h.low), math.Ceil(h.high)
		each := math.Ceil((h.high - h.low + 1) / maxCells)
		cells = int(math.Ceil((h.high - h.low + 1) / each))
		h.low -= 0.5
		h.high = h.low + each*float64(cells)
	case !(h.high > h.low):
		d := max(math.Abs(h.low)/10, 0.5)
		h.low, h.high = h.low-d, h.high+d
	case h.low >= 0 && h.high > 0 && skewed(before, now, h.low, h.high):
		if low := smallestPositive(before, now); low < h.high/100 {
			h.low, h.log = low, true
		}
	}
	if math.IsInf(h.high-h.low, 0) {
		h.low, h.high = h.low/2, h.high/2
	}
	h.before, h.now = make([]float64, cells), make([]float64, cells)
}

// skewed says whether three quarters of a sample lie in a tenth of the axis.
func skewed(before, now []piece, low, high float64) bool {
	for _, side := range [][]piece{before, now} {
		if len(side) > 0 && quantile(side, 0.75) < low+(high-low)/10 {
			return true
		}
	}
	return false
}

// smallestPositive is where a logarithmic axis begins: the smaller of both samples' quantiles of
// the numbers above 0.
func smallestPositive(before, now []piece) float64 {
	least := math.Inf(1)
	for _, side := range [][]piece{before, now} {
		var above []piece
		for _, p := range side {
			if p.hi > 0 {
				above = append(above, piece{max(p.lo, p.hi/1000), p.hi, p.n})
			}
		}
		if len(above) > 0 {
			least = min(least, quantile(above, tail))
		}
	}
	return least
}

// quantile returns a quantile of pieces that are in the order of their upper ends.
func quantile(pieces []piece, q float64) float64 {
	var total, sum float64
	for _, p := range pieces {
		total += p.n
	}
	for _, p := range pieces {
		if sum+p.n >= q*total {
			return p.lo + (p.hi-p.lo)*max(min((q*total-sum)/p.n, 1), 0)
		}
		sum += p.n
	}
	return pieces[len(pieces)-1].hi
}

// place is where a number lies on the axis, 0 to 1 within it.
func (h *histogram) place(v float64) float64 {
	if h.log {
		if v <= 0 {
			return -1
		}
		return math.Log(v/h.low) / math.Log(h.high/h.low)
	}
	return (v - h.low) / (h.high - h.low)
}

// spread counts pieces into the cells, in shares.
func (h *histogram) spread(pieces []piece, whole bool) []float64 {
	out := make([]float64, len(h.before))
	var total float64
	for _, p := range pieces {
		total += p.n
	}
	if total == 0 {
		return nil
	}
	n := float64(len(out))
	for _, p := range pieces {
		lo, hi := p.lo, p.hi
		if whole && !h.log && hi-lo > 1 {
			lo, hi = lo+0.5, hi+0.5 // of whole numbers, (2, 4] is 3 and 4
		}
		from, to := h.place(lo)*n, h.place(hi)*n
		h.below, h.above = h.below || from < -1e-9, h.above || to > n+1e-9
		from, to = max(min(from, n), 0), max(min(to, n), 0)
		first, last := min(int(from), len(out)-1), min(int(to), len(out)-1)
		if first == last || !(to > from) {
			out[last] += p.n / total
			continue
		}
		for i := first; i <= last; i++ {
			part := min(to, float64(i+1)) - max(from, float64(i))
			out[i] += p.n / total * max(part, 0) / (to - from)
		}
	}
	return out
}

// ticks are a few round numbers on the axis.
func (h *histogram) ticks() []float64 {
	if h.log {
		return h.logTicks()
	}
	step := niceStep((h.high - h.low) / 4)
	var out []float64
	for v := math.Ceil(h.low/step) * step; v <= h.high && len(out) < 12; v += step {
		if math.Abs(v) < step/1e6 {
			v = 0
		}
		out = append(out, v)
	}
	return out
}

func (h *histogram) logTicks() []float64 {
	var out []float64
	low, high := math.Log10(h.low), math.Log10(h.high)
	step := max(math.Ceil((high-low)/5), 1)
	for e := math.Ceil(low); e <= high; e += step {
		out = append(out, math.Pow(10, e))
	}
	if len(out) < 2 {
		out = slices.DeleteFunc([]float64{h.low, math.Sqrt(h.low * h.high), h.high}, math.IsNaN)
	}
	return out
}

// niceStep is the next of 1, 2, 5, 10, … times a power of ten.
func niceStep(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if v <= m*unit*(1+1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}
