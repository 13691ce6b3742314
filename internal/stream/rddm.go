// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import "math"

// rddm is the reactive drift detection method (Barros, Cabral, Gonçalves and Santos, RDDM: Reactive
// Drift Detection Method, 2017): ddm that takes a warning of max_warnings values for a change, and
// that works out its numbers anew, from the last min_concept errors, after max_concept values
// without a change, so that it does not become slow. After a change it goes on from the values since
// the warning. Memory: a bit for each of min_concept values, 0.9 KB at the default.
type rddm struct {
	ddm *ddm

	minConcept, maxConcept, maxWarnings int
	// keepAll goes on from all values that are stored, not only from those since the warning.
	keepAll bool

	stored   bitRing
	warnings int
	rebuild  bool
	// drifted says that the rebuild is due to a change.
	drifted bool
}

var rddmParameters = []Parameter{
	minValues(129),
	{"warning", 1.773, 0, 1000, false, "standard deviations above the minimum that are a warning"},
	{"drift", 2.258, 0, 1000, false, "standard deviations above the minimum that are a change"},
	{"max_concept", 40_000, 1, largest, true, "values after which the numbers are worked out anew"},
	{"min_concept", 7000, 1, largest, true, "values that are stored, and from which they are then worked out"},
	{"max_warnings", 1400, 1, largest, true, "values of a warning that make it a change"},
}

func newRDDM(keepAll bool) func(values) (algorithm, error) {
	return func(v values) (algorithm, error) {
		inner, err := newDDM(ddmConvention{mixed: !keepAll})(v)
		if err != nil {
			return nil, err
		}
		return &rddm{
			ddm: inner.(*ddm), minConcept: v.whole("min_concept"), maxConcept: v.whole("max_concept"),
			maxWarnings: v.whole("max_warnings"), keepAll: keepAll, stored: newBitRing(v.whole("min_concept")),
		}, nil
	}
}

func (d *rddm) estimate() float64 { return d.ddm.estimate() }

func (d *rddm) add(x float64) Change {
	if d.rebuild {
		d.replay()
	}
	d.stored.push(x == 1)
	n := d.ddm.all.n + 1
	c := d.ddm.add(x)
	switch {
	case c.Level == Drift:
		d.changed(d.warnings + 1)
	case c.Level == Warning && d.warnings >= d.maxWarnings:
		c = Change{Level: Drift, Before: d.ddm.before.get(), After: d.ddm.all.without(d.ddm.before), Since: c.Since}
		d.ddm.restart()
		d.changed(1)
	case c.Level == Warning:
		d.warnings++
	default:
		d.warnings = 0
		d.rebuild = n >= d.maxConcept
	}
	return c
}

// changed goes on from the last stored values.
func (d *rddm) changed(last int) {
	if !d.keepAll || d.warnings == 0 {
		d.stored.keep(last)
	}
	d.rebuild, d.drifted, d.warnings = true, true, 0
}

// replay works the numbers out from what is stored. After a change the least one is kept, too.
func (d *rddm) replay() {
	d.ddm.restart()
	for i := range d.stored.n {
		x := 0.0
		if d.stored.at(i) {
			x = 1
		}
		d.ddm.all.add(x)
		p, n := d.ddm.all.value, d.ddm.all.n
		s := math.Sqrt(p * (1 - p) / float64(n))
		if d.drifted && n >= d.ddm.minValues && p+s < d.ddm.least+d.ddm.leastS {
			d.ddm.least, d.ddm.leastS, d.ddm.before = p, s, d.ddm.all
		}
	}
	d.rebuild, d.drifted = false, false
}

// bitRing holds the last values that are 0 or 1.
type bitRing struct {
	words        []uint64
	room, n, end int // end is where the next one goes
}

func newBitRing(room int) bitRing { return bitRing{words: make([]uint64, (room+63)/64), room: room} }

func (b *bitRing) push(x bool) {
	word, bit := b.end/64, uint64(1)<<(b.end%64)
	b.words[word] &^= bit
	if x {
		b.words[word] |= bit
	}
	b.end = (b.end + 1) % b.room
	b.n = min(b.n+1, b.room)
}

// keep keeps the last n.
func (b *bitRing) keep(n int) { b.n = min(b.n, n) }

// at returns the i-th value, the oldest first.
func (b *bitRing) at(i int) bool {
	at := (b.end - b.n + i + b.room) % b.room
	return b.words[at/64]>>(at%64)&1 != 0
}
