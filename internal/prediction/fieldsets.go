// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"hash/maphash"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// MaxFieldSets is how many sets of fields, and how many sequences of names, a Reader keeps. What
// comes on top is worked out for every span.
const MaxFieldSets = 256

// maxKeyBytes is the most bytes of keys that a Reader keeps, of all sets and sequences together.
const maxKeyBytes = 4 << 20

// fieldSets finds sets of fields and sequences of names by their keys.
type fieldSets struct {
	wanted []string
	seed   maphash.Seed
	spans  map[uint64]*FieldSet
	maps   map[uint64]*Names
	recent [4]*FieldSet
	next   int
	bytes  int // of the keys of spans and maps

	last         *FieldSet
	lastNames    *Names
	scratch      FieldSet
	scratchNames Names
	keys         []string
}

func newFieldSets(wanted []string) *fieldSets {
	s := &fieldSets{wanted: wanted, seed: maphash.MakeSeed()}
	s.clear()
	return s
}

func (s *fieldSets) clear() {
	s.spans, s.maps = make(map[uint64]*FieldSet), make(map[uint64]*Names)
	s.recent = [4]*FieldSet{}
	s.bytes = 0
	s.last, s.lastNames = nil, nil
}

// clearFull makes room where there is none left.
func (s *fieldSets) clearFull() {
	if len(s.spans) >= MaxFieldSets || len(s.maps) >= MaxFieldSets || s.bytes > maxKeyBytes/2 {
		s.clear()
	}
}

// release lets go of what belongs to the request: keys that are kept are copies.
func (s *fieldSets) release() {
	clear(s.keys[:cap(s.keys)])
	clear(s.scratch.keys[:cap(s.scratch.keys)])
	clear(s.scratch.Features[:cap(s.scratch.Features)])
	clear(s.scratch.Segments[:cap(s.scratch.Segments)])
	clear(s.scratchNames.Keys[:cap(s.scratchNames.Keys)])
	if cap(s.keys) > MaxScratch || cap(s.scratch.keys) > MaxScratch || cap(s.scratchNames.Keys) > MaxScratch {
		s.keys, s.scratch, s.scratchNames = nil, FieldSet{}, Names{}
	}
}

func (s *fieldSets) hash(keys []string) uint64 {
	h := uint64(len(keys))
	for _, k := range keys {
		h = h*0x9E3779B97F4A7C15 ^ maphash.String(s.seed, k)
	}
	return h
}

// fits makes room for keys, and returns false where there is none.
func (s *fieldSets) fits(keys []string) bool {
	n := 0
	for _, k := range keys {
		n += len(k)
	}
	if s.bytes+n > maxKeyBytes {
		return false
	}
	s.bytes += n
	return true
}

// of returns the set of a span's attributes.
func (s *fieldSets) of(attrs pcommon.Map) *FieldSet {
	s.keys = s.keys[:0]
	for k := range attrs.All() {
		s.keys = append(s.keys, k)
	}
	h := s.hash(s.keys)
	f := s.spans[h]
	if f != nil && slices.Equal(f.keys, s.keys) {
		return f
	}
	if f != nil || len(s.spans) >= MaxFieldSets || !s.fits(s.keys) {
		s.scratch.fill(s.keys, false, s.wanted)
		s.scratch.Transient = true
		return &s.scratch
	}
	f = new(FieldSet)
	f.fill(s.keys, true, s.wanted)
	s.spans[h] = f
	return f
}

// remember makes f a set that spans are compared with first.
func (s *fieldSets) remember(f *FieldSet) {
	if f.Transient {
		s.last = nil
		return
	}
	s.last = f
	if !slices.Contains(s.recent[:], f) {
		s.recent[s.next] = f
		s.next = (s.next + 1) % len(s.recent)
	}
}

// names returns the sequence of the given keys.
func (s *fieldSets) names(keys []string) *Names {
	if s.lastNames != nil && slices.Equal(s.lastNames.Keys, keys) {
		return s.lastNames
	}
	h := s.hash(keys)
	n := s.maps[h]
	switch {
	case n != nil && slices.Equal(n.Keys, keys):
	case n != nil || len(s.maps) >= MaxFieldSets || !s.fits(keys):
		s.scratchNames.Keys = append(s.scratchNames.Keys[:0], keys...)
		s.scratchNames.Transient = true
		return &s.scratchNames
	default:
		n = &Names{}
		for _, k := range keys {
			n.Keys = append(n.Keys, strings.Clone(k))
		}
		s.maps[h] = n
	}
	s.lastNames = n
	return n
}
