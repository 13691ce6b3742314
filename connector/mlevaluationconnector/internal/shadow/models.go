// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// model is an identity that answers.
type model struct {
	prediction.Identity
	number uint32
	// group is where its answers are those that are used; nil for a shadow.
	group *group
	// shadows are where its answers are a shadow's.
	shadows []membership
	// seen is when it answered last, by the wall clock.
	seen time.Time
	// compared says that there is a comparison of it.
	compared bool
}

// isShadowOf says whether its answers are compared with those of another one.
func (m *model) isShadowOf(primary *model) bool {
	return slices.ContainsFunc(m.shadows, func(s membership) bool { return s.group == primary.group })
}

// membership is the place of a shadow in a group.
type membership struct {
	group *group
	slot  int
}

// group is the models of one name in one environment of whose answers one is used, and their shadows.
type group struct {
	number uint32
	// shadows have places that are taken again; nil is a free one.
	shadows [mostShadows]*model
	count   int
	// named says that the options name it, since when it was seen first.
	named bool
	since time.Time
}

// waits says whether its answers wait for those of shadows.
func (g *group) waits(now time.Time, timeToLive time.Duration) bool {
	return g.count > 0 || g.named || now.Sub(g.since) < timeToLive
}

// groupKey tells a group from others.
type groupKey struct{ name, environment string }

// models are those that are known.
type models struct {
	most   int
	pairs  []Pair
	byID   map[prediction.Identity]*model
	groups map[groupKey]*group
	// number is the last one that was given, to a model or a group.
	number uint32
	// vouched is Options.Vouched; fullUntil says that a newcomer need not look for a place.
	vouched   func(*prediction.Identity) bool
	fullUntil time.Time
	// displaced are those that others took the place of.
	displaced uint64
}

func newModels(o Options) models {
	return models{most: o.Models, vouched: o.Vouched, pairs: o.Pairs, byID: map[prediction.Identity]*model{}, groups: map[groupKey]*group{}}
}

// find returns the model of an identity, which it makes where there is room, and nil where there is none.
func (m *models) find(id prediction.Identity, now time.Time) *model {
	if known := m.byID[id]; known != nil {
		known.seen = now
		return known
	}
	if len(m.byID) >= m.most && !m.makeRoom(&id, now) {
		return nil
	}
	m.number++
	added := &model{Identity: id, number: m.number, seen: now}
	if id.Role == mlconv.RoleShadow {
		m.join(added, id.Name, now)
	} else {
		added.group = m.groupOf(groupKey{id.Name, id.Environment}, now)
	}
	for _, p := range m.pairs {
		if p.Shadow == id.Name {
			m.join(added, p.Primary, now)
		}
	}
	m.byID[id] = added
	return added
}

// join makes a model a shadow of those of a name, where there is a place left.
func (m *models) join(shadow *model, name string, now time.Time) {
	g := m.groupOf(groupKey{name, shadow.Environment}, now)
	for slot, taken := range g.shadows {
		if taken == nil {
			g.shadows[slot] = shadow
			g.count++
			shadow.shadows = append(shadow.shadows, membership{g, slot})
			return
		}
	}
}

func (m *models) groupOf(key groupKey, now time.Time) *group {
	g := m.groups[key]
	if g == nil {
		m.number++
		g = &group{number: m.number, since: now}
		for _, p := range m.pairs {
			g.named = g.named || p.Primary == key.name
		}
		m.groups[key] = g
	}
	return g
}

// forget lets go of models that were not seen since a time, and of groups without a model.
func (m *models) forget(before time.Time) {
	inUse := map[*group]bool{}
	for _, known := range m.byID {
		if known.seen.Before(before) {
			m.remove(known)
			continue
		}
		inUse[known.group] = true
		for _, s := range known.shadows {
			inUse[s.group] = true
		}
	}
	for key, g := range m.groups {
		if !inUse[g] {
			delete(m.groups, key)
		}
	}
}
