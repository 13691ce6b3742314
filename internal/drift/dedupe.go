// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"strings"
)

const (
	// openFlushes is how many flushes of a producer, counted back from its newest, are told apart point by point;
	// what is older counts as seen.
	openFlushes = 128
	// maxPoints is the most points of one flush.
	maxPoints = 1 << 22
)

// dedupe remembers which points of which flush of which producer were seen: one bit per point of flushes that
// are not complete, one number for all that are.
//
//	low ──────────┐
//	1 2 3 … 40 41 │ 42: 110111…  43: complete  44: 1000…
type dedupe struct {
	limit     int
	producers map[string]*producer
	uses      uint64
	full      int64 // the wall clock when no place was free
}

// What mark says of a producer's place.
const (
	placeHeld  = iota
	placeGiven // another producer's, which had been silent for placeKept
	placeNone  // there is none: its points cannot be told from their repetitions
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

func newDedupe(limit int) dedupe {
	return dedupe{limit: limit, producers: make(map[string]*producer)}
}

// mark takes note of a point. fresh is false where it was seen before, ok where it contradicts itself; place says what
// became of the producer.
func (d *dedupe) mark(id string, sequence, points, ordinal uint64, wall int64) (fresh, ok bool, place int) {
	if sequence == 0 || points == 0 || points > maxPoints || ordinal >= points {
		return false, false, placeHeld
	}
	p := d.producers[id]
	if p == nil {
		if len(d.producers) >= d.limit {
			if d.full == wall || !d.giveAway(wall) {
				d.full = wall
				return true, true, placeNone
			}
			place = placeGiven
		}
		p = &producer{flushes: make(map[uint64]*flush)}
		d.producers[strings.Clone(id)] = p
	}
	p.lastSeen = max(p.lastSeen, wall)
	d.uses++
	p.used = d.uses
	if sequence > p.newest {
		p.newest = sequence
		if p.newest > openFlushes && p.newest-openFlushes > p.low {
			p.low = p.newest - openFlushes
			for s := range p.flushes {
				if s <= p.low {
					delete(p.flushes, s)
				}
			}
			p.collapse()
		}
	}
	if sequence <= p.low {
		return false, true, place
	}
	f := p.flushes[sequence]
	if f == nil {
		f = &flush{points: points, left: points}
		p.flushes[sequence] = f
	}
	if f.left == 0 {
		return false, true, place
	}
	if ordinal >= f.points {
		return false, false, place
	}
	word := int(ordinal / 64)
	if word >= len(f.seen) {
		f.seen = append(f.seen, make([]uint64, word+1-len(f.seen))...)
	}
	bit := uint64(1) << (ordinal % 64)
	if f.seen[word]&bit != 0 {
		return false, true, place
	}
	f.seen[word] |= bit
	f.left--
	if f.left == 0 {
		f.seen = nil
		p.collapse()
	}
	return true, true, place
}

// giveAway frees the place of the producer that was silent for longest, if that was long enough.
func (d *dedupe) giveAway(wall int64) bool {
	oldest := ""
	for id, p := range d.producers {
		if o := d.producers[oldest]; o == nil || p.used < o.used {
			oldest = id
		}
	}
	if o := d.producers[oldest]; o == nil || wall-o.lastSeen < placeKept {
		return false
	}
	delete(d.producers, oldest)
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
func (d *dedupe) ids() []string {
	out := make([]string, 0, len(d.producers))
	for id := range d.producers {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b string) int {
		if d.producers[a].used < d.producers[b].used {
			return -1
		}
		return 1
	})
	return out
}
