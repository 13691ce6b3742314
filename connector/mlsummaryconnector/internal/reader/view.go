// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// modelView is a shard's own look at a model: what it looked up once it finds again without a lock.
type modelView struct {
	model    *series.Model
	plan     *series.Plan
	features []featureView
	slots    map[string]int
	classes  dictView
	services dictView
	errors   dictView
	cohorts  []map[uint32]*cohortView
	values   []dictView
	total    cohortView
	bindings map[bindingKey]*binding
}

type featureView struct {
	*series.Feature
	categories dictView
}

// cohortView finds the cells of a model's total or of one cohort, those of the last minute without a look-up.
type cohortView struct {
	key                             cells.Key
	prediction                      *cells.Prediction
	features                        *cells.Features
	predictionEpoch, featuresEpoch  uint64
	predictionMinute, featureMinute int64
}

// dictView caches a Dict.
type dictView struct {
	dict *series.Dict
	ids  map[string]entry
	last entry
}

type entry struct {
	name string
	id   uint32
}

// id returns the id of s, and false where it was counted as overflow.
func (d *dictView) id(s string) (uint32, bool) {
	if d.last.id != series.OverflowID && d.last.name == s {
		return d.last.id, true
	}
	if e, ok := d.ids[s]; ok {
		d.last = e
		return e.id, true
	}
	return d.slow(s)
}

// idOf is id for bytes.
func (d *dictView) idOf(b []byte) (uint32, bool) {
	if d.last.id != series.OverflowID && d.last.name == string(b) {
		return d.last.id, true
	}
	if e, ok := d.ids[string(b)]; ok {
		d.last = e
		return e.id, true
	}
	return d.slow(string(b))
}

func (d *dictView) slow(s string) (uint32, bool) {
	id, cacheable := d.dict.ID(s)
	if !cacheable {
		return id, false
	}
	if d.ids == nil {
		d.ids = make(map[string]entry)
	}
	e := entry{strings.Clone(s), id}
	d.ids[e.name] = e
	d.last = e
	return id, true
}

func newModelView(m *series.Model) *modelView {
	v := &modelView{
		model: m, plan: m.Plan,
		slots:    make(map[string]int),
		classes:  dictView{dict: m.Classes},
		services: dictView{dict: m.Services},
		errors:   dictView{dict: m.Errors},
		total:    cohortView{key: cells.Key{Model: m}},
		bindings: make(map[bindingKey]*binding),
	}
	for _, d := range m.Cohorts {
		v.values = append(v.values, dictView{dict: d})
		v.cohorts = append(v.cohorts, make(map[uint32]*cohortView))
	}
	v.refresh()
	return v
}

// refresh picks up slots that were added to the model.
func (v *modelView) refresh() {
	for slot, f := range v.model.Features() {
		if slot < len(v.features) {
			continue
		}
		v.features = append(v.features, featureView{Feature: f, categories: dictView{dict: f.Categories}})
		if !f.Overflow {
			v.slots[f.Name] = slot
		}
	}
}

// find returns the slot of a feature that the model has, or -1.
func (v *modelView) find(name string) int {
	if slot, ok := v.slots[name]; ok {
		return slot
	}
	slot := v.model.Find(name)
	if slot >= len(v.features) {
		v.refresh()
	}
	return slot
}

func (v *modelView) cohort(dimension int, id uint32) *cohortView {
	c := v.cohorts[dimension][id]
	if c == nil {
		c = &cohortView{key: cells.Key{Model: v.model, Dimension: 1 + dimension, Cohort: id}}
		v.cohorts[dimension][id] = c
	}
	return c
}

// binding is what the positions of a shape mean to a model.
type binding struct {
	view  *modelView
	names *names
	// features are the positions that carry a feature. Those of names follow those of the shape.
	features []bound
	// absent are the slots of the baseline's features that the shape does not carry.
	absent []int
	// segments are the positions of the plan's dimensions, -1 where the shape has none.
	segments []int
}

// maxBindings is how many bindings a model's view keeps.
const maxBindings = 4 * maxShapes

type bindingKey struct {
	shape *shape
	names *names
}

// bound is a feature at a position.
type bound struct {
	// bins is set for a numeric feature with a baseline.
	bins *distribution.Bins
	at   int
	// slot is -1 until the feature's first value shows its type.
	slot int
	// segment is Column.Segment.
	segment int
	// overflow is true where slot is that of an overflow series.
	overflow bool
	name     string
}

func (b *bound) resolve(slot int, v *modelView) {
	f := &v.features[slot]
	b.slot, b.segment = slot, f.Segment
	if !f.Categorical {
		b.bins = f.Bins
	}
}

// fill makes b the binding of a shape and the names in its ml.features (nil if it has none) to a model.
func (b *binding) fill(v *modelView, sh *shape, n *names, seen map[string]struct{}) {
	b.view, b.names = v, n
	b.features, b.absent, b.segments = b.features[:0], b.absent[:0], b.segments[:0]
	clear(seen)
	add := func(at int, name string) {
		if _, ok := seen[name]; ok {
			return // a feature that is given twice counts once: the first one, attributes before ml.features
		}
		seen[name] = struct{}{}
		f := bound{at: at, slot: -1, segment: -1, name: name}
		if slot := v.find(name); slot >= 0 {
			f.resolve(slot, v)
		}
		b.features = append(b.features, f)
	}
	for _, f := range sh.featureAt {
		add(f.at, f.name)
	}
	if n != nil {
		for i, name := range n.keys {
			add(len(sh.keys)+i, name)
		}
	}
	for slot, c := range v.plan.Columns {
		if _, ok := seen[c.Name]; !ok {
			b.absent = append(b.absent, slot)
		}
	}
	for _, dimension := range v.plan.Segments {
		at := -1
		for _, s := range sh.segmentAt {
			if s.name == dimension {
				at = s.at
				break
			}
		}
		b.segments = append(b.segments, at)
	}
}
