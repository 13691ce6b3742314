// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

const (
	// tracesKept is how many answers each cell names.
	tracesKept = 3
	// tracedCells is how many cells of a series do: those of eight classes and the other ones.
	tracedCells = 81
)

// Trace is an answer that was counted, as an example of those in its cell.
type Trace struct {
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	// Time is when the label was known, that of the answer where nobody says, in nanoseconds since 1970.
	Time int64
	// Value is the answer's score, the number that was predicted, or its weight.
	Value float64
}

// traceOf returns what is kept of an answer that is counted.
func traceOf(a *answer.Answer, l *label.Label, r *row) Trace {
	t := Trace{TraceID: a.TraceID, SpanID: a.SpanID, Time: a.Time, Value: a.Weight}
	if !l.Time.IsZero() {
		t.Time = l.Time.UnixNano()
	}
	switch {
	case r.scored:
		t.Value = r.score
	case a.HasValue:
		t.Value = a.Value
	}
	return t
}

// traces are the latest answers that a cell has counted. They are not stored: after a restart the next
// answers are named.
type traces struct {
	list [tracesKept]Trace
	next uint8
}

// remember puts an answer in the place of the oldest one.
func (s *traces) remember(t *Trace) {
	s.list[s.next] = *t
	s.next = (s.next + 1) % tracesKept
}

// forget takes out an answer that the cell counts no longer.
func (s *traces) forget(t *Trace) {
	for i := range s.list {
		if s.list[i].TraceID == t.TraceID && s.list[i].SpanID == t.SpanID {
			s.list[i] = Trace{}
		}
	}
}

// cellOf returns where the traces of a cell are; -1 where it has had no rows.
func cellOf(c *evaluation.Confusion, actual, predicted string) int {
	if c == nil {
		return 0
	}
	return c.Number(actual, predicted) - 1
}

// trace notes the answer of a row that was counted, or is no longer. Its cell is that of the confusion;
// rows without classes are all in one.
func (t *total) trace(r *row, of *Trace, sign int64) {
	c := t.measured.confusion
	cell := cellOf(c, r.actual, r.predicted)
	if cell < 0 || of.TraceID.IsEmpty() || c != nil && r.predicted == "" {
		return
	}
	if cell >= len(t.traces) {
		if sign < 0 || cell >= tracedCells {
			return
		}
		t.traces = append(t.traces, make([]traces, cell+1-len(t.traces))...)
	}
	if sign < 0 {
		t.traces[cell].forget(of)
	} else {
		t.traces[cell].remember(of)
	}
}

// Traces returns up to three of the latest answers in a cell of the confusion, by time. Without a
// confusion both classes are empty.
func (t *Total) Traces(actual, predicted string) []Trace {
	cell := cellOf(t.Confusion, actual, predicted)
	if cell < 0 || cell >= len(t.traces) {
		return nil
	}
	var list []Trace
	for _, one := range t.traces[cell].list {
		if !one.TraceID.IsEmpty() {
			list = append(list, one)
		}
	}
	slices.SortStableFunc(list, func(a, b Trace) int { return cmp.Compare(a.Time, b.Time) })
	return list
}
