// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// rows counts the rows of a span, one or a batch, and returns how many they are. A batch is as long as ml.batch.size says if an
// array of that length is on the span; else the card's max_batch bounds it.
func (r *Reader) rows(view *modelView, sh *shape) int {
	n, batch := r.batchSize(sh)
	r.columns = r.columns[:0]
	perRow := false    // each row has its own ml.features
	confirmed := false // by an array of that length
	for _, at := range r.lists {
		x := &r.values[at]
		slice := x.raw.Slice()
		fits := batch && slice.Len() == n
		confirmed = confirmed || fits
		switch {
		case slices.Contains(sh.vectors, at), at == sh.scores && !fits: // a vector is no column
		case !fits:
			r.flaw(FlawLength, "", sh.keys[at], x)
			x.kind = unusable
		case at == sh.features:
			perRow = true
		default:
			r.columns = append(r.columns, column{at: at, slice: slice, list: true})
		}
	}

	var names *names
	if sh.features >= 0 && !perRow {
		names = r.nested(sh, r.values[sh.features])
		r.nestedColumns(sh, names, n, batch)
	}
	if len(r.columns) == 0 && !perRow {
		if most := view.plan.MaxBatch(); n > most && !confirmed {
			r.flaw(FlawBatch, "", mlconv.AttrBatchSize, &r.values[sh.rows])
			n = most
		}
		r.row(r.bind(view, sh, names), sh, uint32(n))
		return n
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
	return n
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
	r.flaw(FlawBatch, "", mlconv.AttrBatchSize, x)
	return 1, false
}

// nested decodes ml.features, whose value is x, behind the span's own values.
func (r *Reader) nested(sh *shape, x value) *names {
	r.keys = r.keys[:0]
	base := len(sh.keys)
	var beyond value // of features that are not read
	next := func(key string) *value {
		if len(r.keys) >= r.options.MaxFeatures {
			r.Stats.OverflowedFeatures++
			r.note(NoteFeatures, "", mlconv.AttrFeatures, key)
			r.unknown = true
			return &beyond
		}
		key, _ = boundedname.Cut(key)
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
			r.flaw(FlawText, "", mlconv.AttrFeatures, &x)
			r.unknown = true
			return nil
		}
	case empty:
		return nil
	default:
		// What cannot be read may have held any feature: none is missing for certain.
		r.flaw(FlawType, "", mlconv.AttrFeatures, &x)
		r.unknown = true
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
		why := FlawType
		if x.kind == list || x.kind == jsonList {
			why = FlawLength
		}
		r.flaw(why, mlconv.PrefixFeature, names.keys[i], x)
		x.kind = unusable
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
	if r.options.Observe != nil {
		r.observe(b, sh, weight)
		return
	}
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
			if !missing {
				r.flaw(FlawType, mlconv.PrefixSegment, b.view.plan.Segments[dimension], &r.values[at])
			}
			continue
		}
		d := &b.view.values[dimension]
		id, room := d.find(digits, r.bounded(s))
		if !room {
			r.Stats.OverflowedSegments += int64(weight)
			r.note(NoteSegments, mlconv.PrefixSegment, b.view.plan.Segments[dimension], r.values[at].show())
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
			id, room := view.classes.find(classDigits, r.bounded(class))
			if !room {
				r.Stats.OverflowedCategories += int64(weight)
				r.note(NoteCategories, "", mlconv.AttrPredictionClass, r.values[sh.class].show())
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
			r.flaw(FlawType, "", mlconv.AttrPredictionClass, &r.values[sh.class])
		}
	}
	if sh.value >= 0 {
		if v, ok, missing := r.values[sh.value].float(); ok {
			r.addAnswer(view.plan.Value, p, v, weight, func(p *cells.Prediction) *cells.Histogram { return &p.Value })
		} else if !missing {
			r.flaw(FlawNumber, "", mlconv.AttrPredictionValue, &r.values[sh.value])
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
		r.note(NoteFeatures, mlconv.PrefixFeature, f.name, x.show())
		defer func() { f.slot, f.overflow = -1, false }() // the next value may be of the other type
	}
	switch x.kind {
	case unusable, list, jsonList, object:
		r.flaw(FlawType, mlconv.PrefixFeature, f.name, x)
		return
	}
	if !v.features[f.slot].Categorical {
		n, ok, missing := x.float()
		switch {
		case ok:
			r.table.Grow(total, f.slot+1)
			r.addNumber(v, total, f, n, weight)
			return
		case missing || unknownWord(x.str):
			r.addMissing(total, f.slot, weight)
			return
		case !r.becomeCategorical(v, total, f):
			r.flaw(FlawNumber, mlconv.PrefixFeature, f.name, x)
			r.addMissing(total, f.slot, weight)
			return
		}
	}
	r.table.Grow(total, f.slot+1)
	r.addCategory(total, f, &v.features[f.slot], x, weight)
}

// established is how many numbers make a feature a number for good, without a card or a baseline that says so.
const established = 1000

// becomeCategorical makes a feature categorical whose first values looked like numbers, and returns false where it must not.
func (r *Reader) becomeCategorical(v *modelView, total *cells.Features, f *bound) bool {
	here := uint64(0)
	if f.slot < len(total.Numeric) {
		here = total.Numeric[f.slot].N
	}
	slot := v.model.Switch(f.slot, here, established)
	if slot == f.slot {
		return false
	}
	if slot >= len(v.features) {
		v.refresh()
	}
	v.slots[f.name] = slot
	f.resolve(slot, v)
	r.note(NoteSwitched, mlconv.PrefixFeature, f.name, "")
	return true
}

// unknownWord is true for what people and programs write in place of a number that they do not have.
func unknownWord(s string) bool {
	switch s {
	case "NA", "N/A", "n/a", "na", "null", "NULL", "None", "none", "-", "?":
		return true
	}
	return false
}

// addNumber counts a number of a numeric feature, in a cell that has room for its slot.
func (r *Reader) addNumber(v *modelView, total *cells.Features, f *bound, n float64, weight uint32) {
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
		if !missing {
			r.flaw(FlawType, mlconv.PrefixFeature, f.name, x)
		}
		r.addMissing(total, f.slot, weight)
		return
	}
	id, room := feature.categories.find(digits, r.bounded(s))
	if !room && !f.overflow {
		r.Stats.OverflowedCategories += int64(weight)
		r.note(NoteCategories, mlconv.PrefixFeature, f.name, x.show())
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
			r.flaw(FlawType, mlconv.PrefixFeature, f.name, x)
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
