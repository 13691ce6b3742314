// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// DefaultBins is a number of bins of scores: 15 kB if there are rows in each, areas under curves
// within about 0.002 of those of the scores themselves, and exact for scores of two decimals.
const DefaultBins = 200

const mostBins = 10_000

// histogram counts rows by score and by one of two classes. The score 1 has a bin of its own, so
// that scores that are multiples of 1/bins lie in different ones. Bins without rows take no memory.
type histogram struct {
	// last is the number of the bin of the score 1; the score 0 has bin 0.
	last int
	// bins are those that have had rows, and numbers say which they are, in order.
	bins    []bin
	numbers []uint16
}

// bin are the rows whose score lies in it.
type bin struct {
	positive, negative cell
	// scores is the sum of the weighted scores.
	scores float64
	// single is the score of all rows, unless they are mixed.
	single float64
	mixed  bool
}

func newHistogram(bins int) histogram {
	return histogram{last: min(max(bins, 2), mostBins)}
}

// number returns the number of the bin of a score; false where it is none between 0 and 1.
func (h *histogram) number(score float64) (uint16, bool) {
	if !(score >= 0 && score <= 1) {
		return 0, false
	}
	// 0.29·100 is less than 29.
	return uint16(math.Floor(score*float64(h.last) + 1e-9)), true
}

// bin returns a bin by its number, which it makes if need be.
func (h *histogram) bin(number uint16) *bin {
	if len(h.bins) > h.last {
		return &h.bins[number]
	}
	i, ok := slices.BinarySearch(h.numbers, number)
	if !ok {
		h.makeRoom(1)
		h.numbers = slices.Insert(h.numbers, i, number)
		h.bins = slices.Insert(h.bins, i, bin{})
	}
	return &h.bins[i]
}

// makeRoom is for n more bins. Few bins are often all that there will be.
func (h *histogram) makeRoom(n int) {
	if have := len(h.bins); have+n > cap(h.bins) {
		room := min(max(have+n, have*3/2, 4), h.last+1)
		h.bins = append(make([]bin, 0, room), h.bins...)
		h.numbers = append(make([]uint16, 0, room), h.numbers...)
	}
}

func (h *histogram) count(score float64, positive bool, weight float64, sign int64) bool {
	number, ok := h.number(score)
	if !ok || !usable(weight) {
		return false
	}
	b := h.bin(number)
	b.see(score, false)
	if positive {
		b.positive.count(weight, sign)
	} else {
		b.negative.count(weight, sign)
	}
	b.scores += float64(sign) * weight * score
	b.settle()
	return true
}

func (b *bin) empty() bool { return b.positive.rows == 0 && b.negative.rows == 0 }

func (b *bin) settle() {
	if b.empty() {
		*b = bin{}
	}
}

// see takes note of a score before its row is counted.
func (b *bin) see(score float64, mixed bool) {
	switch {
	case b.empty():
		b.single, b.mixed = score, mixed
	case score != b.single:
		b.mixed = true
	}
	b.mixed = b.mixed || mixed
}

func (b *bin) weight() float64 { return b.positive.weight + b.negative.weight }

// score is the mean of the scores of the bin's rows.
func (b *bin) score() float64 {
	if !b.mixed {
		return b.single
	}
	return min(max(b.scores/b.weight(), 0), 1)
}

func (b *bin) add(o bin) {
	if o.empty() {
		return
	}
	b.see(o.single, o.mixed)
	b.positive.add(o.positive)
	b.negative.add(o.negative)
	b.scores += o.scores
	b.settle()
}

// merge adds another histogram; false, and nothing is added, where it has other bins.
func (h *histogram) merge(o *histogram) bool {
	if h.last != o.last {
		return false
	}
	if len(h.bins) == 0 {
		h.bins, h.numbers = slices.Clone(o.bins), slices.Clone(o.numbers)
		return true
	}
	for i, number := range o.numbers {
		h.bin(number).add(o.bins[i])
	}
	return true
}

func (h *histogram) totals() (positive, negative cell) {
	for i := range h.bins {
		positive = sum(positive, h.bins[i].positive)
		negative = sum(negative, h.bins[i].negative)
	}
	return positive, negative
}

// encode leaves empty bins out.
func (h *histogram) encode(e *wire.Encoder) {
	e.Uvarint(uint64(h.last))
	used := 0
	for i := range h.bins {
		if h.bins[i] != (bin{}) {
			used++
		}
	}
	e.Uvarint(uint64(used))
	for i, number := range h.numbers {
		if b := &h.bins[i]; *b != (bin{}) {
			e.Uvarint(uint64(number))
			b.positive.encode(e)
			b.negative.encode(e)
			e.Float64(b.scores)
			e.Float64(b.single)
			e.Bool(b.mixed)
		}
	}
}

func decodeHistogram(d *wire.Decoder) histogram {
	n := int(d.UvarintTo(mostBins))
	if n < 2 {
		d.Fail()
	}
	h := newHistogram(n)
	used := d.Count(22)
	h.makeRoom(min(used, h.last+1))
	for i := range used {
		number := uint16(d.UvarintTo(uint64(h.last)))
		if i > 0 && number <= h.numbers[i-1] {
			d.Fail()
			break
		}
		h.numbers = append(h.numbers, number)
		h.bins = append(h.bins, bin{positive: decodeCell(d), negative: decodeCell(d), scores: d.Float64(), single: d.Float64(), mixed: d.Bool()})
		if d.Err() != nil {
			break
		}
	}
	return h
}
