// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// scratch makes a span of a row, so that a condition reads a row of a batch, and the features of
// ml.features, by the same names as those of a span.
type scratch struct {
	row  ptrace.Span
	made bool
}

// span returns the span itself where its attributes are those of the one row, else one that has
// each feature of the row at hand in ml.feature.*. It is valid until the next call.
func (r *scratch) span(s *prediction.Span) ptrace.Span {
	if s.Names == nil && !s.Fields.Has(prediction.BatchSize) {
		return s.Source
	}
	if !r.made {
		r.row, r.made = ptrace.NewSpan(), true
	}
	s.Source.CopyTo(r.row)
	attrs := r.row.Attributes()
	for at, name := range s.Features() {
		put(attrs.PutEmpty(mlconv.PrefixFeature+name), s.At(at))
	}
	return r.row
}

func put(v pcommon.Value, x *prediction.Field) {
	if x.Kind != prediction.Scalar {
		return
	}
	switch x.Value.Kind() {
	case value.Int:
		v.SetInt(x.Int())
	case value.Float:
		n, _ := x.Number()
		v.SetDouble(n)
	case value.Bool:
		v.SetBool(x.Bool())
	case value.Text:
		v.SetStr(x.Text())
	}
}

// release keeps nothing of a request alive.
func (r *scratch) release() { *r = scratch{} }
