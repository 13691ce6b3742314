// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package series holds what the series of a model are: its bins and groups, from the catalog
// (Plan), and the tables that number its features, classes, categories and cohorts (Model, Dict).
//
// A Registry is shared by all shards, so that an id means the same in each of them and their counts
// add up slot by slot. Shards keep their own look-ups and come here only for what is new.
//
// Every table has a limit. What is in a table and in use keeps its place; what has a card has a place
// of its own, used or not, from before its first span. A place is given away (MakeRoom) only where
// somebody was turned away, and only one that was unused for an hour, or, where that somebody came
// again in a later flush interval, one that was counted in one interval alone and was silent since:
//
//	a name ──room──► place ──counted in two flush intervals──► unused for an hour ──► given away
//	   │               └──counted in one, then silent──► given away, to who came again
//	   └──turned away──► overflow, noted at the door ──a later interval──► came again ──► place
//
// After a name was turned away, a free place is for names alone that came again, so that names that
// are made up by the thousand, each once, do not take it.
package series

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Limits bound the tables.
type Limits struct {
	// Models is the number of models that have no card, Segments of cohorts per dimension, Features
	// of features per model, Categories of values per feature (and of classes) beyond the baseline's,
	// and Sources of where a model's data comes from.
	Models, Segments, Features, Categories, Sources int
	// Series is about how many series there may be, of all models together, of names that are not on
	// baselines and cards; 0 is no bound.
	Series int
	// Probation is how long what was counted in one flush interval alone must have been silent
	// before it gives its place to who comes again.
	Probation time.Duration
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
	// door is for models, tables for what is in their tables.
	door, tables *door

	mu     sync.Mutex
	set    *catalog.Set
	places map[Key]*place
	known  int // of places
	// reserved are the places that a card has a right to, beside the limit, with who holds them.
	reserved map[reservation]Key
	// names are the names of models that have a place, with how many.
	names    map[Key]int
	overflow *Model
	gate     gate
	// silence is that of the last MakeRoom.
	silence silence
}

// place is a model's, whose model is nil until the first prediction after a change of its card.
type place struct {
	model *Model
	used  use // of models before, as Model.used
	// known is true for a reserved place.
	known bool
}

func (p *place) usage() use {
	if p.model == nil {
		return p.used
	}
	p.model.mu.Lock()
	defer p.model.mu.Unlock()
	return p.model.used
}

// reservation is a place that a card has a right to: one for each version that it lists and one for
// all others, in each role.
type reservation struct{ environment, name, version, role string }

// NewRegistry returns an empty registry; watched is what is watched of models without a card.
func NewRegistry(limits Limits, watched Watched) *Registry {
	r := &Registry{
		limits: limits, watched: watched, door: newDoor(modelSlots, 0), tables: newDoor(tableSlots, limits.Series), set: catalog.NewSet(nil, nil), places: make(map[Key]*place),
		reserved: make(map[reservation]Key), names: make(map[Key]int),
	}
	r.overflow = newModel(Key{}, newPlan(source{}, 0), Limits{}, r.tables)
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
	for key, p := range r.places {
		if p.model != nil && !p.model.Plan.source.equal(newSource(set, key, r.watched)) {
			p.used = p.usage()
			p.model = nil
		}
	}
	for _, key := range r.byRight(func(Key, *place) bool { return true }) {
		p := r.places[key]
		want, right := r.right(key)
		_, taken := r.reserved[want]
		if p.known = right && !taken; p.known {
			r.reserve(want, key)
		}
	}
}

// byRight returns those of the models that have a place: those that hold one of a card first, then those that
// were counted again, the latest first.
func (r *Registry) byRight(of func(Key, *place) bool) []Key {
	type ranked struct {
		key   Key
		known bool
		used  use
	}
	var list []ranked
	for key, p := range r.places {
		if of(key, p) {
			list = append(list, ranked{key, p.known, p.usage()})
		}
	}
	slices.SortFunc(list, func(a, b ranked) int {
		return cmp.Or(
			first(a.known, b.known), first(a.used.again, b.used.again), cmp.Compare(b.used.last, a.used.last),
			cmp.Compare(a.key.Name, b.key.Name), cmp.Compare(a.key.Version, b.key.Version), cmp.Compare(a.key.Environment, b.key.Environment),
			cmp.Compare(a.key.Role, b.key.Role),
		)
	})
	keys := make([]Key, len(list))
	for i := range list {
		keys[i] = list[i].key
	}
	return keys
}

// first compares so that true comes before false.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// OfJob reports whether a check is one of the contract of a job's stage.
func (r *Registry) OfJob(environment, job, stage, check string) bool {
	r.mu.Lock()
	set := r.set
	r.mu.Unlock()
	card := set.Job(environment, job)
	return card != nil && card.Contract.Find(stage, check) != nil
}

// right returns the place that a card gives the key a right to; false where there is none.
func (r *Registry) right(key Key) (reservation, bool) {
	card := r.set.Model(key.Environment, key.Name)
	if card == nil || key.Role != "" && key.Role != mlconv.RoleShadow && key.Role != mlconv.RoleCanary {
		return reservation{}, false
	}
	want := reservation{card.Environment, card.Name, "", key.Role}
	if v := r.set.Version(key.Environment, key.Name, key.Version); v != nil {
		want.version = "=" + v.Version
	}
	return want, true
}

