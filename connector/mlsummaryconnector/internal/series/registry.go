// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package series holds what the series of a model are: its bins and groups, from the catalog
// (Plan), and the tables that number its features, classes, categories and cohorts (Model, Dict).
//
// A Registry is shared by all shards, so that an id means the same in each of them and their counts
// add up slot by slot. Shards keep their own look-ups and come here only for what is new.
//
// Every table has a limit. What is in a table keeps its place as long as it is in use: a place is
// given away only after it was unused for an hour, and only where something was turned away
// (MakeRoom); what has a card keeps its place.
package series

import (
	"strings"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Idle is how long a place must have been unused before it is given away.
const Idle = time.Hour

// Limits bound the tables.
type Limits struct {
	// Models is the number of models that have no card, Segments of cohorts per dimension, Features
	// of features per model, Categories of values per feature (and of classes) beyond the baseline's,
	// and Sources of where a model's data comes from.
	Models, Segments, Features, Categories, Sources int
}

// Watched is what is watched of models without a card.
type Watched struct {
	// Segments are dimensions.
	Segments []string
	// Derived are features that are worked out from attributes, as derive.Parse reads them.
	Derived []string
}

// Registry finds Models. It is safe for concurrent use.
type Registry struct {
	limits  Limits
	watched Watched

	mu     sync.Mutex
	set    *catalog.Set
	places map[Key]*place
	known  int // of places
	// reserved are the places that a card has a right to, beside the limit, with who holds them.
	reserved map[reservation]Key
	// names are the names of models that have a place, with how many.
	names    map[Key]int
	overflow *Model
	// turnedAway is true where a model found no room.
	turnedAway bool
	// since is the time, in seconds since 1970, before which a place must have been used last to
	// count as unused.
	since int64
}

// place is a model's, whose model is nil until the first prediction after a change of its card.
type place struct {
	model *Model
	used  int64 // of models before, as Model.used
	// known is true for a reserved place.
	known bool
}

func (p *place) lastUsed() int64 {
	if p.model == nil {
		return p.used
	}
	p.model.mu.Lock()
	defer p.model.mu.Unlock()
	return max(p.used, p.model.used)
}

// reservation is a place that a card has a right to: one for each version that it lists and one for
// all others, in each role.
type reservation struct{ environment, name, version, role string }

// NewRegistry returns an empty registry; watched is what is watched of models without a card.
func NewRegistry(limits Limits, watched Watched) *Registry {
	r := &Registry{
		limits: limits, watched: watched, set: catalog.NewSet(nil, nil), places: make(map[Key]*place),
		reserved: make(map[reservation]Key), names: make(map[Key]int),
		overflow: newModel(Key{}, newPlan(source{}, 0), Limits{}),
	}
	r.overflow.Overflow = true
	return r
}

// Use makes set the source of plans. Models of which it says something new are forgotten here, and
// whoever still counts into them counts by the old plan; they keep their places.
func (r *Registry) Use(set *catalog.Set) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if set == r.set {
		return
	}
	r.set = set
	clear(r.reserved)
	r.known = 0
	for _, p := range r.places {
		p.known = false
	}
	for key, p := range r.places {
		if p.model != nil && !p.model.Plan.source.equal(newSource(set, key, r.watched)) {
			p.used = p.lastUsed()
			p.model = nil
		}
		if r.reserve(key) {
			p.known = true
			r.known++
		}
	}
}

// OfJob reports whether a check is one of the contract of a job's stage.
func (r *Registry) OfJob(environment, job, stage, check string) bool {
	r.mu.Lock()
	set := r.set
	r.mu.Unlock()
	card := set.Job(environment, job)
	return card != nil && card.Contract.Find(stage, check) != nil
}

// reserve reports whether the key may have a place that a card has a right to. It then holds it.
func (r *Registry) reserve(key Key) bool {
	card := r.set.Model(key.Environment, key.Name)
	if card == nil || key.Role != "" && key.Role != mlconv.RoleShadow && key.Role != mlconv.RoleCanary {
		return false
	}
	want := reservation{card.Environment, card.Name, "", key.Role}
	if v := r.set.Version(key.Environment, key.Name, key.Version); v != nil {
		want.version = "=" + v.Version
	}
	if holder, taken := r.reserved[want]; taken && holder != key {
		held := r.places[holder]
		if used := held.lastUsed(); used == 0 || used >= r.since {
			return false
		}
		held.known = false
		r.known--
	}
	r.reserved[want] = key
	return true
}

// full is true where there is no room for a model without a reserved place.
func (r *Registry) full() bool { return len(r.places)-r.known >= r.limits.Models }

// Model returns the model with the given key, or the overflow model and false where there is no
// room for one more.
func (r *Registry) Model(key Key) (m *Model, room bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.places[key]
	if p == nil {
		if r.full() && r.set.Model(key.Environment, key.Name) == nil {
			r.turnedAway = true
			return r.overflow, false
		}
		key = Key{
			Name: strings.Clone(key.Name), Version: strings.Clone(key.Version),
			Role: strings.Clone(key.Role), Environment: strings.Clone(key.Environment),
		}
		known := r.reserve(key)
		switch {
		case known:
			r.known++
		case r.full():
			r.turnedAway = true
			return r.overflow, false
		}
		p = &place{known: known}
		r.places[key] = p
		r.names[nameOf(key)]++
	}
	if p.model == nil {
		p.model = newModel(key, newPlan(newSource(r.set, key, r.watched), r.limits.Features), r.limits)
		p.model.used = p.used
	}
	return p.model, true
}

// nameOf is a key without version and role.
func nameOf(key Key) Key { return Key{Environment: key.Environment, Name: key.Name} }

// Knows is true for a model that has a card, or that has a place in any version.
func (r *Registry) Knows(key Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[nameOf(key)] > 0 || r.set.Model(key.Environment, key.Name) != nil
}

// Switched tells whether a feature of any model has become categorical since the last call: who
// keeps look-ups must drop them.
func (r *Registry) Switched() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switched := false
	for _, p := range r.places {
		switched = p.model != nil && p.model.takeSwitched() || switched
	}
	return switched
}

// MakeRoom gives away what was not in use for an hour before now, where something was turned away.
// With models it does so with models alone, and not with what is in their tables. It reports
// whether something was given away: who keeps look-ups must then drop them. Nothing may be counted
// meanwhile. Models that were handed out stay as they are.
func (r *Registry) MakeRoom(now time.Time, models bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = now.Add(-Idle).Unix()
	changed := false
	for key, p := range r.places {
		used := p.lastUsed()
		switch {
		case r.turnedAway && !p.known && used != 0 && used < r.since:
			delete(r.places, key)
			if name := nameOf(key); r.names[name] == 1 {
				delete(r.names, name)
			} else {
				r.names[name]--
			}
			changed = true
		case !models && p.model != nil:
			if trimmed := p.model.trimmed(r.since); trimmed != p.model {
				p.model = trimmed
				changed = true
			}
		}
	}
	if !r.full() {
		r.turnedAway = false
	}
	return changed
}

// Current is false for a model that is not handed out any more.
func (r *Registry) Current(m *Model) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m == r.overflow {
		return true
	}
	p := r.places[m.Key]
	return p != nil && p.model == m
}
