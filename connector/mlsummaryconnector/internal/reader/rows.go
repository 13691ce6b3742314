// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

// rows counts the rows of a span: one, or ml.batch.size of them.
func (r *Reader) rows(view *modelView, sh *shape) {
	n, batch := r.batchSize(sh)
	r.columns = r.columns[:0]
	perRow := false // each row has its own ml.features
	for _, at := range r.lists {
		x := &r.values[at]
		slice := x.raw.Slice()
		if !batch || slice.Len() != n {
			x.kind, r.malformed = unusable, true
			continue
		}
		if at == sh.features {
			perRow = true
			continue
		}
		r.columns = append(r.columns, column{at: at, slice: slice, list: true})
	}

	var names *names
	if sh.features >= 0 && !perRow {
		names = r.nested(sh, r.values[sh.features])
		r.nestedColumns(sh, names, n, batch)
	}
	if len(r.columns) == 0 && !perRow {
		r.row(r.bind(view, sh, names), sh, uint32(n))
		return
	}
	var features pcommon.Slice
	if perRow {
		features = r.values[sh.features].raw.Slice()
	}
	unknown := r.unknown
	for i := range n {
		for c := range r.columns {
			r.columns[c].load(&r.values[r.columns[c].at], i)
		}
		r.unknown = unknown
		if perRow {
			var x value
			x.set(features.At(i))
			names = r.nested(sh, x)
			r.nestedColumns(sh, names, n, false) // no arrays within a row
		}
		r.row(r.bind(view, sh, names), sh, 1)
	}
}

// batchSize returns ml.batch.size, 1 and false where there is none.
func (r *Reader) batchSize(sh *shape) (n int, batch bool) {
	if sh.rows < 0 || r.values[sh.rows].kind == empty {
		return 1, false
	}
	x := &r.values[sh.rows]
	if v, ok, _ := x.float(); x.kind != boolean && ok && v >= 1 && v <= MaxRows && v == float64(int(v)) {
		return int(v), true
	}
	r.malformed = true
	return 1, false
}

// nested decodes ml.features, whose value is x, behind the span's own values.
func (r *Reader) nested(sh *shape, x value) *names {
	r.keys = r.keys[:0]
	base := len(sh.keys)
	next := func(key string) *value {
		r.keys = append(r.keys, key)
		if at := base + len(r.keys); at > len(r.values) {
			r.values = append(r.values, value{})
		}
		return &r.values[base+len(r.keys)-1]
	}
	switch x.kind {
	case object:
		for k, v := range x.raw.Map().All() {
			next(k).set(v)
		}
	case text:
		p := scanner{s: x.str}
		ok := p.take('{')
		if ok && !p.take('}') {
			for {
				var key string
				if key, ok = p.text(); !ok {
					break
				}
				if ok = p.take(':'); !ok {
					break
				}
				if ok = p.value(next(key)); !ok || p.take('}') {
					break
				}
				if ok = p.take(','); !ok {
					break
				}
			}
		}
		if !ok || !p.end() {
			r.malformed, r.unknown = true, true
			return nil
		}
	case empty:
		return nil
	default:
		// What cannot be read may have held any feature: none is missing for certain.
		r.malformed, r.unknown = true, true
		return nil
	}
	return r.shapes.nested(r.keys)
}

// nestedColumns makes columns of the arrays in ml.features.
func (r *Reader) nestedColumns(sh *shape, names *names, n int, batch bool) {
	if names == nil {
		return
	}
	for i := range names.keys {
		at := len(sh.keys) + i
		x := &r.values[at]
		switch x.kind {
		case list:
			if slice := x.raw.Slice(); batch && slice.Len() == n {
				r.columns = append(r.columns, column{at: at, slice: slice, list: true})
				continue
			}
		case jsonList:
			if batch && x.int == int64(n) {
				r.columns = append(r.columns, column{at: at, json: scanner{s: x.str}})
				continue
			}
		case object:
		case unusable:
		default:
			continue
		}
		x.kind, r.malformed = unusable, true
	}
}

// load decodes the column's value for row i; rows are loaded in order.
func (c *column) load(x *value, i int) {
	if c.list {
		x.set(c.slice.At(i))
		return
	}
	if i > 0 {
		c.json.take(',')
	}
	c.json.value(x) // it was read once, when the array was counted
}

// bind returns the meaning of sh and names to a model.
func (r *Reader) bind(view *modelView, sh *shape, n *names) *binding {
	if sh.transient || n != nil && n.transient {
		r.binding.fill(view, sh, n, r.seen)
		return &r.binding
	}
	if b := sh.bound; b != nil && b.view == view && b.names == n {
		return b
	}
	key := bindingKey{sh, n}
	b := view.bindings[key]
	if b == nil {
		if len(view.bindings) >= maxBindings {
			clear(view.bindings)
		}
		b = new(binding)
		b.fill(view, sh, n, r.seen)
		view.bindings[key] = b
	}
	sh.bound = b
	return b
}

