// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// modelCache is what a shard knows of a model: what it looked up once it finds again without a
// lock.
type modelCache struct {
	model    *series.Model
	plan     *series.Plan
	features []featureCache
	derived  []boundFeature // of plan.Derived
	slots    map[string]int
	classes  dictCache
	services dictCache
	errors   dictCache
	sources  dictCache
	checks   dictCache
	cohorts  []map[uint32]*cohortCache
	values   []dictCache
	total    cohortCache
	// sourceKeys are the attributes that say where data came from.
	sourceKeys []string
	bindings   map[bindingKey]*modelBinding
	// watched are its detectors, nil where it has none. unwatched says that there was no room for
	// them.
	watched   *detectors.Model
	unwatched bool
	placed    placed
}

type featureCache struct {
	*series.Feature
	categories dictCache
}

// cohortCache finds the accumulators of a model's total or of one cohort, those of the last minute
// without a look-up.
type cohortCache struct {
	key                             accumulators.Key
	prediction                      *accumulators.Prediction
	features                        *accumulators.Features
	predictionEpoch, featuresEpoch  uint64
	predictionMinute, featureMinute int64
	// lacking is the weight of its rows among those of Counter.lacking.
	lacking accumulators.Weight
}

// dictCache caches a Dict.
type dictCache struct {
	dict *series.Dict
	ids  map[string]entry
	last entry
}

type entry struct {
	name string
	id   uint32
}

// id returns the id of s, and false where it was counted as overflow.
func (d *dictCache) id(s string) (uint32, bool) {
	if d.last.id != series.OverflowID && d.last.name == s {
		return d.last.id, true
	}
	if e, ok := d.ids[s]; ok {
		d.last = e
		return e.id, true
	}
	return d.look(s)
}

// idOf is id for bytes.
func (d *dictCache) idOf(b []byte) (uint32, bool) {
	if d.last.id != series.OverflowID && d.last.name == string(b) {
		return d.last.id, true
	}
	if e, ok := d.ids[string(b)]; ok {
		d.last = e
		return e.id, true
	}
	return d.look(string(b))
}

// category is id for a category as it came: an older spelling of a number is one more name of it.
func (d *dictCache) category(s string) (uint32, bool) {
	if d.last.id != series.OverflowID && d.last.name == s {
		return d.last.id, true
	}
	if e, ok := d.ids[s]; ok {
		d.last = e
		return e.id, true
	}
	return d.lookAs(value.Category(s), s)
}

// look asks the Dict.
func (d *dictCache) look(s string) (uint32, bool) { return d.lookAs(s, s) }

// lookAs asks the Dict for a name and remembers its id for s.
func (d *dictCache) lookAs(name, s string) (uint32, bool) {
	id, cacheable := d.dict.ID(name)
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

func newModelCache(m *series.Model) *modelCache {
	v := &modelCache{
		model: m, plan: m.Plan,
		slots:    make(map[string]int),
		classes:  dictCache{dict: m.Classes},
		services: dictCache{dict: m.Services},
		errors:   dictCache{dict: m.Errors},
		sources:  dictCache{dict: m.Sources},
		checks:   dictCache{dict: m.Checks},
		total:    cohortCache{key: accumulators.Key{Model: m}},
		bindings: make(map[bindingKey]*modelBinding),
	}
	for _, d := range m.Cohorts {
		v.values = append(v.values, dictCache{dict: d})
		v.cohorts = append(v.cohorts, make(map[uint32]*cohortCache))
	}
	v.refresh()
	for i := range v.plan.Derived {
		f := boundFeature{slot: -1, segment: -1, name: v.plan.Derived[i].Name}
		if slot := v.find(f.name); slot >= 0 && v.plan.Derived[i].Measure != derive.Centroid {
			f.resolve(slot, v)
		}
		v.derived = append(v.derived, f)
	}
	return v
}

// refresh picks up slots that were added to the model.
func (v *modelCache) refresh() {
	for slot, f := range v.model.Features() {
		if slot < len(v.features) {
			continue
		}
		v.features = append(v.features, featureCache{Feature: f, categories: dictCache{dict: f.Categories}})
		if !f.Overflow {
			v.slots[f.Name] = slot
		}
	}
}

// find returns the slot of a feature that the model has, or -1.
func (v *modelCache) find(name string) int {
	if slot, ok := v.slots[name]; ok {
		return slot
	}
	slot := v.model.Find(name)
	if slot >= len(v.features) {
		v.refresh()
	}
	return slot
}

func (v *modelCache) cohort(dimension int, id uint32) *cohortCache {
	c := v.cohorts[dimension][id]
	if c == nil {
		c = &cohortCache{key: accumulators.Key{Model: v.model, Dimension: 1 + dimension, Cohort: id}}
		v.cohorts[dimension][id] = c
	}
	return c
}

// derives is true for a feature that is worked out from an attribute.
func (v *modelCache) derives(name string) bool {
	for i := range v.derived {
		if v.derived[i].name == name {
			return true
		}
	}
	return false
}

// modelBinding is what the positions of a set of fields mean to a model.
type modelBinding struct {
	cache *modelCache
	names *prediction.Names
	// features are the positions that carry a feature. Those of names follow those of the
	// attributes.
	features []boundFeature
	// absent are the slots of the baseline's features that the fields do not carry.
	absent []int
	// segments are the positions of the plan's dimensions, -1 where the fields have none.
	segments []int
	// sources are the positions of what says where the data came from, violations that of how often
	// it broke its contract; -1 where the fields have none.
	sources    []int
	violations int
	// watched are the positions that the model's detectors need, -1 where the fields have none.
	watched []int
}

// maxBindings is how many bindings are kept of a model.
const maxBindings = 4 * prediction.MaxFieldSets

type bindingKey struct {
	fields *prediction.FieldSet
	names  *prediction.Names
}

// boundFeature is a feature at a position.
type boundFeature struct {
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

func (b *boundFeature) resolve(slot int, v *modelCache) {
	f := &v.features[slot]
	b.slot, b.segment = slot, f.Segment
	if !f.Categorical {
		b.bins = f.Bins
	}
}

// fill makes b the binding of a span's fields to a model.
func (b *modelBinding) fill(v *modelCache, span *prediction.Span, seen map[string]struct{}) {
	b.cache, b.names = v, span.Names
	b.features, b.absent, b.segments = b.features[:0], b.absent[:0], b.segments[:0]
	clear(seen)
	for at, name := range span.Features() {
		if _, ok := seen[name]; ok {
			continue // a feature that is given twice counts once: the first one, attributes before ml.features
		}
		seen[name] = struct{}{}
		f := boundFeature{at: at, slot: -1, segment: -1, name: name}
		if slot := v.find(name); slot >= 0 {
			f.resolve(slot, v)
		}
		b.features = append(b.features, f)
	}
	for slot, c := range v.plan.Columns {
		if _, ok := seen[c.Name]; !ok && !v.derives(c.Name) {
			b.absent = append(b.absent, slot)
		}
	}
	for _, dimension := range v.plan.Segments {
		at := -1
		for _, s := range span.Fields.Segments {
			if s.Name == dimension {
				at = s.At
				break
			}
		}
		b.segments = append(b.segments, at)
	}
	b.bindContract(v.sourceKeys, span)
	b.bindDetectors(v.watched, span)
}
