// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Row counts the row at hand, which stands for a number of equal ones, and returns the work that it
// was.
func (c *Counter) Row(s *prediction.Span, rows uint32) (work int) {
	c.work = 0
	weight, fits := accumulators.Weigh(rows, c.adjusted)
	if !fits {
		s.FlawOf(prediction.FlawSampling, keyTraceState, s.TraceState)
	}
	b := c.bind(s)
	if b != c.lacking.binding {
		c.countLacking()
	}
	c.bound = b
	cache := b.cache
	p := c.prediction(&cache.total)
	p.Rows += uint64(weight.Rows)
	p.Excess += weight.Excess
	c.rows += uint64(weight.Rows)
	c.excess += weight.Excess
	if cache.model.Overflow {
		return c.work // features and answers of unrelated models say nothing
	}
	c.findCohorts(b, weight)
	for i := range c.cohorts {
		p := c.prediction(c.cohorts[i].cache)
		p.Rows += uint64(weight.Rows)
		p.Excess += weight.Excess
	}
	now := c.answer(cache, p, weight)
	switch {
	case cache.watched != nil:
		c.watchRow(b, now)
	case cache.unwatched:
		c.stats.OverflowedDetectors += int64(weight.Rows)
		s.Note(NoteDetectors, "", mlconv.AttrModelName, s.Identity.Name)
	}

	if len(b.features) > 0 || len(b.absent) > 0 && !s.Unknown || len(cache.derived) > 0 {
		c.countFeatures(b, weight)
	}
	c.row++
	return c.work + (1+len(c.cohorts))*(1+len(b.features))
}

// Rest counts rows that are not read in the total, as their answers and features are not known.
func (c *Counter) Rest(s *prediction.Span, rows int) {
	weight, fits := accumulators.Weigh(uint32(rows), c.adjusted)
	if !fits {
		s.FlawOf(prediction.FlawSampling, keyTraceState, s.TraceState)
	}
	p := c.prediction(&c.last.total)
	p.Rows += uint64(weight.Rows)
	p.Excess += weight.Excess
	c.rows += uint64(weight.Rows)
	c.excess += weight.Excess
}

// bind returns the meaning of the span's fields to its model.
func (c *Counter) bind(s *prediction.Span) *modelBinding {
	cache := c.last
	if s.Fields.Transient || s.Names != nil && s.Names.Transient {
		c.countLacking()
		c.work += len(cache.plan.Columns)
		c.binding.fill(cache, s, c.seen)
		return &c.binding
	}
	if b, ok := s.Fields.Memo.(*modelBinding); ok && b.cache == cache && b.names == s.Names {
		return b
	}
	key := bindingKey{s.Fields, s.Names}
	b := cache.bindings[key]
	if b == nil {
		if len(cache.bindings) >= maxBindings {
			clear(cache.bindings)
		}
		b = new(modelBinding)
		b.fill(cache, s, c.seen)
		cache.bindings[key] = b
	}
	s.Fields.Memo = b
	return b
}

// findCohorts sets cohorts to those of the row.
func (c *Counter) findCohorts(b *modelBinding, weight accumulators.Weight) {
	c.cohorts = c.cohorts[:0]
	for dimension, at := range b.segments {
		if at < 0 {
			continue
		}
		digits, s, ok, missing := c.span.At(at).AppendCategory(c.digits[:0])
		if !ok {
			if !missing {
				c.span.Flaw(prediction.FlawType, mlconv.PrefixSegment, b.cache.plan.Segments[dimension], c.span.At(at))
			}
			continue
		}
		d := &b.cache.values[dimension]
		id, room := d.find(digits, c.span.Bounded(s))
		if !room {
			c.stats.OverflowedSegments += int64(weight.Rows)
			c.span.Note(NoteSegments, mlconv.PrefixSegment, b.cache.plan.Segments[dimension], c.span.At(at).Show())
		}
		c.cohorts = append(c.cohorts, cohort{cache: b.cache.cohort(dimension, id)})
	}
}

// find is id or idOf.
func (d *dictCache) find(digits []byte, s string) (id uint32, room bool) {
	if digits != nil {
		return d.idOf(digits)
	}
	return d.id(s)
}

// answer counts class, value and confidence, and returns the numbers.
func (c *Counter) answer(cache *modelCache, p *accumulators.Prediction, weight accumulators.Weight) (now answered) {
	s := c.span
	class, classified := c.class(cache, p, weight)
	if x := s.Field(prediction.Value); x != nil {
		if v, ok, missing := x.Float(); ok {
			now.value, now.hasValue = v, true
			c.addAnswer(cache.plan.Value, p, v, weight, func(p *accumulators.Prediction) *accumulators.Histogram { return &p.Value })
		} else if !missing {
			s.Flaw(prediction.FlawNumber, "", mlconv.AttrPredictionValue, x)
		}
	}
	if v, ok := s.Confidence(cache.plan.PositiveClass, class, classified); ok {
		now.confidence, now.hasConfidence = v, true
		c.addAnswer(cache.plan.Confidence, p, v, weight, func(p *accumulators.Prediction) *accumulators.Histogram { return &p.Confidence })
	}
	return now
}