// row counts one row, weight times, from the values at hand.
func (r *Reader) row(b *binding, sh *shape, weight uint32) {
	view := b.view
	p := r.prediction(&view.total)
	p.Rows += uint64(weight)
	if view.model.Overflow {
		return // features and answers of unrelated models say nothing
	}
	r.findCohorts(b, weight)
	for i := range r.cohorts {
		r.prediction(r.cohorts[i].view).Rows += uint64(weight)
	}
	r.answer(view, p, sh, weight)

	if len(b.features) > 0 || len(b.absent) > 0 && !r.unknown {
		r.countFeatures(b, weight)
	}
}

// findCohorts sets cohorts to those of the row.
func (r *Reader) findCohorts(b *binding, weight uint32) {
	r.cohorts = r.cohorts[:0]
	for dimension, at := range b.segments {
		if at < 0 {
			continue
		}
		digits, s, ok, missing := r.values[at].category(r.digits[:0])
		if !ok {
			r.malformed = r.malformed || !missing
			continue
		}
		d := &b.view.values[dimension]
		id, room := d.find(digits, s)
		if !room {
			r.Stats.OverflowedSegments += int64(weight)
		}
		r.cohorts = append(r.cohorts, cohort{view: b.view.cohort(dimension, id)})
	}
}

// find is id or idOf.
func (d *dictView) find(digits []byte, s string) (id uint32, room bool) {
	if digits != nil {
		return d.idOf(digits)
	}
	return d.id(s)
}

// answer counts class, value and confidence.
func (r *Reader) answer(view *modelView, p *cells.Prediction, sh *shape, weight uint32) {
	var classDigits []byte
	var class string
	classified := false
	if sh.class >= 0 {
		var missing bool
		if classDigits, class, classified, missing = r.values[sh.class].category(r.digits[:0]); classified {
			id, room := view.classes.find(classDigits, class)
			if !room {
				r.Stats.OverflowedCategories += int64(weight)
			}
			known := view.model.Classes.Known()
			p.AddClass(id, known, weight, &r.ref)
			for i := range r.cohorts {
				r.prediction(r.cohorts[i].view).AddClass(id, known, weight, &r.ref)
			}
			if classDigits != nil && (sh.score >= 0 || sh.scores >= 0) {
				class = string(classDigits)
			}
		} else if !missing {
			r.malformed = true
		}
	}
	if sh.value >= 0 {
		if v, ok, missing := r.values[sh.value].float(); ok {
			r.addAnswer(view.plan.Value, p, v, weight, func(p *cells.Prediction) *cells.Histogram { return &p.Value })
		} else if !missing {
			r.malformed = true
		}
	}
	if v, ok := r.confidence(view, sh, class, classified); ok {
		r.addAnswer(view.plan.Confidence, p, v, weight, func(p *cells.Prediction) *cells.Histogram { return &p.Confidence })
	}
}

// addAnswer counts v in the total p and in the cohorts.
func (r *Reader) addAnswer(c *series.Column, p *cells.Prediction, v float64, weight uint32, of func(*cells.Prediction) *cells.Histogram) {
	if c.Bins == nil {
		of(p).AddExp(v, weight, &r.ref, r.options.Exemplars)
		for i := range r.cohorts {
			of(r.prediction(r.cohorts[i].view)).AddExp(v, weight, &r.ref, r.options.Exemplars)
		}
		return
	}
	bin := c.Bins.Index(v)
	of(p).AddLazy(c.Bins.Len(), bin, v, weight, &r.ref, r.options.Exemplars)
	for i := range r.cohorts {
		of(r.prediction(r.cohorts[i].view)).AddLazy(c.Groups.Len(), c.Groups.Of(bin), v, weight, &r.ref, r.options.Exemplars)
	}
}

// confidence returns the score of the answer given: ml.prediction.confidence, else the class's entry in
// ml.prediction.scores, else ml.prediction.score of the positive class where the card names that, or one minus it for
// another class.
func (r *Reader) confidence(view *modelView, sh *shape, class string, classified bool) (float64, bool) {
	usable := func(x *value) (v float64, ok bool) {
		v, ok, missing := x.float()
		if missing {
			return 0, false
		}
		if !ok || !probability(v) {
			r.malformed = true
			return 0, false
		}
		return v, true
	}
	if sh.confidence >= 0 && r.values[sh.confidence].kind != empty {
		return usable(&r.values[sh.confidence])
	}
	if !classified {
		return 0, false
	}
	if sh.scores >= 0 {
		switch x := &r.values[sh.scores]; x.kind {
		case object:
			if score, ok := x.raw.Map().Get(class); ok {
				var v value
				v.set(score)
				return usable(&v)
			}
		case empty:
		default:
			r.malformed = true
		}
	}
	if sh.score >= 0 && view.plan.PositiveClass != "" {
		v, ok := usable(&r.values[sh.score])
		if ok && class != view.plan.PositiveClass {
			v = 1 - v
		}
		return v, ok
	}
	return 0, false
}

