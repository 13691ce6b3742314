// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Encode writes the label into an empty record: EventName ml.ground_truth; Timestamp when the truth
// was known; trace and span id; all else as attributes. ObservedTimestamp is left to the one who
// received it.
func (l *Label) Encode(lr plog.LogRecord) {
	lr.SetEventName(mlconv.EventGroundTruth)
	if !l.Time.IsZero() {
		lr.SetTimestamp(pcommon.NewTimestampFromTime(l.Time))
	}
	lr.SetTraceID(l.TraceID)
	lr.SetSpanID(l.SpanID)

	attributes := lr.Attributes()
	attributes.EnsureCapacity(8)
	text := func(name, s string) {
		if s != "" {
			attributes.PutStr(name, s)
		}
	}
	text(mlconv.AttrModelName, l.Model)
	text(mlconv.AttrEnvironment, l.Environment)
	text(mlconv.AttrPredictionID, l.PredictionID)
	text(mlconv.AttrLabelKey, l.Key)
	if l.Row != 0 {
		attributes.PutInt(mlconv.AttrLabelRow, int64(l.Row))
	}
	if l.Retracted {
		attributes.PutBool(mlconv.AttrLabelRetracted, true)
	}
	text(mlconv.AttrLabelClass, l.Class)
	if l.HasValue {
		attributes.PutDouble(mlconv.AttrLabelValue, l.Value)
	}
	if l.Relevances != nil {
		gains := attributes.PutEmptyMap(mlconv.AttrLabelRelevance)
		gains.EnsureCapacity(len(l.Relevances))
		for _, r := range l.Relevances {
			gains.PutDouble(r.Item, r.Gain)
		}
	}
	if !l.PredictionTime.IsZero() {
		attributes.PutStr(mlconv.AttrPredictionTime, l.PredictionTime.UTC().Format(time.RFC3339Nano))
	}
	if l.Weight != 1 {
		attributes.PutDouble(mlconv.AttrLabelWeight, l.Weight)
	}
	text(mlconv.AttrLabelSource, l.Source)
	text(mlconv.AttrLabelSet, l.Set)
}

// Record reads a label from a record of any SDK. ok is false for a record that is no label, whose
// event's name, in its field or in the attribute event.name, is not ml.ground_truth. Fields are
// attributes, or members of a body that is a map. The time is ml.label.time, else the record's
// Timestamp, else its ObservedTimestamp. The error is an *Error.
func (p *Parser) Record(lr plog.LogRecord) (l Label, ok bool, err error) {
	if !isLabel(lr) {
		return Label{}, false, nil
	}
	d := p.newDraft()
	d.label.TraceID, d.label.SpanID = lr.TraceID(), lr.SpanID()
	if d.label.TraceID.IsEmpty() {
		d.label.SpanID = pcommon.NewSpanIDEmpty() // a span is one of a trace
	}
	wrong := p.members(&d, "", lr.Attributes())
	if wrong == nil && lr.Body().Type() == pcommon.ValueTypeMap {
		wrong = p.members(&d, "", lr.Body().Map())
	}
	if wrong != nil {
		return Label{}, true, wrong
	}
	if d.label.Time.IsZero() {
		at := lr.Timestamp()
		if at == 0 {
			at = lr.ObservedTimestamp()
		}
		if at != 0 {
			if d.label.Time = at.AsTime(); !inRange(d.label.Time) {
				return Label{}, true, badLabel("Timestamp", "is no time from 1970 to %d", lastYear)
			}
		}
	}
	if l, wrong = p.finish(&d); wrong != nil {
		return Label{}, true, wrong
	}
	return l, true, nil
}

func isLabel(lr plog.LogRecord) bool {
	if name := lr.EventName(); name != "" {
		return name == mlconv.EventGroundTruth
	}
	name, ok := lr.Attributes().Get(mlconv.AttrEventName)
	return ok && name.Type() == pcommon.ValueTypeStr && name.Str() == mlconv.EventGroundTruth
}

// members reads the attributes of a record or the members of its body.
func (p *Parser) members(d *draft, path string, members pcommon.Map) *Error {
	for key, v := range members.All() {
		if path == "" && key == mlconv.AttrEventName {
			continue
		}
		name := path + key
		f := p.field(name)
		var wrong *Error
		switch {
		case f == fieldRelevance && (v.Type() == pcommon.ValueTypeMap || v.Type() == pcommon.ValueTypeSlice):
			wrong = d.readRelevances(name, v)
		case v.Type() == pcommon.ValueTypeMap && len(name) < maxPath:
			wrong = p.members(d, name+".", v.Map())
		case f == unread:
			p.leaveOut(name)
		case f == fieldFormat:
		case v.Type() == pcommon.ValueTypeEmpty && f == fieldLabel:
			d.null, wrong = true, d.give(f, name)
		default:
			wrong = d.set(f, name, cellOfAttribute(v), "")
		}
		if wrong != nil {
			return wrong
		}
	}
	return nil
}

// readRelevances reads a map of items and their gains, or a slice of the items that were right.
func (d *draft) readRelevances(name string, v pcommon.Value) *Error {
	r := d.relevances(name)
	if v.Type() == pcommon.ValueTypeSlice {
		for _, item := range v.Slice().All() {
			r.addRight(cellOfAttribute(item))
		}
	} else {
		for item, gain := range v.Map().All() {
			r.add(item, cellOfAttribute(gain))
		}
	}
	return d.judge(r)
}

// cellOfAttribute returns a scalar; any other value, and a number that is not finite, is as bytes are.
func cellOfAttribute(v pcommon.Value) table.Cell {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return cellOf(value.NewText(v.Str()))
	case pcommon.ValueTypeInt:
		return cellOf(value.NewInt(v.Int()))
	case pcommon.ValueTypeBool:
		return cellOf(value.NewBool(v.Bool()))
	case pcommon.ValueTypeDouble:
		if f := value.NewFloat(v.Double()); f.Kind() == value.Float {
			return cellOf(f)
		}
	case pcommon.ValueTypeEmpty:
		return table.Cell{}
	}
	return table.Cell{Kind: table.Bytes}
}
