// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/doorkeeper"
)

// Who has a place among the models, and among the versions of a model:
//
//   - A card vouches for its models and for the versions that it lists: their places are reserved, also
//     before anything has come for them, and beyond the limit. Of a card that fits many names
//     (environments, a pattern) that is the first perCard of them.
//   - The limit is of all others. What is active is never pushed out, and what has a verdict keeps its
//     place. A place is given away after it was unused for an hour (placeKept), or for as long as it was
//     used before, a week at most: the one that was unused for longest first.
//   - A table that has turned somebody away is scarce for some minutes: who is new then gets a place only
//     when it came in an earlier minute, too. Names that somebody makes up come once. When such a one
//     has come again, places are given away, too, of those that came within one minute and not since.
//   - Who finds no room shares one series of what is passed on, with otel.metric.overflow.

const (
	// placeKept is how long a place is kept for one that is silent, in seconds of the wall clock;
	// longestKept is the same for one that was used for as long, at most.
	placeKept, longestKept = 3600, 7 * 24 * 3600
	// oneMinute, in seconds, is the time within which a name that comes again does not count as such;
	// scarceFor is for how long a table is scarce.
	oneMinute, scarceFor = 60, 120
	// perCard is the number of models that a card vouches for which fits many.
	perCard = 10
	// doorSlots is how many names of those that were turned away are remembered, at 8 bytes each.
	doorSlots = 1 << 15
)

// place is what holds a place: a model, or a version of one.
type place interface {
	// since and used are the wall clock, in seconds, when something came for it first and last.
	since() int64
	used() int64
	// vouched is true for one that a card vouches for.
	vouched() bool
	// decided is true for one that has a verdict.
	decided() bool
}

// table is what is known of the room among places: when, in seconds of the wall clock, it was found
// that none can be given away, and when somebody was turned away.
type table struct{ full, refused int64 }

// admits reports whether a newcomer that nobody vouches for may look for room. again says whether it
// has come in an earlier minute, which is asked where it matters; known is the answer.
func (t *table) admits(wall int64, places, limit int, again func() bool) (known, ok bool) {
	scarce := wall-t.refused < scarceFor
	if !scarce && places < limit {
		return false, true
	}
	if known = again(); scarce && !known {
		t.refused = wall
	}
	return known, known || !scarce
}

// room finds room for a newcomer that is admitted: the index of the place that it gets, or -1 for one
// without an owner. places must be in a fixed order.
func room[P place](t *table, places []P, limit int, known bool, wall int64) (i int, ok bool) {
	others := 0
	for _, p := range places {
		if !p.vouched() {
			others++
		}
	}
	if others < limit {
		return -1, true
	}
	best := -1
	if t.full != wall {
		best = spare(places, known, wall)
	}
	if best < 0 {
		t.refused = wall
		if known {
			t.full = wall
		}
	}
	return best, best >= 0
}

// spare returns the index of the place that is given away, or -1. known says that it is for one that
// has come again.
func spare[P place](places []P, known bool, wall int64) int {
	best, briefly := -1, false
	for i, p := range places {
		if p.vouched() || p.decided() {
			continue
		}
		lasted, unused := p.used()-p.since(), wall-p.used()
		brief := known && lasted < oneMinute && unused >= oneMinute
		if !brief && unused < max(placeKept, min(lasted, longestKept)) {
			continue
		}
		if best < 0 || brief && !briefly || brief == briefly && p.used() < places[best].used() {
			best, briefly = i, brief
		}
	}
	return best
}

// again reports whether a name that finds no place came in an earlier minute, too.
func again[K comparable](e *Engine, key K) bool {
	if e.door.Load() == nil {
		e.door.CompareAndSwap(nil, doorkeeper.New(doorSlots))
	}
	return e.door.Load().Seen(maphash.Comparable(e.seed, key))
}

func (m *model) since() int64  { return m.firstSeen.Load() }
func (m *model) used() int64   { return m.lastSeen.Load() }
func (m *model) vouched() bool { return m.card.Load() }
func (m *model) decided() bool { return m.verdicts.Load() }

func (v *version) since() int64  { return v.start / 1e9 }
func (v *version) used() int64   { return v.lastSeen }
func (v *version) vouched() bool { return v.card }

// note keeps for others, who do not have the lock of the model, whether it has a verdict.
func (m *model) note() {
	m.verdicts.Store(slices.ContainsFunc(m.versions, (*version).decided))
}

// touch takes note that something came for the model.
func (m *model) touch(wall int64) {
	if wall > m.lastSeen.Load() {
		m.lastSeen.Store(wall)
	}
}

func (v *version) decided() bool {
	for _, g := range v.groups {
		for _, s := range g.order {
			if s.decided() {
				return true
			}
		}
	}
	return false
}

// roles are those that a version with a card can have; any other is as good as a made-up version.
var roles = []string{"", "shadow", "canary"}

// hasCard reports whether the catalog lists a version.
func (m *model) hasCard(v versionKey) bool {
	return m.set.Version(m.key.environment, m.key.name, v.version) != nil && slices.Contains(roles, v.role)
}

// vouch finds out for which models the cards vouch: of a card that fits many, for those that came
// first. mu is held.
func (e *Engine) vouch() {
	models := e.sorted()
	slices.SortStableFunc(models, func(a, b *model) int { return cmp.Compare(a.since(), b.since()) })
	clear(e.byCard)
	for _, m := range models {
		e.hold(m, e.vouches(m.key))
	}
}