// class counts the class and returns it, as far as its scores are asked for.
func (c *Counter) class(cache *modelCache, p *accumulators.Prediction, weight accumulators.Weight) (class string, ok bool) {
	s := c.span
	x := s.Field(prediction.Class)
	if x == nil {
		return "", false
	}
	digits, class, ok, missing := x.AppendCategory(c.digits[:0])
	if !ok {
		if !missing {
			s.Flaw(prediction.FlawType, "", mlconv.AttrPredictionClass, x)
		}
		return "", false
	}
	id, room := cache.classes.find(digits, s.Bounded(class))
	if !room {
		c.stats.OverflowedCategories += int64(weight.Rows)
		s.Note(NoteCategories, "", mlconv.AttrPredictionClass, x.Show())
	}
	known := cache.model.Classes.Known()
	p.AddClass(id, known, weight, &c.ref)
	for i := range c.cohorts {
		c.prediction(c.cohorts[i].cache).AddClass(id, known, weight, &c.ref)
	}
	if digits != nil && (s.Fields.Has(prediction.Score) || s.Fields.Has(prediction.Scores)) {
		class = string(digits)
	}
	return class, true
}

// addAnswer counts v in the total p and in the cohorts.
func (c *Counter) addAnswer(col *series.Column, p *accumulators.Prediction, v float64, weight accumulators.Weight, of func(*accumulators.Prediction) *accumulators.Histogram) {
	if col.Bins == nil {
		of(p).AddExp(v, weight, &c.ref, c.options.Exemplars)
		for i := range c.cohorts {
			of(c.prediction(c.cohorts[i].cache)).AddExp(v, weight, &c.ref, c.options.Exemplars)
		}
		return
	}
	bin := col.Bins.Index(v)
	of(p).AddLazy(col.Bins.Len(), bin, v, weight, &c.ref, c.options.Exemplars)
	for i := range c.cohorts {
		of(c.prediction(c.cohorts[i].cache)).AddLazy(col.Groups.Len(), col.Groups.Of(bin), v, weight, &c.ref, c.options.Exemplars)
	}
}

// countFeatures counts the features that the row has, and those that it lacks.
func (c *Counter) countFeatures(b *modelBinding, weight accumulators.Weight) {
	total := c.features(&b.cache.total)
	total.Rows += uint64(weight.Rows)
	inSegments := len(c.cohorts) > 0
	for i := range b.features {
		f := &b.features[i]
		x := c.span.At(f.at)
		if f.bins != nil && x.Kind == prediction.Scalar {
			if n, ok := x.Number(); ok {
				bin := f.bins.Index(n)
				total.Numeric[f.slot].AddBin(bin, n, weight, &c.ref)
				if inSegments && f.segment >= 0 {
					c.addBinToCohorts(b.cache, f, bin, n, weight)
				}
				continue
			}
		}
		c.addValue(b.cache, total, f, x, weight)
	}
	if len(b.cache.derived) > 0 {
		c.countDerived(b.cache, total, weight)
	}
	if c.span.Unknown {
		return
	}
	if c.row > 0 && len(b.absent) > 0 {
		c.lack(b, weight)
		return
	}
	for _, slot := range b.absent {
		c.addMissing(total, slot, weight)
	}
}

// cohortFeatures returns the accumulator of the i-th cohort.
func (c *Counter) cohortFeatures(i int, weight accumulators.Weight) *accumulators.Features {
	cohort := &c.cohorts[i]
	if cohort.features == nil {
		cohort.features = c.features(cohort.cache)
		cohort.features.Rows += uint64(weight.Rows)
	}
	return cohort.features
}

func (c *Counter) addBinToCohorts(v *modelCache, f *boundFeature, bin int, x float64, weight accumulators.Weight) {
	group := v.features[f.slot].Groups.Of(bin)
	for i := range c.cohorts {
		c.cohortFeatures(i, weight).Numeric[f.segment].AddBin(group, x, weight, &c.ref)
	}
}

func (c *Counter) addMissing(total *accumulators.Features, slot int, weight accumulators.Weight) {
	total.AddMissing(slot, weight, &c.ref)
	for i := range c.cohorts {
		c.cohortFeatures(i, weight).AddMissing(slot, weight, &c.ref)
	}
}

