// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"slices"
	"strings"
	"sync"
)

// Key identifies a model. Empty parts are unknown; an empty Role is primary.
type Key struct{ Environment, Name, Version, Role string }

// Model is one model with the tables of its dimensions. It is safe for concurrent use.
type Model struct {
	Key
	// Overflow is true for the one Model that stands for all that found no room; its Key is empty.
	Overflow bool
	Plan     *Plan
	Classes  *Dict
	// Services are those that call the model, for what its calls use.
	Services *Dict
	// Cohorts are the values of each of Plan.Segments.
	Cohorts []*Dict

	limits Limits

	mu       sync.Mutex
	features []*Feature
	slots    map[string]int
	// The slots of what finds no room, for numbers and for categories; -1 until one is needed.
	overflow [2]int
}

// Feature is one feature of a Model.
type Feature struct {
	*Column
	// Categories are the values of a categorical feature; nil for a numeric one.
	Categories *Dict
}

func newModel(key Key, plan *Plan, limits Limits) *Model {
	m := &Model{
		Key: key, Plan: plan, limits: limits,
		Classes:  newDict(plan.classes, limits.Categories),
		Services: newDict(nil, limits.Segments),
		slots:    make(map[string]int, len(plan.Columns)),
		overflow: [2]int{-1, -1},
	}
	for range plan.Segments {
		m.Cohorts = append(m.Cohorts, newDict(nil, limits.Segments))
	}
	for _, c := range plan.Columns {
		m.add(c)
	}
	return m
}

func (m *Model) add(c *Column) int {
	f := &Feature{Column: c}
	if c.Categorical {
		limit := m.limits.Categories
		if c.Overflow {
			limit = 0 // values of unrelated features are one series
		}
		f.Categories = newDict(c.base, limit)
	}
	slot := len(m.features)
	m.features = append(m.features, f)
	if !c.Overflow {
		m.slots[c.Name] = slot
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

// Slot returns the slot of a feature, which is added where there is room: as categorical or numeric, for good.
// Where there is none it returns the slot of the overflow series of its kind, and false.
func (m *Model) Slot(name string, categorical bool) (slot int, room bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slot, ok := m.slots[name]; ok {
		return slot, true
	}
	if len(m.slots) < m.limits.Features {
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

// Features returns the features by slot. What it returns is not changed later; a longer one may follow.
func (m *Model) Features() []*Feature {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clip(m.features)
}
