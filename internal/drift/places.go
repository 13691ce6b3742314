// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// Who has a place among the models, and among the versions of a model:
//
//   - What is active is never pushed out. A place is given away only after it was unused for an
//     hour (placeKept), the one that was unused for longest first.
//   - What has a verdict keeps its place. What has a card gives it up only to others with a card,
//     and after all those without one.
//   - The limit is that of all; up to as many with a card find room beyond it, so that those that
//     nobody knows cannot keep them out.
//   - Who finds no room shares one series of what is passed on, with otel.metric.overflow.

// placeKept is how long a place is kept for one that is silent, in seconds of the wall clock.
const placeKept = 3600

// place is what holds a place: a model, or a version of one.
type place interface {
	// used is the wall clock when something came for it.
	used() int64
	// known is true for one that the catalog has a card of.
	known() bool
	// decided is true for one that has a verdict.
	decided() bool
}

// spare returns the index of the place that can be given to a newcomer, or -1. room is true where a
// newcomer finds a place without. places must be in a fixed order.
func spare[P place](places []P, limit int, known bool, wall int64) (i int, room bool) {
	if len(places) < limit {
		return -1, true
	}
	best, cards := -1, 0
	for i, p := range places {
		if p.known() {
			cards++
		}
		if wall-p.used() < placeKept || p.known() && !known || p.decided() {
			continue
		}
		if best < 0 || !p.known() && places[best].known() ||
			p.known() == places[best].known() && p.used() < places[best].used() {
			best = i
		}
	}
	return best, best < 0 && known && cards < limit
}

func (m *model) used() int64   { return m.lastSeen.Load() }
func (m *model) known() bool   { return m.card.Load() }
func (m *model) decided() bool { return m.verdicts.Load() }

func (v *version) used() int64 { return v.lastSeen }
func (v *version) known() bool { return v.card }

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

// noRoom remembers until when it is known that there is no room: spare is asked once a second at
// most.
type noRoom struct{ unknown, known int64 }

func (n *noRoom) at(known bool) *int64 {
	if known {
		return &n.known
	}
	return &n.unknown
}

// model returns a model, which is added where it is missing; nil where there is no room. mu is held.
func (e *Engine) model(key modelKey, partition string, wall int64) *model {
	if m := e.models[key]; m != nil {
		return m
	}
	known := e.set.Model(key.environment, key.name) != nil
	if len(e.models) >= e.opts.Limits.Models {
		if *e.noRoom.at(known) == wall {
			e.notes.full("model", Key{Environment: key.environment, Model: key.name})
			return nil
		}
		models := e.sorted()
		i, room := spare(models, e.opts.Limits.Models, known, wall)
		switch {
		case i >= 0:
			e.notes.giveAway("model", Key{Environment: models[i].key.environment, Model: models[i].key.name})
			e.drop(models[i])
		case !room:
			*e.noRoom.at(known) = wall
			e.notes.full("model", Key{Environment: key.environment, Model: key.name})
			return nil
		}
	}
	key = modelKey{strings.Clone(key.environment), strings.Clone(key.name)}
	m := newModel(key)
	m.set, m.settings, m.partition, m.seen = e.set, e.opts.resolve(e.set, key), e.partition(partition), e.newSeen()
	m.card.Store(known)
	m.touch(wall)
	e.beginLearning(m)
	e.models[key] = m
	return m
}

func newModel(key modelKey) *model {
	return &model{key: key, names: make(map[string]string)}
}

// drop forgets a model. mu is held.
func (e *Engine) drop(m *model) {
	m.gone.Store(true)
	m.seen.Release()
	delete(e.models, m.key)
	e.noRoom = noRoom{}
}

// forget takes note that a version has no series any more.
func (m *model) forget(v *version) {
	for _, g := range v.groups {
		m.series.Add(int64(-len(g.order)))
	}
}

// version returns a version, which is added where it is missing; nil where there is no room.
func (e *Engine) version(m *model, key versionKey, now int64) *version {
	find := func(v *version, k versionKey) int { return compareVersions(v.key, k) }
	i, found := slices.BinarySearchFunc(m.versions, key, find)
	if found {
		return m.versions[i]
	}
	known, wall := m.hasCard(key), now/1e9
	if len(m.versions) >= e.opts.Limits.Versions {
		name := Key{Environment: m.key.environment, Model: m.key.name, Version: key.version, Role: key.role}
		if *m.noRoom.at(known) == wall {
			e.notes.full("version", name)
			return nil
		}
		j, room := spare(m.versions, e.opts.Limits.Versions, known, wall)
		switch {
		case j >= 0:
			old := m.versions[j]
			e.notes.giveAway("version", Key{Environment: m.key.environment, Model: m.key.name, Version: old.key.version, Role: old.key.role})
			m.forget(old)
			m.versions = slices.Delete(m.versions, j, j+1)
			m.noRoom = noRoom{}
			i, _ = slices.BinarySearchFunc(m.versions, key, find)
		case !room:
			*m.noRoom.at(known) = wall
			e.notes.full("version", name)
			return nil
		}
	}
	v := newVersion(versionKey{strings.Clone(key.version), strings.Clone(key.role)}, now)
	v.card = known
	m.versions = slices.Insert(m.versions, i, v)
	return v
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
