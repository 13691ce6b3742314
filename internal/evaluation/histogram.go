// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// DefaultBins is a number of bins of scores: 16 kB, areas under curves within about 0.002 of those
// of the scores themselves, and exact for scores of two decimals.
const DefaultBins = 200

const mostBins = 10_000

// histogram counts rows by score and by one of two classes. The score 1 has a bin of its own, so
// that scores that are multiples of 1/bins lie in different ones.
type histogram struct{ bins []bin }

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
	return histogram{bins: make([]bin, min(max(bins, 2), mostBins)+1)}
}

// place returns the bin of a score; false where it is none between 0 and 1.
func (h *histogram) place(score float64) (int, bool) {
	if !(score >= 0 && score <= 1) {
		return 0, false
	}
	// 0.29·100 is less than 29.
	return int(math.Floor(score*float64(len(h.bins)-1) + 1e-9)), true
}

func (h *histogram) count(score float64, positive bool, weight float64, sign int64) bool {
	i, ok := h.place(score)
	if !ok || !usable(weight) {
		return false
	}
	b := &h.bins[i]
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
	if len(h.bins) != len(o.bins) {
		return false
	}
	for i := range h.bins {
		h.bins[i].add(o.bins[i])
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
	e.Uvarint(uint64(len(h.bins) - 1))
	used := 0
	for i := range h.bins {
		if h.bins[i] != (bin{}) {
			used++
		}
	}
	e.Uvarint(uint64(used))
	for i := range h.bins {
		if b := &h.bins[i]; *b != (bin{}) {
			e.Uvarint(uint64(i))
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
	for range d.Count(22) {
		i := int(d.UvarintTo(uint64(n)))
		if i >= len(h.bins) {
			d.Fail()
			break
		}
		h.bins[i] = bin{positive: decodeCell(d), negative: decodeCell(d), scores: d.Float64(), single: d.Float64(), mixed: d.Bool()}
	}
	return h
}