// countFeatures counts the features that the row has, and those that it lacks.
func (r *Reader) countFeatures(b *binding, weight uint32) {
	total := r.features(&b.view.total)
	total.Rows += uint64(weight)
	inSegments := len(r.cohorts) > 0
	for i := range b.features {
		f := &b.features[i]
		x := &r.values[f.at]
		if f.bins != nil && (x.kind == number || x.kind == integer) && x.num-x.num == 0 {
			bin := f.bins.Index(x.num)
			total.Numeric[f.slot].AddBin(bin, x.num, weight, &r.ref)
			if inSegments && f.segment >= 0 {
				r.addBinToCohorts(b.view, f, bin, x.num, weight)
			}
			continue
		}
		r.addValue(b.view, total, f, x, weight)
	}
	if r.unknown {
		return
	}
	for _, slot := range b.absent {
		r.addMissing(total, slot, weight)
	}
}

// cohortFeatures returns the cell of the i-th cohort.
func (r *Reader) cohortFeatures(i int, weight uint32) *cells.Features {
	c := &r.cohorts[i]
	if c.features == nil {
		c.features = r.features(c.view)
		c.features.Rows += uint64(weight)
	}
	return c.features
}

func (r *Reader) addBinToCohorts(v *modelView, f *bound, bin int, x float64, weight uint32) {
	group := v.features[f.slot].Groups.Of(bin)
	for i := range r.cohorts {
		r.cohortFeatures(i, weight).Numeric[f.segment].AddBin(group, x, weight, &r.ref)
	}
}

func (r *Reader) addMissing(total *cells.Features, slot int, weight uint32) {
	total.AddMissing(slot, weight, &r.ref)
	for i := range r.cohorts {
		r.cohortFeatures(i, weight).AddMissing(slot, weight, &r.ref)
	}
}

// addValue counts any value of any feature.
func (r *Reader) addValue(v *modelView, total *cells.Features, f *bound, x *value, weight uint32) {
	if f.slot < 0 && !r.resolve(v, f, x) {
		return
	}
	if f.overflow {
		r.Stats.OverflowedFeatures += int64(weight)
		defer func() { f.slot, f.overflow = -1, false }() // the next value may be of the other type
	}
	switch x.kind {
	case unusable, list, jsonList, object:
		r.malformed = true
		return
	}
	r.table.Grow(total, f.slot+1)
	feature := &v.features[f.slot]
	if feature.Categorical {
		r.addCategory(total, f, feature, x, weight)
		return
	}
	n, ok, missing := x.float()
	if !ok {
		r.malformed = r.malformed || !missing
		r.addMissing(total, f.slot, weight)
		return
	}
	if f.bins != nil {
		bin := f.bins.Index(n)
		total.Numeric[f.slot].AddBin(bin, n, weight, &r.ref)
		if f.segment >= 0 {
			r.addBinToCohorts(v, f, bin, n, weight)
		}
		return
	}
	total.Numeric[f.slot].AddExp(n, weight, &r.ref, r.options.Exemplars)
	if f.segment >= 0 {
		for i := range r.cohorts {
			r.cohortFeatures(i, weight).Numeric[f.segment].AddExp(n, weight, &r.ref, r.options.Exemplars)
		}
	}
}

func (r *Reader) addCategory(total *cells.Features, f *bound, feature *featureView, x *value, weight uint32) {
	digits, s, ok, missing := x.category(r.digits[:0])
	if !ok {
		r.malformed = r.malformed || !missing
		r.addMissing(total, f.slot, weight)
		return
	}
	id, room := feature.categories.find(digits, s)
	if !room && !f.overflow {
		r.Stats.OverflowedCategories += int64(weight)
	}
	known := feature.Categories.Known()
	total.AddCategory(f.slot, id, known, weight, &r.ref)
	if f.segment < 0 {
		return
	}
	for i := range r.cohorts {
		r.cohortFeatures(i, weight).AddCategory(f.segment, id, known, weight, &r.ref)
	}
}

// resolve finds the slot of a feature that is not in the baseline: its first value decides what it is.
func (r *Reader) resolve(v *modelView, f *bound, x *value) bool {
	slot, room := v.find(f.name), true
	if slot < 0 {
		switch x.kind {
		case text, boolean:
			slot, room = v.model.Slot(f.name, true)
		case number, integer:
			slot, room = v.model.Slot(f.name, false)
		case list, jsonList, object:
			r.malformed = true
			return false
		default: // empty, and never seen with a value
			return false
		}
		if slot >= len(v.features) {
			v.refresh()
		}
	}
	if !room {
		f.slot, f.segment, f.overflow = slot, -1, true
		return true
	}
	f.resolve(slot, v)
	return true
}
