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
// flushes that have begun, one per flush of those that are complete, one number for all before.
//
//	low ──────────┐
//	1 2 3 … 40 41 │ 42: 110111…  43: complete  44: 1000…
//
// What it holds follows from the points that came, not from what they claim: the bits of a flush are
// in pages, and there is a page where a point was.
type Seen struct {
	// limit is the number of producers, kept how long the place of one that is silent is kept, in
	// seconds.
	limit     int
	kept      int64
	producers map[string]*producer
	uses      uint64
	// full is the wall clock when no place was free.
	full int64

	memory *Memory
	share  share
	// oldest and newest are the ends of the list of flushes that have begun, in the order in which
	// they were met last.
	oldest, newest *flush
}

// Freshness is what Mark says of a point.
type Freshness uint8

// What Mark says of a point.
const (
	// Fresh is a point that was not seen before.
	Fresh Freshness = iota
	// Repeated is one that was, or one of a flush that is too old to be told apart.
	Repeated
	// Contradictory is none that a producer sends: it does not fit itself, or the other points of
	// its flush.
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

// Marked is what Mark says.
type Marked struct {
	Freshness Freshness
	Place     Place
	// Forgotten is how many flushes, or points of one that is too large alone, had to go, as there is
	// no memory for more: their points cannot be told from their repetitions any more.
	Forgotten int
}

type producer struct {
	// All flushes up to low were seen; newest is the newest one met, openFlushes after low at most.
	low, newest uint64
	// complete has a bit for each flush after low that is complete.
	complete [openFlushes / 64]uint64
	flushes  map[uint64]*flush // those that have begun; nil before the first
	used     uint64
	lastSeen int64 // wall clock, seconds
}

// NewSeen returns a Seen of so many producers. The place of one that was silent for so many seconds
// is given away. The memory is for the flushes that have begun; Release gives it back.
func NewSeen(limit int, kept int64, memory *Memory) *Seen {
	return &Seen{limit: limit, kept: kept, producers: make(map[string]*producer), memory: memory}
}

// Mark takes note of the point that a delta is, at a time of the wall clock in seconds.
func (s *Seen) Mark(point *Delta, wall int64) (m Marked) {
	id, sequence, points, ordinal := point.Producer, point.Sequence, point.Points, point.Ordinal
	if sequence == 0 || points == 0 || points > maxPoints || ordinal >= points {
		m.Freshness = Contradictory
		return m
	}
	p := s.producers[id]
	if p == nil {
		if len(s.producers) >= s.limit {
			if s.full == wall || !s.giveAway(wall) {
				s.full = wall
				m.Place = NoPlace
				return m
			}
			m.Place = GivenAway
		}
		p = &producer{}
		s.producers[strings.Clone(id)] = p
	}
	p.lastSeen = max(p.lastSeen, wall)
	s.uses++
	p.used = s.uses
	m.Freshness, m.Forgotten = s.mark(p, sequence, uint32(points), uint32(ordinal))
	return m
}

// mark takes note of a point of a flush.
func (s *Seen) mark(p *producer, sequence uint64, points, ordinal uint32) (_ Freshness, forgotten int) {
	s.advance(p, sequence)
	if sequence <= p.low || p.isComplete(sequence) {
		return Repeated, 0
	}
	f := p.flushes[sequence]
	switch {
	case f != nil && f.points != points:
		return Contradictory, 0
	case f != nil:
		if f != s.newest {
			s.unlink(f)
			s.link(f)
		}
	case points == 1:
		s.finish(p, sequence)
		return Fresh, 0
	default:
		f, forgotten = s.begin(p, sequence, points)
	}
	if f == nil {
		return Fresh, forgotten
	}

	g, more := s.pageOf(f, ordinal/pageBits)
	forgotten += more
	if g == nil {
		return Fresh, forgotten
	}
	if !g.set(ordinal % pageBits) {
		return Repeated, forgotten
	}
	f.left--
	if f.left == 0 {
		s.drop(f)
		s.finish(p, sequence)
	}
	return Fresh, forgotten
}

// advance takes the flushes as seen that are too old, where a sequence is the newest one.
func (s *Seen) advance(p *producer, sequence uint64) {
	if sequence <= p.newest {
		return
	}
	p.newest = sequence
	if p.newest <= openFlushes || p.newest-openFlushes <= p.low {
		return
	}
	p.moveTo(p.newest - openFlushes)
	for open, f := range p.flushes {
		if open <= p.low {
			s.drop(f)
		}
	}
	p.collapse()
}

// finish takes note that a flush is complete.
func (s *Seen) finish(p *producer, sequence uint64) {
	at := sequence - p.low - 1
	p.complete[at/64] |= 1 << (at % 64)
	p.collapse()
}

func (p *producer) isComplete(sequence uint64) bool {
	at := sequence - p.low - 1
	return p.complete[at/64]&(1<<(at%64)) != 0
}

// collapse moves low over complete flushes.
func (p *producer) collapse() {
	for p.complete[0]&1 != 0 {
		p.moveTo(p.low + 1)
	}
}

// moveTo moves low on.
func (p *producer) moveTo(low uint64) {
	by := low - p.low
	p.low = low
	switch {
	case by >= 128:
		p.complete = [2]uint64{}
	case by >= 64:
		p.complete = [2]uint64{p.complete[1] >> (by - 64), 0}
	default:
		p.complete = [2]uint64{p.complete[0]>>by | p.complete[1]<<(64-by), p.complete[1] >> by}
	}
}

// giveAway frees the place of the producer that was silent for longest, if that was long enough.
func (s *Seen) giveAway(wall int64) bool {
	oldest := ""
	for id, p := range s.producers {
		if o := s.producers[oldest]; o == nil || p.used < o.used {
			oldest = id
		}
	}
	o := s.producers[oldest]
	if o == nil || wall-o.lastSeen < s.kept {
		return false
	}
	for _, f := range o.flushes {
		s.drop(f)
	}
	delete(s.producers, oldest)
	return true
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
	one := &producer{low: p.low, newest: p.newest, complete: p.complete, lastSeen: p.lastSeen}
	s.uses++
	one.used = s.uses
	s.producers[strings.Clone(id)] = one
	for sequence, f := range p.flushes {
		copied, _ := s.begin(one, sequence, f.points)
		if copied == nil {
			continue
		}
		f.each(func(word uint32, bits uint64) { s.put(copied, word, bits) })
	}
}
