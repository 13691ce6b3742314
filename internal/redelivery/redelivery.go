// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package redelivery recognises spans that a client sends again.
//
// A pipeline answers its client with the error of any of its exporters, and a client that gets an error, or no
// answer in time, sends the same spans again, to the connectors that have counted them, too: as the same request, or in a
// request of another make-up. A Filter remembers the spans seen last by a fingerprint of 64 bits and tells a connector which
// ones to pass over.
package redelivery

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// stripes is the number of parts of a Filter, each with a lock of its own, so that shards seldom wait for each other.
const stripes = 16

// Filter remembers the last fingerprints. It is safe for concurrent use.
//
// Each stripe has two generations. What is new goes to the young one; when that is full, it becomes the old one, and the old
// one is forgotten. So at least the last half of the limit is remembered, and the limit at most.
type Filter struct {
	// seed keeps senders from choosing ids that share a slot.
	seed  uint64
	parts [stripes]stripe
}

type stripe struct {
	mu         sync.Mutex
	young, old set
	_          [64]byte // the next stripe's mutex is on another cache line
}

// NewFilter returns a filter that remembers the given number of fingerprints at most, and the last half of them at least. It
// grows as it is filled, to 32 bytes for each at most.
func NewFilter(limit int) *Filter {
	f := &Filter{seed: rand.Uint64()}
	for i := range f.parts {
		f.parts[i].young.limit = max((limit/2+stripes-1)/stripes, 1)
	}
	return f
}

// Seen remembers a fingerprint and reports whether it was among the last ones already. 0 is never remembered.
func (f *Filter) Seen(fingerprint uint64) bool {
	if fingerprint == 0 {
		return false
	}
	x, s := f.place(fingerprint)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.old.has(x) || s.young.has(x) {
		return true
	}
	if s.young.n >= s.young.limit {
		limit := s.young.limit
		s.young, s.old = s.old, s.young
		clear(s.young.slots)
		s.young.n, s.young.limit = 0, limit
	}
	s.young.add(x)
	return false
}

// Has reports whether a fingerprint is remembered.
func (f *Filter) Has(fingerprint uint64) bool {
	if fingerprint == 0 {
		return false
	}
	x, s := f.place(fingerprint)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.old.has(x) || s.young.has(x)
}

// place returns the stripe of a fingerprint, and what stands for it there, which is not 0.
func (f *Filter) place(fingerprint uint64) (uint64, *stripe) {
	x := Mix(fingerprint ^ f.seed)
	return max(x, 1), &f.parts[x>>60]
}

// set is a hash table with open addressing and linear probing; 0 marks a free slot. It is half full at most.
type set struct {
	slots    []uint64 // a power of two, or none
	n, limit int
}

func (s *set) has(x uint64) bool {
	if len(s.slots) == 0 {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	for i := x & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case x:
			return true
		case 0:
			return false
		}
	}
}

func (s *set) add(x uint64) {
	if 2*(s.n+1) > len(s.slots) {
		grown := set{slots: make([]uint64, max(2*len(s.slots), 64))}
		for _, y := range s.slots {
			if y != 0 {
				grown.put(y)
			}
		}
		s.slots = grown.slots
	}
	s.put(x)
	s.n++
}

func (s *set) put(x uint64) {
	mask := uint64(len(s.slots) - 1)
	i := x & mask
	for s.slots[i] != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = x
}

// Fingerprint is that of a span of a kind: in some systems client and server share an id. Two spans share one with a
// probability of 2^-64. It is 0 where the span has no id.
func Fingerprint(trace pcommon.TraceID, span pcommon.SpanID, kind int32) uint64 {
	id := binary.LittleEndian.Uint64(span[:])
	if id == 0 {
		return 0
	}
	return Mix(id ^ Mix(binary.LittleEndian.Uint64(trace[8:])^Mix(binary.LittleEndian.Uint64(trace[:8])^uint64(kind))))
}

// Mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of x moves every bit of the result.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
