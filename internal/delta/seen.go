// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"slices"
	"strings"
)

const (
	// openFlushes is how many flushes of a producer, counted back from its newest, are told apart
	// point by point; what is older counts as seen.
	openFlushes = 128
	// maxPoints is the most points of one flush.
	maxPoints = 1 << 22
)

// Seen remembers which points of which flush of which producer were seen: one bit per point of
// flushes that are not complete, one number for all that are.
//
//	low ──────────┐
//	1 2 3 … 40 41 │ 42: 110111…  43: complete  44: 1000…
type Seen struct {
	// limit is the number of producers, kept how long the place of one that is silent is kept, in
	// seconds.
	limit     int
	kept      int64
	producers map[string]*producer
	uses      uint64
	// full is the wall clock when no place was free.
	full int64
}

// Freshness is what Mark says of a point.
type Freshness uint8

// What Mark says of a point.
const (
	// Fresh is a point that was not seen before.
	Fresh Freshness = iota
	// Repeated is one that was, or one of a flush that is too old to be told apart.
	Repeated
	// Contradictory is none that a producer sends.
	Contradictory
)

// Place is what became of a producer's place.
type Place uint8

// What became of a producer's place.
const (
	// Held is its own.
	Held Place = iota
	// GivenAway was another producer's, which had been silent for long enough.
	GivenAway
	// NoPlace says that there is none: its points cannot be told from their repetitions.
	NoPlace
)

type producer struct {
	// All flushes up to low were seen; newest is the newest one met.
	low, newest uint64
	flushes     map[uint64]*flush // above low
	used        uint64
	lastSeen    int64 // wall clock, seconds
}

type flush struct {
	points, left uint64
	seen         []uint64 // a bitmap as long as needed; nil when left is 0
}

// NewSeen returns a Seen of so many producers. The place of one that was silent for so many seconds
// is given away.
func NewSeen(limit int, kept int64) *Seen {
	return &Seen{limit: limit, kept: kept, producers: make(map[string]*producer)}
}

// Mark takes note of the point that a delta is, at a time of the wall clock in seconds.
func (s *Seen) Mark(point *Delta, wall int64) (Freshness, Place) {
	id, sequence, points, ordinal := point.Producer, point.Sequence, point.Points, point.Ordinal
	place := Held
	if sequence == 0 || points == 0 || points > maxPoints || ordinal >= points {
		return Contradictory, place
	}
	p := s.producers[id]
	if p == nil {
		if len(s.producers) >= s.limit {
			if s.full == wall || !s.giveAway(wall) {
				s.full = wall
				return Fresh, NoPlace
			}
			place = GivenAway
		}
		p = &producer{flushes: make(map[uint64]*flush)}
		s.producers[strings.Clone(id)] = p
	}
	p.lastSeen = max(p.lastSeen, wall)
	s.uses++
	p.used = s.uses
	return p.mark(sequence, points, ordinal), place
}

// mark takes note of a point of a flush.
func (p *producer) mark(sequence, points, ordinal uint64) Freshness {
	p.advance(sequence)
	if sequence <= p.low {
		return Repeated
	}
	f := p.flushes[sequence]
	if f == nil {
		f = &flush{points: points, left: points}
		p.flushes[sequence] = f
	}
	if f.left == 0 {
		return Repeated
	}
	if ordinal >= f.points {
		return Contradictory
	}

	word := int(ordinal / 64)
	if word >= len(f.seen) {
		f.seen = append(f.seen, make([]uint64, word+1-len(f.seen))...)
	}
	bit := uint64(1) << (ordinal % 64)
	if f.seen[word]&bit != 0 {
		return Repeated
	}
	f.seen[word] |= bit
	f.left--
	if f.left == 0 {
		f.seen = nil
		p.collapse()
	}
	return Fresh
}

// advance takes the flushes as seen that are too old, where a sequence is the newest one.
func (p *producer) advance(sequence uint64) {
	if sequence <= p.newest {
		return
	}
	p.newest = sequence
	if p.newest <= openFlushes || p.newest-openFlushes <= p.low {
		return
	}
	p.low = p.newest - openFlushes
	for open := range p.flushes {
		if open <= p.low {
			delete(p.flushes, open)
		}
	}
	p.collapse()
}

// giveAway frees the place of the producer that was silent for longest, if that was long enough.
func (s *Seen) giveAway(wall int64) bool {
	oldest := ""
	for id, p := range s.producers {
		if o := s.producers[oldest]; o == nil || p.used < o.used {
			oldest = id
		}
	}
	if o := s.producers[oldest]; o == nil || wall-o.lastSeen < s.kept {
		return false
	}
	delete(s.producers, oldest)
	return true
}

// collapse moves low over complete flushes.
func (p *producer) collapse() {
	for {
		f := p.flushes[p.low+1]
		if f == nil || f.left > 0 {
			return
		}
		delete(p.flushes, p.low+1)
		p.low++
	}
}

// ids returns the producers from the one silent for longest to the last one.
func (s *Seen) ids() []string {
	out := make([]string, 0, len(s.producers))
	for id := range s.producers {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b string) int {
		if s.producers[a].used < s.producers[b].used {
			return -1
		}
		return 1
	})
	return out
}

// Knows reports whether a producer has a place.
func (s *Seen) Knows(id string) bool { return s.producers[id] != nil }

// Adopt gives a place to a producer that has one in another Seen, with what was seen of it there.
func (s *Seen) Adopt(other *Seen, id string) {
	p := other.producers[id]
	if p == nil || s.Knows(id) || len(s.producers) >= s.limit {
		return
	}
	one := *p
	one.flushes = make(map[uint64]*flush, len(p.flushes))
	for sequence, f := range p.flushes {
		one.flushes[sequence] = &flush{points: f.points, left: f.left, seen: slices.Clone(f.seen)}
	}
	s.uses++
	one.used = s.uses
	s.producers[strings.Clone(id)] = &one
}
