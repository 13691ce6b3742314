// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package series holds what the series of a model are: its bins and groups, from the catalog (Plan), and
// the tables that number its features, classes, categories and cohorts (Model, Dict).
//
// A Registry is shared by all shards, so that an id means the same in each of them and their counts add up
// slot by slot. Shards keep their own look-ups and come here only for what is new.
package series

import (
	"strings"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// Limits bound the tables.
type Limits struct {
	// Models is the number of models, Segments of cohorts per dimension, Features of features per model, and
	// Categories of values per feature (and of classes) beyond the baseline's.
	Models, Segments, Features, Categories int
}

// Registry finds Models. It is safe for concurrent use.
type Registry struct {
	limits   Limits
	segments []string

	mu     sync.Mutex
	set    *catalog.Set
	models map[Key]*Model
	// plans outlive Reset: laying the grids of many bins takes a while.
	plans    map[Key]*Plan
	overflow *Model
}

// NewRegistry returns an empty registry; segments are the dimensions of models without a card.
func NewRegistry(limits Limits, segments []string) *Registry {
	r := &Registry{limits: limits, segments: segments, set: catalog.NewSet(nil, nil), plans: make(map[Key]*Plan)}
	r.Reset()
	return r
}

// Reset empties all tables. Models that were handed out stay as they are.
func (r *Registry) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.plans {
		if r.models[key] == nil {
			delete(r.plans, key)
		}
	}
	r.models = make(map[Key]*Model)
	r.overflow = newModel(Key{}, newPlan(source{}, 0), Limits{})
	r.overflow.Overflow = true
}

// Use makes set the source of plans. Models of which it says something new are forgotten here, and whoever still
// counts into them counts by the old plan.
func (r *Registry) Use(set *catalog.Set) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if set == r.set {
		return
	}
	r.set = set
	for key, plan := range r.plans {
		if !plan.source.equal(newSource(set, key, r.segments)) {
			delete(r.plans, key)
			delete(r.models, key)
		}
	}
}

// Model returns the model with the given key, or the overflow model and false where there is no room for one more.
func (r *Registry) Model(key Key) (m *Model, room bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m, ok := r.models[key]; ok {
		return m, true
	}
	if len(r.models) >= r.limits.Models {
		return r.overflow, false
	}
	key = Key{
		strings.Clone(key.Environment), strings.Clone(key.Name),
		strings.Clone(key.Version), strings.Clone(key.Role),
	}
	plan, ok := r.plans[key]
	if !ok {
		plan = newPlan(newSource(r.set, key, r.segments), r.limits.Features)
		r.plans[key] = plan
	}
	m = newModel(key, plan, r.limits)
	r.models[key] = m
	return m, true
}

// Current is false for a model that is not handed out any more.
func (r *Registry) Current(m *Model) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return m == r.overflow || r.models[m.Key] == m
}
