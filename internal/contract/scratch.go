// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// scratch makes a span of a row, so that a condition reads a row of a batch, and the features of
// ml.features, by the same names as those of a span. The span is copied once, whatever the number of
// its rows and conditions; each row puts its own features in.
type scratch struct {
	row ptrace.Span
	// copied says that row is a copy of the span at hand, filled that it has the features of the row
	// at hand.
	copied, filled bool
	// put are the features of the last row.
	put []string
}

// begin is called before the first row of a span, next before each row.
func (r *scratch) begin() { r.copied = false }

func (r *scratch) next() { r.filled = false }

// work is that of span where the row at hand is not there yet.
func (r *scratch) work(s *prediction.Span) int {
	if r.filled || s.Names == nil && !s.Fields.Has(prediction.BatchSize) {
		return 0
	}
	return fillWork * (len(r.put) + len(s.Fields.Features))
}

// fillWork is the work of a feature that is put into the span, and taken out of it.
const fillWork = 8

// span returns the span itself where its attributes are those of the one row, else one that has
// each feature of the row at hand in ml.feature.*. It is valid until the next row.
func (r *scratch) span(s *prediction.Span) ptrace.Span {
	if s.Names == nil && !s.Fields.Has(prediction.BatchSize) {
		return s.Source
	}
	if !r.copied {
		r.row = ptrace.NewSpan()
		s.Source.CopyTo(r.row)
		r.copied, r.put = true, r.put[:0]
	}
	if !r.filled {
		r.fill(s)
		r.filled = true
	}
	return r.row
}

// fill takes the features of the last row out, and puts those of the row at hand in. Of two of one
// name the first counts.
func (r *scratch) fill(s *prediction.Span) {
	attrs := r.row.Attributes()
	for _, key := range r.put {
		attrs.PutEmpty(key)
	}
	r.put = r.put[:0]
	for _, name := range s.Features() {
		key := mlconv.PrefixFeature + name
		r.put = append(r.put, key)
		attrs.PutEmpty(key)
	}
	i := 0
	for at := range s.Features() {
		if x := s.At(at); x.Kind == prediction.Scalar {
			if v, _ := attrs.Get(r.put[i]); v.Type() == pcommon.ValueTypeEmpty {
				prediction.Put(v, x.Value)
			}
		}
		i++
	}
}
