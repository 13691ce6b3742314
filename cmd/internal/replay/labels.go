// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/labels"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Labels say what was right, and when that is known: it is posted then, behind the spans before.
type Labels struct {
	// Column is what was right: a class or a number. A row without a value has no label.
	Column string
	// TimeColumn is when that was known; empty means Delay after the row's time.
	TimeColumn string
	Delay      time.Duration
	// Known are labels of a file of their own, which has the columns; nil means that the rows have
	// them.
	Known *KnownLabels
	// Client posts them.
	Client *labels.Client
}

func (l *Labels) check(schema *table.Schema, o *Options) (err error) {
	fail := func(format string, args ...any) { err = errors.Join(err, fmt.Errorf(format, args...)) }
	switch {
	case l.Column == "":
		fail("label: must not be empty")
	case l.Known == nil && schema.Column(l.Column) == nil:
		fail("label: there is no column %q", l.Column)
	}
	if l.Known == nil && l.TimeColumn != "" && schema.Column(l.TimeColumn) == nil {
		fail("label-time: there is no column %q", l.TimeColumn)
	}
	if l.Known != nil && o.ID == "" {
		fail("labels: the column of the ids is needed, --id")
	}
	if l.Delay < 0 {
		fail("label-delay: must not be negative")
	}
	if l.TimeColumn != "" && l.Delay != 0 {
		fail("label-time and label-delay: one of the two says when a label is known")
	}
	if l.TimeColumn != "" && o.byClock() {
		fail("label-time: rows are stamped with the time at which they are sent; use --label-delay")
	}
	return err
}

// fillTime is how long a label that is due may wait for others to fill a request: of the time of the
// rows, and of the clock.
const (
	fillTime      = time.Hour
	fillClockTime = time.Second
)

// labelQueue keeps labels until they are due. Those of the rows that are sent and not labelled yet are
// in memory.
type labelQueue struct {
	waiting labelHeap
	// batch are those that are due and not posted yet.
	batch []labels.Label
	added int
	// byClock says that time is the clock's, else it is that of the rows.
	byClock bool
	post    func(context.Context, []labels.Label) error
}

// add keeps a label until its time.
func (q *labelQueue) add(l labels.Label) {
	q.added++
	heap.Push(&q.waiting, l)
}

// advance takes the labels that are known at a time, and posts them where they fill a request or wait
// for too long.
func (q *labelQueue) advance(ctx context.Context, now time.Time) error {
	if err := q.take(ctx, now); err != nil || len(q.batch) == 0 {
		return err
	}
	fill := fillTime
	if q.byClock {
		fill = fillClockTime
	}
	if now.Sub(q.batch[0].Time) >= fill {
		return q.flush(ctx)
	}
	return nil
}

// take takes the labels that are known at a time, and posts full requests of them.
func (q *labelQueue) take(ctx context.Context, now time.Time) error {
	for len(q.waiting) > 0 && !q.waiting[0].Time.After(now) {
		if q.batch = append(q.batch, heap.Pop(&q.waiting).(labels.Label)); len(q.batch) >= labels.MaxBatch {
			if err := q.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish posts what is left behind the last row: by the clock each when it is due; else all at once,
// but those that are not known yet.
func (q *labelQueue) finish(ctx context.Context) error {
	for q.byClock && len(q.waiting) > 0 {
		wait := time.Until(q.waiting[0].Time)
		if wait > fillClockTime {
			if err := q.flush(ctx); err != nil {
				return err
			}
		}
		if err := labels.Sleep(ctx, wait); err != nil {
			return err
		}
		if err := q.advance(ctx, time.Now()); err != nil {
			return err
		}
	}
	if err := q.take(ctx, time.Now()); err != nil {
		return err
	}
	return q.flush(ctx)
}

func (q *labelQueue) flush(ctx context.Context) error {
	if len(q.batch) == 0 {
		return nil
	}
	err := q.post(ctx, q.batch)
	clear(q.batch)
	q.batch = q.batch[:0]
	return err
}

// labelHeap has the label that is due first at its root.
type labelHeap []labels.Label

func (h labelHeap) Len() int           { return len(h) }
func (h labelHeap) Less(i, j int) bool { return h[i].Time.Before(h[j].Time) }
func (h labelHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *labelHeap) Push(l any)        { *h = append(*h, l.(labels.Label)) }
func (h *labelHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = labels.Label{}
	*h = (*h)[:last]
	return l
}

// label keeps the labels of a row that was sent.
func (s *sender) label(m *mapping, at time.Time, row []table.Cell, span trace.SpanContext) error {
	l := s.opts.Labels
	if l == nil {
		return nil
	}
	label := labels.Label{Model: s.opts.Model, Environment: s.opts.Environment, PredictionTime: at, PredictionID: m.id.text(row)}
	if label.PredictionID == "" {
		label.TraceID, label.SpanID = span.TraceID(), span.SpanID()
	}
	known := []truth{}
	if l.Known != nil {
		known = l.Known.take(label.PredictionID)
	} else if text := m.label.text(row); text != "" {
		when, err := m.labelTime.instant(row)
		if err != nil {
			return err
		}
		known = append(known, truth{text, when})
	}
	if len(known) == 0 {
		s.result.Unlabelled++
	}
	for _, k := range known {
		label.Label, label.Time = k.text, k.at
		if l.TimeColumn == "" {
			label.Time = at.Add(l.Delay)
		}
		s.labels.add(label)
	}
	return nil
}
