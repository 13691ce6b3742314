// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"math/bits"
	"slices"
)

// window is the number of good runs of which it is remembered which stages ran in them. It is a
// multiple of 64.
const window = 256

// bitset has a bit for each of the last good runs, the oldest first.
type bitset [window / 64]uint64

func (b *bitset) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// low returns a bitset of the first n bits.
func low(n int) (b bitset) {
	for i := range b {
		switch k := n - 64*i; {
		case k >= 64:
			b[i] = ^uint64(0)
		case k > 0:
			b[i] = 1<<k - 1
		}
	}
	return b
}

func (b *bitset) and(other bitset) (out bitset) {
	for i := range b {
		out[i] = b[i] & other[i]
	}
	return out
}

func (b *bitset) without(other bitset) (out bitset) {
	for i := range b {
		out[i] = b[i] &^ other[i]
	}
	return out
}

func (b *bitset) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// first is the place of the lowest bit that is set, last that of the highest; -1 if none is.
func (b *bitset) first() int {
	for i, w := range b {
		if w != 0 {
			return 64*i + bits.TrailingZeros64(w)
		}
	}
	return -1
}

func (b *bitset) last() int {
	for i, w := range slices.Backward(b[:]) {
		if w != 0 {
			return 64*i + 63 - bits.LeadingZeros64(w)
		}
	}
	return -1
}

// insert makes room at a place, moves what is above it up and sets the new bit. The highest bit is
// lost.
func (b *bitset) insert(at int, on bool) {
	below := b.and(low(at))
	above := b.without(low(at))
	for i := len(b) - 1; i >= 0; i-- {
		above[i] <<= 1
		if i > 0 {
			above[i] |= above[i-1] >> 63
		}
		b[i] = below[i] | above[i]
	}
	if on {
		b[at/64] |= 1 << (at % 64)
	}
}

// remove takes a place out and moves what is above it down.
func (b *bitset) remove(at int) {
	below := b.and(low(at))
	above := b.without(low(at + 1))
	for i := range b {
		above[i] >>= 1
		if i+1 < len(b) {
			above[i] |= above[i+1] << 63
		}
		b[i] = below[i] | above[i]
	}
}

// presence remembers which stages ran in which of the last good runs.
type presence struct {
	// looks are these runs by logical date, else start, the oldest first.
	looks  []look
	stages map[string]*attendance
	// doubts counts the stages whose absence was a fault and that came back a run or a few later: of
	// this job such absences say less.
	doubts doubts
}

// look is a good run: a hash of its id, when it was, and what it took, as in record.
type look struct {
	id           uint64
	at, duration int64
}

// attendance is in which of the last good runs a stage ran, and in which it was skipped.
type attendance struct{ ran, skipped bitset }

// since is the place of the first run in which the stage was seen; last of the last one.
func (a *attendance) since() int { return firstOf(a.ran.first(), a.skipped.first()) }
func (a *attendance) last() int  { return max(a.ran.last(), a.skipped.last()) }

func firstOf(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// learn adds a run with its stages, by name.
func (p *presence) learn(l look, stages []stageRecord) {
	if len(p.looks) == window {
		p.drop(0)
	}
	place := len(p.looks)
	for place > 0 && p.looks[place-1].at > l.at {
		place--
	}
	p.looks = slices.Insert(p.looks, place, l)
	for name, a := range p.stages {
		s := findStage(stages, name)
		a.ran.insert(place, s != nil && !s.skipped)
		a.skipped.insert(place, s != nil && s.skipped)
	}
	for i := range stages {
		s := &stages[i]
		if p.stages[s.name] != nil {
			continue
		}
		if len(p.stages) >= maxStages && !p.makeRoom(place) {
			continue
		}
		a := &attendance{}
		set := &a.ran
		if s.skipped {
			set = &a.skipped
		}
		set[place/64] |= 1 << (place % 64)
		if p.stages == nil {
			p.stages = map[string]*attendance{}
		}
		p.stages[s.name] = a
	}
}

// makeRoom forgets the stage that was seen in the fewest runs, of several the one that was seen
// last longest ago; none that is in the run at a place.
func (p *presence) makeRoom(place int) bool {
	least, fewest, earliest, found := "", 0, 0, false
	for name, a := range p.stages {
		if a.ran.has(place) || a.skipped.has(place) {
			continue
		}
		n, last := a.ran.count()+a.skipped.count(), a.last()
		if !found || cmp.Or(cmp.Compare(n, fewest), cmp.Compare(last, earliest), cmp.Compare(name, least)) < 0 {
			least, fewest, earliest, found = name, n, last, true
		}
	}
	delete(p.stages, least)
	return found
}

// forget takes a run out.
func (p *presence) forget(id uint64) {
	for i, look := range slices.Backward(p.looks) {
		if look.id == id {
			p.drop(i)
		}
	}
}

// drop takes the run at a place out, and the stages that ran in no other.
func (p *presence) drop(at int) {
	p.looks = slices.Delete(p.looks, at, at+1)
	for name, a := range p.stages {
		a.ran.remove(at)
		a.skipped.remove(at)
		if a.last() < 0 {
			delete(p.stages, name)
		}
	}
}

// from returns what is remembered of the runs from a time on.
func (p *presence) from(at int64) presence {
	n := 0
	for n < len(p.looks) && p.looks[n].at < at {
		n++
	}
	out := presence{looks: p.looks[n:], doubts: p.doubts, stages: make(map[string]*attendance, len(p.stages))}
	for name, a := range p.stages {
		b := *a
		for range n {
			b.ran.remove(0)
			b.skipped.remove(0)
		}
		if b.last() >= 0 {
			out.stages[name] = &b
		}
	}
	return out
}