// reserve gives a reserved place to a key, which marks its place as known. Who held it before keeps
// an ordinary place for now.
func (r *Registry) reserve(want reservation, key Key) {
	if holder, taken := r.reserved[want]; taken && r.places[holder].known {
		r.places[holder].known = false
		r.known--
	}
	r.reserved[want] = key
	r.known++
}

// full is true where there is no room for a model without a reserved place.
func (r *Registry) full() bool { return len(r.places)-r.known >= r.limits.Models }

// admit finds a place for a key that has none, and reports whether there is one, and whether it is
// one of a card.
func (r *Registry) admit(key Key) (known, room bool) {
	want, right := r.right(key)
	holder, taken := r.reserved[want]
	if right && !taken {
		r.reserve(want, key)
		return true, true
	}
	full := r.full()
	if !full && !r.gate.scarce(r.door) {
		return false, true
	}
	cameBefore := r.door.keeper.Seen(r.door.hash(key))
	if cameBefore && right {
		if used := r.places[holder].usage(); used.yields(r.silence) {
			r.reserve(want, key)
			r.gate.refuse(r.door, true) // so that the place of the one before goes to somebody
			return true, true
		}
	}
	if cameBefore && !full {
		return false, true
	}
	r.gate.refuse(r.door, cameBefore)
	return false, false
}

// Model returns the model with the given key, or the overflow model and false where there is no
// room for one more.
func (r *Registry) Model(key Key) (m *Model, room bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.places[key]
	if p == nil {
		known, room := r.admit(key)
		if !room {
			return r.overflow, false
		}
		key = Key{
			Name: strings.Clone(key.Name), Version: strings.Clone(key.Version),
			Role: strings.Clone(key.Role), Environment: strings.Clone(key.Environment),
		}
		if known {
			want, _ := r.right(key)
			r.reserved[want] = key // keeps nothing of a request alive
		}
		p = &place{known: known}
		r.places[key] = p
		r.names[nameOf(key)]++
	}
	if p.model == nil {
		p.model = newModel(key, newPlan(newSource(r.set, key, r.watched), r.limits.Features), r.limits, r.tables)
		p.model.used = p.used
	}
	return p.model, true
}

// Reserved is true for a model whose place is one of a card.
func (r *Registry) Reserved(key Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.places[key]
	return p != nil && p.known
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

// Tick ends a flush interval.
func (r *Registry) Tick() {
	r.door.tick()
	r.tables.tick()
}

// Now is the moment of a flush at a time.
func (r *Registry) Now(now time.Time) Moment { return Moment{now.Unix(), r.door.interval.Load()} }

// MakeRoom gives away what is silent, where something was turned away. With models it does so with
// models alone, and not with what is in their tables. It reports whether something was given away:
// who keeps look-ups must then drop them. Nothing may be counted meanwhile, and all that was is
// touched. Models that were handed out stay as they are.
func (r *Registry) MakeRoom(now time.Time, models bool) (given Evictions, changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silence = silence{now.Add(-Idle).Unix(), now.Add(-r.limits.Probation).Unix(), r.Now(now)}
	wanted := r.gate.turnedAway.Load()
	if wanted {
		r.passReservations()
	}
	for key, p := range r.places {
		if wanted && !p.known && r.givesAway(p) {
			delete(r.places, key)
			if name := nameOf(key); r.names[name] == 1 {
				delete(r.names, name)
			} else {
				r.names[name]--
			}
			given.add(LimitModels, key, "")
			changed = true
			continue
		}
		if !models && p.model != nil {
			if trimmed := p.model.trimmed(r.silence, &given); trimmed != p.model {
				p.model = trimmed
				changed = true
			}
		}
	}
	r.gate.contested.Store(false)
	if !r.full() && !r.gate.scarce(r.door) {
		r.gate.turnedAway.Store(false)
	}
	r.weigh(models)
	return given, changed
}

// weigh finds out anew what the tables of all models hold, after places in them were given away or,
// with models, of models alone.
func (r *Registry) weigh(models bool) {
	all := &r.tables.all
	held := 0
	for _, p := range r.places {
		if p.model != nil {
			held += p.model.held()
		}
	}
	all.held.Store(int64(held))
	if models {
		return
	}
	all.gate.contested.Store(false)
	if !all.full() && !all.gate.scarce(r.tables) {
		all.gate.turnedAway.Store(false)
	}
}

// givesAway reports whether an ordinary place is given away now.
func (r *Registry) givesAway(p *place) bool {
	used := p.usage()
	if used.last == 0 && p.model != nil {
		p.model.Touch(r.silence.now) // it has its place since a moment ago, or nothing of it could be counted
	}
	return r.gate.givesAway(&used, r.silence)
}

// passReservations gives the places of cards whose holders are silent to other versions that are
// not.
func (r *Registry) passReservations() {
	others := func(key Key, p *place) bool {
		used := p.usage()
		return !p.known && r.set.Model(key.Environment, key.Name) != nil && used.again && !used.yields(r.silence)
	}
	for _, key := range r.byRight(others) {
		p := r.places[key]
		want, right := r.right(key)
		if !right {
			continue
		}
		if held := r.places[r.reserved[want]].usage(); held.yields(r.silence) {
			r.reserve(want, key)
			p.known = true
		}
	}
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
