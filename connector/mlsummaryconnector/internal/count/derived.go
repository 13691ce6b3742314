// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// derivation is what is measured of one attribute of a row.
type derivation struct {
	value  pcommon.Value
	found  bool
	vector derive.Vector
	text   derive.Text
	number prediction.Field
}

// countDerived counts the features that are worked out from attributes. Each attribute is read once,
// whatever the number of its measures.
func (c *Counter) countDerived(v *modelCache, total *accumulators.Features, weight accumulators.Weight) {
	d := &c.derived
	list := v.plan.Derived
	for i := range list {
		f := &list[i]
		if i == 0 || list[i-1].Source != f.Source {
			end := i + 1
			for end < len(list) && list[end].Source == f.Source {
				end++
			}
			c.work += d.read(c.span, c.row, list[i:end])
		}
		if f.Measure == derive.Centroid {
			c.addToCentroid(total, f, weight)
			continue
		}
		bound := &v.derived[i]
		if x, ok := d.measure(f); ok {
			d.number = prediction.NewNumber(x)
			c.addValue(v, total, bound, &d.number, weight)
			continue
		}
		if d.found && d.value.Type() != pcommon.ValueTypeEmpty {
			c.span.FlawOf(prediction.FlawDerived, f.Name, d.shown())
		}
		if bound.slot >= 0 && !bound.overflow && !c.span.Unknown {
			c.addMissing(total, bound.slot, weight)
		}
	}
	d.value = pcommon.Value{} // is the request's
}

// addToCentroid adds the vector that was read to the sum of an attribute's.
func (c *Counter) addToCentroid(total *accumulators.Features, f *derive.Feature, weight accumulators.Weight) {
	d := &c.derived
	if !d.found {
		return
	}
	elements := d.vector.Elements()
	if elements == nil || !c.table.AddVector(total, f.Index, elements, weight) {
		c.span.FlawOf(prediction.FlawDerived, f.Name, d.shown())
	}
}

// read reads an attribute of the row at hand for the features that are derived from it, and returns
// the work that it was.
func (d *derivation) read(s *prediction.Span, row int, features []derive.Feature) (work int) {
	d.value, d.found = s.Attributes.Get(features[0].Source)
	if !d.found {
		return 0
	}
	projections, vector, entropy, keep, text := 0, false, false, false, false
	for i := range features {
		f := &features[i]
		switch {
		case f.Measure == derive.Projection:
			projections, vector = max(projections, f.Index+1), true
		case f.Measure == derive.Norm:
			vector = true
		case f.Measure == derive.Centroid:
			keep, vector = true, true
		case f.Measure == derive.Entropy:
			entropy, vector = true, true
		case f.Measure.OfText():
			text = true
		}
	}
	if d.value.Type() == pcommon.ValueTypeSlice { // of a batch, the value of each row
		if list := d.value.Slice(); row < list.Len() {
			switch list.At(0).Type() {
			case pcommon.ValueTypeSlice, pcommon.ValueTypeMap, pcommon.ValueTypeStr:
				d.value = list.At(row)
			}
		}
	}
	if vector {
		d.vector.Reset(projections, entropy)
		if keep {
			d.vector.Keep()
		}
		d.addVector()
	}
	if text && d.value.Type() == pcommon.ValueTypeStr {
		d.text = derive.NewText(d.value.Str())
	}
	switch d.value.Type() {
	case pcommon.ValueTypeSlice:
		work = min(d.value.Slice().Len(), derive.MaxDimensions)
	case pcommon.ValueTypeMap:
		work = d.value.Map().Len()
	case pcommon.ValueTypeStr:
		work = len(d.value.Str())
	}
	return len(features) * (1 + work)
}

// addVector reads the elements of an array, a map, or JSON of either.
func (d *derivation) addVector() {
	add := func(x pcommon.Value) {
		switch x.Type() {
		case pcommon.ValueTypeDouble:
			d.vector.Add(x.Double())
		case pcommon.ValueTypeInt:
			d.vector.Add(float64(x.Int()))
		default:
			d.vector.Lose()
		}
	}
	switch d.value.Type() {
	case pcommon.ValueTypeSlice:
		list := d.value.Slice()
		if list.Len() > derive.MaxDimensions {
			d.vector.Lose()
			return
		}
		for i := range list.Len() {
			if x := list.At(i); x.Type() == pcommon.ValueTypeDouble {
				d.vector.Add(x.Double())
			} else {
				add(x)
			}
		}
	case pcommon.ValueTypeMap:
		for _, x := range d.value.Map().All() {
			add(x)
		}
	case pcommon.ValueTypeStr:
		_ = d.vector.AddJSON(d.value.Str()) // one that is none has no measures
	}
}

// measure returns what is measured of the attribute that was read.
func (d *derivation) measure(f *derive.Feature) (float64, bool) {
	switch {
	case !d.found:
		return 0, false
	case f.Measure == derive.Value:
		switch d.value.Type() {
		case pcommon.ValueTypeDouble:
			return d.value.Double(), true
		case pcommon.ValueTypeInt:
			return float64(d.value.Int()), true
		}
		return 0, false
	case f.Measure.OfText():
		if d.value.Type() != pcommon.ValueTypeStr {
			return 0, false
		}
		return d.text.Measure(f.Measure)
	}
	return d.vector.Measure(f)
}

// shown is what a line may show of the attribute: its type, as it may hold what people have written.
func (d *derivation) shown() string { return "a value of type " + d.value.Type().String() }
