// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

// Row is a row of a prediction span as the reader understands it, for those who want values in place of counts (Options.Observe).
type Row struct {
	Model series.Key
	// At is the row's event time.
	At time.Time
	// Weight is how many equal rows it stands for.
	Weight uint32
	// Unknown says that the span has lost attributes: what is absent is not missing for certain.
	Unknown bool
	// Class is the answer of a classifier, empty without one; Value that of a regressor and Confidence the score of the answer, nil without one.
	Class             string
	Value, Confidence *float64
	// Features are the features that the row carries, in the order of its attributes.
	Features []Field
}

// Field is the value of a feature: a float64, an int64, a bool, a string, or nil for one that is missing.
type Field struct {
	Name  string
	Value any
}

// observe hands a row to Options.Observe.
func (r *Reader) observe(b *binding, sh *shape, weight uint32) {
	row := Row{Model: b.view.model.Key, At: r.ref.Time.AsTime(), Weight: weight, Unknown: r.unknown}
	classified := false
	if sh.class >= 0 {
		digits, s, ok, _ := r.values[sh.class].category(r.digits[:0])
		if row.Class, classified = s, ok; digits != nil {
			row.Class = string(digits)
		}
	}
	if sh.value >= 0 {
		if v, ok, _ := r.values[sh.value].float(); ok {
			row.Value = &v
		}
	}
	if v, ok := r.confidence(b.view, sh, row.Class, classified); ok {
		row.Confidence = &v
	}
	row.Features = make([]Field, 0, len(b.features))
	for i := range b.features {
		f := &b.features[i]
		x := &r.values[f.at]
		field := Field{Name: f.name}
		switch x.kind {
		case integer:
			field.Value = x.int
		case number:
			if x.num-x.num == 0 {
				field.Value = x.num
			}
		case boolean:
			field.Value = x.num != 0
		case text:
			field.Value = x.str
		case unusable, list, jsonList, object:
			continue
		}
		row.Features = append(row.Features, field)
	}
	r.options.Observe(row)
}
