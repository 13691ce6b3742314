// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package rows reads the rows of prediction spans by the rules of ml_summary, for commands that want values in place of
// counts. It is one package with ml_summary's reader, so that a baseline from live traffic is made of what is counted live.
package rows

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/reader"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/redelivery"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

type (
	// Row is a row of a span.
	Row = reader.Row
	// Field is one of its features.
	Field = reader.Field
)

// remembered is how many spans are remembered, so that one that was written twice counts once.
const remembered = 1 << 20

// Reader reads spans. It is not safe for concurrent use.
type Reader struct{ reader *reader.Reader }

// NewReader returns a reader that calls row for each row of each prediction.
func NewReader(row func(Row)) *Reader {
	bins, err := distribution.NewBins([]float64{1})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	const many = 1 << 20
	registry := series.NewRegistry(series.Limits{Models: many, Segments: 1, Features: many, Categories: 1}, nil)
	return &Reader{reader.New(registry, cells.NewBudget(math.MaxInt), reader.Options{
		DurationBins: bins, Exemplars: true, AllTime: true, Now: time.Now, MaxFeatures: many,
		Spans: redelivery.NewFilter(remembered), Observe: row,
	})}
}

// Read reads the spans of a request.
func (r *Reader) Read(td ptrace.Traces) {
	r.reader.Read(td, func() {})
	r.reader.Take(true) // what was counted is of no use here
}

// Counted is the number of spans that were predictions, Malformed those of which an attribute could not be used, Skipped
// those that are no predictions, Repeated those that came again.
func (r *Reader) Counted() (counted, malformed, skipped, repeated int64) {
	s := &r.reader.Stats
	return s.Counted, s.Malformed, s.Skipped, s.Repeated
}