// voucher is how a model is vouched for: by no card, by one that fits it alone, or by one that fits
// many.
type voucher struct {
	vouched bool
	wide    *catalog.Model // nil but for one that fits many
}

// vouches returns who vouches for a model that has no place yet. mu is held.
func (e *Engine) vouches(key modelKey) voucher {
	card := e.set.Model(key.environment, key.name)
	switch {
	case card == nil:
		return voucher{}
	case card.Environment == key.environment && (card.Name == key.name || slices.Contains(card.AlsoKnownAs, key.name)):
		return voucher{vouched: true}
	case e.byCard[card] < perCard:
		return voucher{true, card}
	}
	return voucher{}
}

// hold takes note of who vouches for a model. mu is held.
func (e *Engine) hold(m *model, by voucher) {
	m.by = by
	m.card.Store(by.vouched)
	if by.wide != nil {
		e.byCard[by.wide]++
	}
}

// model returns a model, which is added where it is missing; nil where there is no room. mu is held.
func (e *Engine) model(key modelKey, partition string, wall int64) *model {
	if m := e.models[key]; m != nil {
		return m
	}
	by := e.vouches(key)
	if !by.vouched && !e.makeRoom(key, wall) {
		e.notes.full("model", Key{Environment: key.environment, Model: key.name})
		return nil
	}
	key = modelKey{strings.Clone(key.environment), strings.Clone(key.name)}
	m := newModel(key)
	m.set, m.settings, m.partition, m.seen = e.set, e.opts.resolve(e.set, key), e.partition(partition), e.newSeen()
	m.firstSeen.Store(wall)
	m.touch(wall)
	e.hold(m, by)
	e.beginLearning(m)
	e.models[key] = m
	return m
}

// makeRoom finds room for a model that nobody vouches for, if need be in the place of another. mu is
// held.
func (e *Engine) makeRoom(key modelKey, wall int64) bool {
	limit := e.opts.Limits.Models
	known, ok := e.table.admits(wall, len(e.models), limit, func() bool { return again(e, key) })
	if !ok || len(e.models) < limit {
		return ok
	}
	models := e.sorted()
	i, ok := room(&e.table, models, limit, known, wall)
	if i >= 0 {
		e.notes.giveAway("model", Key{Environment: models[i].key.environment, Model: models[i].key.name})
		e.drop(models[i])
	}
	return ok
}

func newModel(key modelKey) *model {
	return &model{key: key, names: make(map[string]string)}
}

// drop forgets a model. mu is held.
func (e *Engine) drop(m *model) {
	m.gone.Store(true)
	e.letGo(m)
	if e.models[m.key] == m {
		delete(e.models, m.key)
		if m.by.wide != nil {
			e.byCard[m.by.wide]--
		}
	}
	e.table.full = 0
}

// letGo gives back what a model that is not kept has of what all share.
func (e *Engine) letGo(m *model) {
	m.seen.Release()
	e.count(m, 0, -m.strange.Load())
}

// forget takes note that a version has no series any more.
func (e *Engine) forget(m *model, v *version) {
	for _, g := range v.groups {
		for _, s := range g.order {
			e.uncount(m, s)
		}
	}
}

// uncount takes note that a model has lost a series.
func (e *Engine) uncount(m *model, s *series) {
	if s.strange {
		e.count(m, -1, -1)
	} else {
		e.count(m, -1, 0)
	}
}

// version returns a version, which is added where it is missing; nil where there is no room.
func (e *Engine) version(m *model, key versionKey, now int64) *version {
	find := func(v *version, k versionKey) int { return compareVersions(v.key, k) }
	i, found := slices.BinarySearchFunc(m.versions, key, find)
	if found {
		return m.versions[i]
	}
	vouched := m.hasCard(key)
	if !vouched {
		if !e.makeRoomIn(m, key, now/1e9) {
			e.notes.full("version", Key{Environment: m.key.environment, Model: m.key.name, Version: key.version, Role: key.role})
			return nil
		}
		i, _ = slices.BinarySearchFunc(m.versions, key, find)
	}
	v := newVersion(versionKey{strings.Clone(key.version), strings.Clone(key.role)}, now)
	v.card = vouched
	m.versions = slices.Insert(m.versions, i, v)
	return v
}

// makeRoomIn finds room for a version that nobody vouches for, if need be in the place of another.
func (e *Engine) makeRoomIn(m *model, key versionKey, wall int64) bool {
	limit := e.opts.Limits.Versions
	known, ok := m.table.admits(wall, len(m.versions), limit, func() bool {
		// What is read again comes within moments.
		return m.partition.reading() || again(e, versionOf{m.key, key})
	})
	if !ok || len(m.versions) < limit {
		return ok
	}
	i, ok := room(&m.table, m.versions, limit, known, wall)
	if i >= 0 {
		old := m.versions[i]
		e.notes.giveAway("version", Key{Environment: m.key.environment, Model: m.key.name, Version: old.key.version, Role: old.key.role})
		e.forget(m, old)
		m.versions = slices.Delete(m.versions, i, i+1)
		m.table.full = 0
	}
	return ok
}

// versionOf tells versions of all models apart.
type versionOf struct {
	modelKey
	versionKey
}

func newVersion(key versionKey, now int64) *version {
	return &version{key: key, start: now, plans: make(map[seriesKey]*plan), segmentMissing: distribution.NewCategoricalBinning()}
}

func compareModels(a, b modelKey) int {
	return cmp.Or(cmp.Compare(a.environment, b.environment), cmp.Compare(a.name, b.name))
}

func compareVersions(a, b versionKey) int {
	return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.role, b.role))
}
