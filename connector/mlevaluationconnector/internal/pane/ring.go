// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package pane

import (
	"iter"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Ring keeps accumulators by pane, at most so many; panes in which nothing happened take no place.
// The zero value keeps none.
type Ring[T any] struct {
	most int
	// slots are sorted by pane.
	slots []slot[T]
}

type slot[T any] struct {
	pane  int64
	value *T
}

// NewRing returns a ring of at most so many panes.
func NewRing[T any](most int) Ring[T] { return Ring[T]{most: most} }

// At returns the accumulator of a pane, and makes it, T's zero value, where there is none. Where the
// ring is full the oldest pane goes, which evicted says; a pane that is older than all is not taken:
// at is nil.
func (r *Ring[T]) At(pane int64) (at *T, evicted bool) {
	i, found := r.find(pane)
	if found {
		return r.slots[i].value, false
	}
	if evicted = len(r.slots) >= r.most; evicted {
		if i == 0 {
			return nil, false
		}
		copy(r.slots, r.slots[1:i])
		i--
		r.slots[i] = slot[T]{pane, new(T)}
		return r.slots[i].value, true
	}
	r.slots = slices.Insert(r.slots, i, slot[T]{pane, new(T)})
	return r.slots[i].value, false
}

// Get returns the accumulator of a pane, nil where there is none.
func (r *Ring[T]) Get(pane int64) *T {
	if i, found := r.find(pane); found {
		return r.slots[i].value
	}
	return nil
}

// find returns where a pane is, or belongs. Most events are of the newest pane.
func (r *Ring[T]) find(pane int64) (int, bool) {
	n := len(r.slots)
	if n > 0 && r.slots[n-1].pane == pane {
		return n - 1, true
	}
	return slices.BinarySearchFunc(r.slots, pane, func(s slot[T], pane int64) int {
		switch {
		case s.pane < pane:
			return -1
		case s.pane > pane:
			return 1
		}
		return 0
	})
}

// Window yields the accumulators of a span and their panes, in order of time.
func (r *Ring[T]) Window(s Span) iter.Seq2[int64, *T] {
	return func(yield func(int64, *T) bool) {
		for i, _ := r.find(s.First); i < len(r.slots) && r.slots[i].pane <= s.Last; i++ {
			if !yield(r.slots[i].pane, r.slots[i].value) {
				return
			}
		}
	}
}

// All is the span of all panes that have an accumulator; ok is false where none has.
func (r *Ring[T]) All() (s Span, ok bool) {
	if len(r.slots) == 0 {
		return s, false
	}
	return Span{r.slots[0].pane, r.slots[len(r.slots)-1].pane}, true
}

// Drop forgets the panes before one and reports whether there were any.
func (r *Ring[T]) Drop(before int64) bool {
	i, _ := r.find(before)
	r.slots = slices.Delete(r.slots, 0, i)
	return i > 0
}

// Len is the number of panes that have an accumulator.
func (r *Ring[T]) Len() int { return len(r.slots) }

// Encode writes the panes, and of each what encode writes.
func (r *Ring[T]) Encode(e *wire.Encoder, encode func(*wire.Encoder, *T)) {
	e.Uvarint(uint64(len(r.slots)))
	before := int64(0)
	for _, s := range r.slots {
		e.Varint(s.pane - before)
		before = s.pane
		encode(e, s.value)
	}
}

// Decode reads what Encode wrote, each pane by decode; the Decoder has what is wrong with it. Of
// more panes than there is room for the newest ones are kept.
func (r *Ring[T]) Decode(d *wire.Decoder, decode func(*wire.Decoder, *T)) {
	r.slots = nil
	pane := int64(0)
	for i := range d.Count(1) {
		step := d.Varint()
		pane += step
		if i > 0 && step <= 0 || pane > farthest || pane < -farthest {
			d.Fail()
			return
		}
		value := new(T)
		decode(d, value)
		if d.Err() != nil {
			r.slots = nil
			return
		}
		r.slots = append(r.slots, slot[T]{pane, value})
	}
	r.slots = slices.Delete(r.slots, 0, max(len(r.slots)-r.most, 0))
}

// farthest bounds the numbers of panes that are read: of a minute each, 2,000 years.
const farthest = 2000 * 366 * 24 * 60
