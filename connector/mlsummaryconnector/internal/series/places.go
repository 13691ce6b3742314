// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/doorkeeper"
)

// Idle is how long a place must have been unused before it is given away.
const Idle = time.Hour

// The slots of the doorkeepers, one for models and one for what is in their tables: 256 KB and 1 MB,
// of which nothing is touched until a table is full.
const (
	modelSlots = 1 << 15
	tableSlots = 1 << 17
)

// Moment is when a flush is made.
type Moment struct {
	// Unix is in seconds since 1970.
	Unix int64
	// Interval is the number of the flush interval that ends.
	Interval uint32
}

// use is when something in a table was counted.
type use struct {
	// last is the time of the flush, in seconds since 1970; 0 before the first flush that has it.
	last     int64
	interval uint32
	// again is true for what was counted in two flush intervals.
	again bool
}

func (u *use) at(m Moment) {
	u.again = u.again || u.last != 0 && u.interval != m.Interval
	u.last, u.interval = m.Unix, m.Interval
}

// silence says before which times, in seconds since 1970, something must have been counted last to
// give its place away: what was counted in two flush intervals, and what was in one alone.
type silence struct {
	established, once int64
	now               Moment
}

// idle reports whether a place may go to whoever wants one, yields whether it may go to a name that
// comes again.
func (u *use) idle(s silence) bool { return u.last != 0 && u.last < s.established }

func (u *use) yields(s silence) bool { return u.idle(s) || u.last != 0 && !u.again && u.last < s.once }

// door tells all tables of one kind who comes again.
type door struct {
	keeper   *doorkeeper.Doorkeeper
	seed     maphash.Seed
	interval atomic.Uint32
	// all is what the tables hold together.
	all shared
}

// newDoor returns a door of tables whose names have limit series together; 0 is no bound.
func newDoor(slots, limit int) *door {
	d := &door{keeper: doorkeeper.New(slots), seed: maphash.MakeSeed(), all: shared{limit: int64(limit)}}
	d.interval.Store(1)
	return d
}

// shared bounds the series of the names that all tables of one kind hold, beside those of baselines and cards:
// each table has its own limit, and there are many tables.
type shared struct {
	limit int64
	held  atomic.Int64
	gate  gate
}

func (s *shared) full() bool { return s.limit > 0 && s.held.Load() >= s.limit }

// hash is that of a model.
func (d *door) hash(key Key) uint64 {
	var h maphash.Hash
	h.SetSeed(d.seed)
	for _, s := range [...]string{key.Name, key.Version, key.Role, key.Environment} {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

func (d *door) tick() {
	d.keeper.Tick()
	d.interval.Add(1)
}

// gate is the way into one table. A table that has turned a name away in this flush interval or the
// one before is scarce: then a place that is free is for names alone that came in an earlier
// interval, too.
type gate struct {
	// refused is the interval in which a name was turned away last; 0 for none.
	refused atomic.Uint32
	// turnedAway is true where a name was turned away since places were given away last, contested
	// where one was that came again.
	turnedAway, contested atomic.Bool
}

// scarce is true where a newcomer must have come before.
func (g *gate) scarce(d *door) bool {
	refused := g.refused.Load()
	return refused != 0 && d.interval.Load()-refused <= 1
}

// refuse notes that a name was turned away, which came before or not.
func (g *gate) refuse(d *door, cameBefore bool) {
	// Only what changes is stored: all shards may be here.
	if now := d.interval.Load(); g.refused.Load() != now {
		g.refused.Store(now)
	}
	if !g.turnedAway.Load() {
		g.turnedAway.Store(true)
	}
	if cameBefore && !g.contested.Load() {
		g.contested.Store(true)
	}
}

// admits reports whether a name gets a place, in a table that is full or not. h is its hash.
func (d *door) admits(g *gate, full bool, h func() uint64) bool {
	allFull := d.all.full()
	scarce, allScarce := full || g.scarce(d), allFull || d.all.gate.scarce(d)
	if !scarce && !allScarce {
		return true
	}
	cameBefore := d.keeper.Seen(h())
	if cameBefore && !full && !allFull {
		return true
	}
	if scarce {
		g.refuse(d, cameBefore)
	}
	if allScarce {
		d.all.gate.refuse(d, cameBefore)
	}
	return false
}

// givesAway reports whether a place of a table, that was used, is given away now.
func (d *door) givesAway(g *gate, u *use, s silence) bool {
	return g.givesAway(u, s) || d.all.gate.givesAway(u, s)
}

// givesAway reports whether a place that was used is given away now.
func (g *gate) givesAway(u *use, s silence) bool {
	if u.last == 0 {
		u.at(s.now) // it has its place since a moment ago, or nothing of it could be counted
	}
	return g.turnedAway.Load() && u.idle(s) || g.contested.Load() && u.yields(s)
}

// successor makes g the gate of the table that follows another one.
func (g *gate) successor(of *gate) { g.refused.Store(of.refused.Load()) }

// Limit is one of the limits that a name can run into.
type Limit uint8

// The limits of tables.
const (
	LimitModels Limit = iota
	LimitSegments
	LimitFeatures
	LimitCategories
	LimitServices
	LimitErrors
	LimitSources
	LimitChecks

	NumLimits = int(iota)
)

// Evictions are the places that were given away.
type Evictions struct {
	Counts [NumLimits]int
	// First is one of each.
	First [NumLimits]Evicted
	// Models are those of LimitModels.
	Models []Key
}

// Evicted is what had a place: a model, or a name in a table of one.
type Evicted struct {
	Model Key
	Name  string
}

func (e *Evictions) add(limit Limit, model Key, name string) {
	if e.Counts[limit] == 0 {
		e.First[limit] = Evicted{model, name}
	}
	e.Counts[limit]++
	if limit == LimitModels {
		e.Models = append(e.Models, model)
	}
}