// addValue counts any value of any feature.
func (c *Counter) addValue(v *modelCache, total *accumulators.Features, f *boundFeature, x *prediction.Field, weight accumulators.Weight) {
	if f.slot < 0 && !c.resolve(v, f, x) {
		return
	}
	if f.overflow {
		c.stats.OverflowedFeatures += int64(weight.Rows)
		c.span.Note(prediction.NoteFeatures, mlconv.PrefixFeature, f.name, x.Show())
		defer func() { f.slot, f.overflow = -1, false }() // the next value may be of the other type
	}
	if x.Kind != prediction.Empty && x.Kind != prediction.Scalar {
		c.span.Flaw(prediction.FlawType, mlconv.PrefixFeature, f.name, x)
		return
	}
	if !v.features[f.slot].Categorical {
		n, ok, missing := x.Float()
		switch {
		case ok:
			c.table.Grow(total, f.slot+1)
			c.addNumber(v, total, f, n, weight)
			return
		case missing || x.Kind == prediction.Scalar && unknownWord(x.Text()):
			c.addMissing(total, f.slot, weight)
			return
		case !c.becomeCategorical(v, total, f):
			c.span.Flaw(prediction.FlawNumber, mlconv.PrefixFeature, f.name, x)
			c.addMissing(total, f.slot, weight)
			return
		}
	}
	c.table.Grow(total, f.slot+1)
	c.addCategory(total, f, &v.features[f.slot], x, weight)
}

// established is how many numbers make a feature a number for good, without a card or a baseline
// that says so.
const established = 1000

// becomeCategorical makes a feature categorical whose first values looked like numbers, and returns
// false where it must not.
func (c *Counter) becomeCategorical(v *modelCache, total *accumulators.Features, f *boundFeature) bool {
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
	c.span.Note(NoteSwitched, mlconv.PrefixFeature, f.name, "")
	return true
}

// unknownWord is true for what people and programs write in place of a number that they do not
// have.
func unknownWord(s string) bool {
	switch s {
	case "NA", "N/A", "n/a", "na", "null", "NULL", "None", "none", "-", "?":
		return true
	}
	return false
}

// addNumber counts a number of a numeric feature, in an accumulator that has room for its slot.
func (c *Counter) addNumber(v *modelCache, total *accumulators.Features, f *boundFeature, n float64, weight accumulators.Weight) {
	if f.bins != nil {
		bin := f.bins.Index(n)
		total.Numeric[f.slot].AddBin(bin, n, weight, &c.ref)
		if f.segment >= 0 {
			c.addBinToCohorts(v, f, bin, n, weight)
		}
		return
	}
	total.Numeric[f.slot].AddExp(n, weight, &c.ref, c.options.Exemplars)
	if f.segment >= 0 {
		for i := range c.cohorts {
			c.cohortFeatures(i, weight).Numeric[f.segment].AddExp(n, weight, &c.ref, c.options.Exemplars)
		}
	}
}

func (c *Counter) addCategory(total *accumulators.Features, f *boundFeature, feature *featureCache, x *prediction.Field, weight accumulators.Weight) {
	if x.Kind == prediction.Scalar && x.Value.Kind() == value.Text {
		id, room := feature.categories.category(c.span.Bounded(x.Value.Text()))
		c.countCategory(total, f, feature, x, id, room, weight)
		return
	}
	digits, s, ok, missing := x.AppendCategory(c.digits[:0])
	if !ok {
		if !missing {
			c.span.Flaw(prediction.FlawType, mlconv.PrefixFeature, f.name, x)
		}
		c.addMissing(total, f.slot, weight)
		return
	}
	id, room := feature.categories.find(digits, c.span.Bounded(s))
	c.countCategory(total, f, feature, x, id, room, weight)
}

// countCategory counts a category that was found, or has no room.
func (c *Counter) countCategory(total *accumulators.Features, f *boundFeature, feature *featureCache, x *prediction.Field, id uint32, room bool, weight accumulators.Weight) {
	if !room && !f.overflow {
		c.stats.OverflowedCategories += int64(weight.Rows)
		c.span.Note(NoteCategories, mlconv.PrefixFeature, f.name, x.Show())
	}
	known := feature.Categories.Known()
	total.AddCategory(f.slot, id, known, weight, &c.ref)
	if f.segment < 0 {
		return
	}
	for i := range c.cohorts {
		c.cohortFeatures(i, weight).AddCategory(f.segment, id, known, weight, &c.ref)
	}
}

// resolve finds the slot of a feature that is not in the baseline: its first value decides what it
// is.
func (c *Counter) resolve(v *modelCache, f *boundFeature, x *prediction.Field) bool {
	slot, room := v.find(f.name), true
	if slot < 0 {
		switch x.Kind {
		case prediction.Scalar:
			kind := x.Value.Kind()
			slot, room = v.model.Slot(f.name, kind == value.Text || kind == value.Bool)
		case prediction.List, prediction.JSONList, prediction.Object:
			c.span.Flaw(prediction.FlawType, mlconv.PrefixFeature, f.name, x)
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
