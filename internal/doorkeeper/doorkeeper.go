// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package doorkeeper tells names that come again from names that somebody makes up: of a name that
// finds no place in a full table, it knows whether it came in an earlier interval, too.
//
//	first interval ──Seen──► false, noted ──Tick──► a later interval ──Seen──► true, from then on
//
// It is the doorkeeper of TinyLFU (Einziger, Friedman, Manes 2017) with a tag of 39 bits for each
// name in place of a Bloom filter, so that it never fills up with false friends. A note stays for
// the interval after its own whatever comes; after that another name may take its slot. So where
// more names are made up in an interval than there are slots, a name that comes r times in it, beside
// f made-up names for each slot, is noted with a chance of about r/(r+f).
package doorkeeper

import "sync/atomic"

// An entry is the tag of a name, whether it came in two intervals, and the interval in which it came
// last. 0 is no entry.
const (
	ticks   = 1<<24 - 1
	again   = 1 << 24
	tagBits = 39
)

// Doorkeeper remembers names by their hashes, in memory that is all taken at its beginning. It is
// safe for concurrent use; names that come at the same moment may cost each other a note.
type Doorkeeper struct {
	slots []atomic.Uint64
	mask  uint64
	tick  atomic.Uint64
}

// New returns a doorkeeper with slots, a power of two, each of 8 bytes.
func New(slots int) *Doorkeeper {
	d := &Doorkeeper{slots: make([]atomic.Uint64, slots), mask: uint64(slots - 1)}
	d.tick.Store(1)
	return d
}

// Tick begins the next interval.
func (d *Doorkeeper) Tick() { d.tick.Add(1) }

// Seen notes a name by a good hash of it, and reports whether it came in an earlier interval, too.
func (d *Doorkeeper) Seen(hash uint64) bool {
	now := d.tick.Load()%ticks + 1 // not 0
	tag := hash >> (64 - tagBits)
	var free *atomic.Uint64
	for i := range uint64(2) {
		slot := &d.slots[hash&d.mask^i]
		e := slot.Load()
		switch {
		case e != 0 && e>>25 == tag:
			if e&ticks == now {
				return e&again != 0
			}
			slot.Store(tag<<25 | again | now)
			return true
		case free == nil && (e == 0 || stale(e&ticks, now)):
			free = slot
		}
	}
	if free != nil {
		free.Store(tag<<25 | now)
	}
	return false
}

// stale is true for a note that is neither of this interval nor of the one before.
func stale(then, now uint64) bool { return (now+ticks-then)%ticks > 1 }
