// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Key identifies a model.
type Key = prediction.Identity

// maxErrors is the number of values of error.type of a model; what is beyond them is _OTHER.
const maxErrors = 20

// Model is one model with the tables of its dimensions. It is safe for concurrent use.
type Model struct {
	Key
	// Overflow is true for the one Model that stands for all that found no room; its Key is empty.
	Overflow bool
	Plan     *Plan
	Classes  *Dict
	// Services are those that call the model; Errors are the types of its errors.
	Services, Errors *Dict
	// Sources are where its data comes from, Checks the names (Check.Name) of what was broken.
	Sources, Checks *Dict
	// Cohorts are the values of each of Plan.Segments.
	Cohorts []*Dict

	limits Limits
	door   *door
	salt   uint64 // of the features, as Dict.salt
	gate   gate   // of the features

	mu       sync.Mutex
	features []*Feature
	slots    map[string]int
	// The slots of what finds no room, for numbers and for categories; -1 until one is needed.
	overflow [2]int
	// used is when a prediction was counted.
	used use
	// switched is true where a feature has become categorical.
	switched bool
}

// Feature is one feature of a Model.
type Feature struct {
	*Column
	// Categories are the values of a categorical feature; nil for a numeric one.
	Categories *Dict
	// Predecessor is the slot of the numbers that were counted before the feature became
	// categorical, or -1.
	Predecessor int

	used    use    // as Model.used
	numbers uint64 // that were flushed
}

func newModel(key Key, plan *Plan, limits Limits, door *door) *Model {
	m := &Model{
		Key: key, Plan: plan, limits: limits, door: door, salt: rand.Uint64(),
		Classes:  newDict(plan.classes, limits.Categories, door),
		Services: newDict(nil, limits.Segments, door),
		Errors:   newDict(nil, min(maxErrors, limits.Models*maxErrors), door), // none for the overflow model
		Sources:  newDict(nil, limits.Sources, door),
		Checks:   newDict(nil, min(maxChecks, limits.Models*maxChecks), door),
		slots:    make(map[string]int, len(plan.Columns)),
		overflow: [2]int{-1, -1},
	}
	for range plan.Segments {
		m.Cohorts = append(m.Cohorts, newDict(nil, limits.Segments, door))
	}
	for _, c := range plan.Columns {
		m.add(c)
	}
	return m
}

func (m *Model) add(c *Column) int {
	f := &Feature{Column: c, Predecessor: -1}
	if c.Categorical {
		limit := m.limits.Categories
		if c.Overflow {
			limit = 0 // values of unrelated features are one series
		}
		f.Categories = newDict(c.base, limit, m.door)
	}
	return m.addFeature(f)
}

func (m *Model) addFeature(f *Feature) int {
	slot := len(m.features)
	m.features = append(m.features, f)
	if !f.Overflow {
		m.slots[f.Name] = slot
	}
	return slot
}

// Find returns the slot of a feature that the model has, or -1.
func (m *Model) Find(name string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slot, ok := m.slots[name]; ok {
		return slot
	}
	return -1
}

// Slot returns the slot of a feature, which is added where there is room: as categorical or
// numeric. Where there is none it returns the slot of the overflow series of its kind, and false. A
// feature that the card names always finds room.
func (m *Model) Slot(name string, categorical bool) (slot int, room bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slot, ok := m.slots[name]; ok {
		return slot, true
	}
	if m.Plan.named[name] || m.admits(name, categorical) {
		name = strings.Clone(name)
		return m.add(&Column{Name: name, Categorical: categorical, Segment: m.Plan.segment(name)}), true
	}
	kind := 0
	if categorical {
		kind = 1
	}
	if m.overflow[kind] < 0 {
		m.overflow[kind] = m.add(&Column{Overflow: true, Categorical: categorical, Segment: -1})
	}
	return m.overflow[kind], false
}

// admits reports whether a feature without a place gets one.
func (m *Model) admits(name string, categorical bool) bool {
	ok := m.door.admits(&m.gate, len(m.slots) >= m.limits.Features, func() uint64 { return maphash.String(m.door.seed, name) ^ m.salt })
	if ok {
		m.door.all.held.Add(seriesOf(categorical))
	}
	return ok
}

