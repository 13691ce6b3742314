// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package recent remembers what was seen lately by a fingerprint of 64 bits, in bounded memory.
//
// A Set has two generations in each of its stripes: what is new goes to the young one; when that is
// full, it becomes the old one, and the old one is forgotten.
//
//	Add ─► young ──full──► old ──full──► forgotten
//
// ml_summary tells spans by it that a client sends again: a pipeline answers with the error of any
// of its exporters, and a client that gets an error, or no answer in time, sends the same spans
// again, as the same request or in one of another make-up. ml_summary and ml_normalize tell by it
// that a span is above a call of an earlier request.
package recent

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// stripes is the number of parts of a Set, each with a lock of its own, so that shards seldom wait
// for each other.
const stripes = 16

// Set remembers the last fingerprints. It is safe for concurrent use.
type Set struct {
	// seed keeps senders from choosing ids that share a slot.
	seed  uint64
	parts [stripes]stripe
}

type stripe struct {
	mu         sync.Mutex
	young, old table
	_          [64]byte // the next stripe's mutex is on another cache line
}

// NewSet returns a set that remembers the given number of fingerprints at most, and the last half
// of them at least. It grows as it is filled, to 32 bytes for each at most.
func NewSet(limit int) *Set {
	s := &Set{seed: rand.Uint64()}
	for i := range s.parts {
		s.parts[i].young.limit = max((limit/2+stripes-1)/stripes, 1)
	}
	return s
}

// Add remembers a fingerprint, and reports whether it was among the last ones already. 0 is never
// remembered.
func (s *Set) Add(fingerprint uint64) (known bool) {
	if fingerprint == 0 {
		return false
	}
	x, part := s.place(fingerprint)
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.old.has(x) || part.young.has(x) {
		return true
	}
	if part.young.n >= part.young.limit {
		limit := part.young.limit
		part.young, part.old = part.old, part.young
		clear(part.young.slots)
		part.young.n, part.young.limit = 0, limit
	}
	part.young.add(x)
	return false
}

// Has reports whether a fingerprint is remembered.
func (s *Set) Has(fingerprint uint64) bool {
	if fingerprint == 0 {
		return false
	}
	x, part := s.place(fingerprint)
	part.mu.Lock()
	defer part.mu.Unlock()
	return part.old.has(x) || part.young.has(x)
}

// place returns the stripe of a fingerprint, and what stands for it there, which is not 0.
func (s *Set) place(fingerprint uint64) (uint64, *stripe) {
	x := Mix(fingerprint ^ s.seed)
	return max(x, 1), &s.parts[x>>60]
}

// table is a hash table with open addressing and linear probing; 0 marks a free slot. It is half
// full at most.
type table struct {
	slots    []uint64 // a power of two, or none
	n, limit int
}

func (t *table) has(x uint64) bool {
	if len(t.slots) == 0 {
		return false
	}
	mask := uint64(len(t.slots) - 1)
	for i := x & mask; ; i = (i + 1) & mask {
		switch t.slots[i] {
		case x:
			return true
		case 0:
			return false
		}
	}
}

func (t *table) add(x uint64) {
	if 2*(t.n+1) > len(t.slots) {
		grown := table{slots: make([]uint64, max(2*len(t.slots), 64))}
		for _, y := range t.slots {
			if y != 0 {
				grown.put(y)
			}
		}
		t.slots = grown.slots
	}
	t.put(x)
	t.n++
}

func (t *table) put(x uint64) {
	mask := uint64(len(t.slots) - 1)
	i := x & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = x
}

// Trace is the fingerprint of a trace. No span of it has the same.
func Trace(trace [16]byte) uint64 { return Span(trace, [8]byte{0: 0xff, 7: 0xff}, -1) }

// Span is the fingerprint of a span of a kind: in some systems client and server share an id. Two
// spans share one with a probability of 2^-64. It is 0 where the span has no id.
func Span(trace [16]byte, span [8]byte, kind int32) uint64 {
	id := binary.LittleEndian.Uint64(span[:])
	if id == 0 {
		return 0
	}
	return Mix(id ^ Mix(binary.LittleEndian.Uint64(trace[8:])^Mix(binary.LittleEndian.Uint64(trace[:8])^uint64(kind))))
}

// Mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of x moves every bit of
// the result.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