// seriesOf is about how many series there are behind ml_drift of a feature: those of a histogram, and what
// is said of drifts by each method. A category is one more.
func seriesOf(categorical bool) int64 {
	if categorical {
		return 10
	}
	return 50
}

// held is about how many series there are of the names that the tables have beside those of the
// baseline and the card.
func (m *Model) held() (n int) {
	for _, d := range [...]*Dict{m.Classes, m.Services, m.Errors, m.Sources, m.Checks} {
		n += d.held()
	}
	for _, d := range m.Cohorts {
		n += d.held()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for slot, f := range m.features {
		if slot >= len(m.Plan.Columns) && !f.Overflow && !m.Plan.named[f.Name] {
			n += int(seriesOf(f.Categorical))
		}
		if f.Categories != nil {
			n += f.Categories.held()
		}
	}
	return n
}

// Switch makes a numeric feature categorical, of which neither card nor baseline say that it is a
// number, and returns its new slot, or the slot itself where the feature must stay numeric: by then
// it has had as many numbers as make it one for good; more are those that were not flushed. What
// was counted until now stays in the old slot.
func (m *Model) Switch(slot int, more, established uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.features[slot]
	if f.Categorical || f.Overflow || slot < len(m.Plan.Columns) || m.Plan.numeric[f.Name] {
		return slot
	}
	if now := m.slots[f.Name]; now != slot {
		return now // another shard was first
	}
	if f.numbers+more >= established {
		return slot
	}
	m.switched = true
	c := &Column{Name: f.Name, Categorical: true, Segment: f.Segment}
	return m.addFeature(&Feature{Column: c, Categories: newDict(nil, m.limits.Categories, m.door), Predecessor: slot})
}

// takeSwitched tells once whether a feature has become categorical since the last call.
func (m *Model) takeSwitched() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.switched
	m.switched = false
	return was
}

// Features returns the features by slot. What it returns is not changed later; a longer one may
// follow.
func (m *Model) Features() []*Feature {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clip(m.features)
}

// Touch notes that the model was in use at a flush.
func (m *Model) Touch(now Moment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used.at(now)
}

// TouchFeatures notes the same of the features for whose slot used is true, and how many numbers
// they had.
func (m *Model) TouchFeatures(used func(slot int) (numbers uint64, ok bool), now Moment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for slot, f := range m.features {
		if numbers, ok := used(slot); ok {
			f.used.at(now)
			f.numbers += numbers
		}
	}
}

// trimmed returns a Model in which what was silent has given its place away in those tables that had
// to turn something away; it is m itself where nothing was given away.
func (m *Model) trimmed(s silence, given *Evictions) *Model {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &Model{
		Key: m.Key, Plan: m.Plan, limits: m.limits, door: m.door, salt: m.salt, used: m.used,
		slots: make(map[string]int, len(m.slots)), overflow: [2]int{-1, -1},
	}
	n.gate.successor(&m.gate)
	changed := false
	trim := func(d *Dict, limit Limit) *Dict {
		out := d.trimmed(s, func(name string) { given.add(limit, m.Key, name) })
		changed = changed || out != d
		return out
	}
	n.Classes, n.Services, n.Errors = trim(m.Classes, LimitCategories), trim(m.Services, LimitServices), trim(m.Errors, LimitErrors)
	n.Sources, n.Checks = trim(m.Sources, LimitSources), trim(m.Checks, LimitChecks)
	for _, d := range m.Cohorts {
		n.Cohorts = append(n.Cohorts, trim(d, LimitSegments))
	}
	for slot, f := range m.features {
		fixed := slot < len(m.Plan.Columns) || m.Plan.named[f.Name]
		switch {
		case f.Overflow || m.slots[f.Name] != slot: // or numbers before it became categorical
			continue
		case !fixed && m.door.givesAway(&m.gate, &f.used, s):
			given.add(LimitFeatures, m.Key, f.Name)
			changed = true
			continue
		}
		kept := &Feature{Column: f.Column, Predecessor: -1, used: f.used, numbers: f.numbers}
		if f.Categories != nil {
			kept.Categories = trim(f.Categories, LimitCategories)
		}
		n.addFeature(kept)
	}
	m.gate.contested.Store(false)
	if !changed {
		return m
	}
	return n
}
