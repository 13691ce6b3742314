// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// maxAttributes bounds a request of wide spans: collectors accept 4 MiB by default.
const maxAttributes = 30_000

// errLimit ends the reading when Options.Limit rows are sent.
var errLimit = errors.New("limit reached")

// sender maps rows to spans.
type sender struct {
	plan    *baseline.Plan
	opts    Options
	tracer  trace.Tracer
	batch   *batcher
	labels  *labelQueue
	started time.Time
	name    string
	sent    int
	read    int
	last    time.Time
	result  Result
	attrs   []attribute.KeyValue
}

// timedRow is a row that waits to be sorted.
type timedRow struct {
	at    time.Time
	row   []table.Cell
	file  int
	where string
}

func (s *sender) files(ctx context.Context, files []string) error {
	var waiting []timedRow
	var mappings []*mapping
	for i, path := range files {
		m := newMapping(s.plan, s.opts)
		mappings = append(mappings, m)
		err := s.file(ctx, path, m, func(at time.Time, row []table.Cell, where func() string) error {
			if s.opts.Sort {
				waiting = append(waiting, timedRow{at, slices.Clone(row), i, where()})
				return nil
			}
			return s.send(ctx, m, at, row, where)
		})
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(waiting, func(a, b timedRow) int { return a.at.Compare(b.at) })
	for _, w := range waiting {
		if err := s.send(ctx, mappings[w.file], w.at, w.row, func() string { return w.where }); err != nil {
			return err
		}
	}
	return nil
}

// file calls yield for each row in the range.
func (s *sender) file(ctx context.Context, path string, m *mapping, yield func(time.Time, []table.Cell, func() string) error) error {
	r, err := s.plan.Schema.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	var row []table.Cell
	for {
		if row, err = r.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		m.extend(r.Columns())
		if s.read++; !s.opts.Taken(s.read - 1) {
			continue
		}
		at, in, err := s.instant(m, row)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Where(), err)
		}
		if !in {
			continue
		}
		if err := yield(at, row, r.Where); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// instant returns the time of a row, zero for now, and whether it is in the range.
func (s *sender) instant(m *mapping, row []table.Cell) (at time.Time, in bool, err error) {
	if m.timestamp.at < 0 {
		return time.Time{}, true, nil
	}
	o := &s.opts
	ranged := !o.From.IsZero() || !o.To.IsZero()
	c := row[m.timestamp.at]
	if c.Kind == table.Missing {
		if ranged {
			return at, false, nil
		}
		if o.Now {
			return at, true, nil
		}
		return at, false, fmt.Errorf("column %q: the row has no timestamp", o.Timestamp)
	}
	at, ok := c.Instant()
	if !ok {
		return at, false, fmt.Errorf("column %q: %q is not a point in time", o.Timestamp, c.Category())
	}
	if !o.From.IsZero() && at.Before(o.From) || !o.To.IsZero() && !at.Before(o.To) {
		return at, false, nil
	}
	return at, true, nil
}

func (s *sender) send(ctx context.Context, m *mapping, at time.Time, row []table.Cell, where func() string) error {
	if s.opts.Limit > 0 && s.sent >= s.opts.Limit {
		return errLimit
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	if at.Before(s.last) {
		s.result.Backwards++
	}
	s.last = at
	switch {
	case s.opts.At != nil:
		at = s.opts.At(s.sent)
	case s.opts.Now || at.IsZero():
		at = time.Now()
	}
	if err := s.labels.advance(ctx, at); err != nil {
		return err
	}
	var err error
	var latency time.Duration
	s.attrs, latency, err = m.attributes(s.attrs[:0], row)
	if err != nil {
		return fmt.Errorf("%s: %w", where(), err)
	}
	if s.result.First.IsZero() || at.Before(s.result.First) {
		s.result.First = at
	}
	if at.After(s.result.Last) {
		s.result.Last = at
	}
	// The answer was given at the timestamp: that is the span's end, and its event time.
	_, span := s.tracer.Start(context.Background(), s.name, trace.WithTimestamp(at.Add(-latency)), trace.WithAttributes(s.attrs...))
	if s.opts.Observe != nil {
		s.opts.Observe(at, m.names, row, span.SpanContext().TraceID())
	}
	span.End(trace.WithTimestamp(at))
	s.sent++
	if err := s.label(m, at, row, span.SpanContext()); err != nil {
		return fmt.Errorf("%s: %w", where(), err)
	}
	return s.batch.err
}

// wait keeps the rate.
func (s *sender) wait(ctx context.Context) error {
	if s.opts.Rate <= 0 {
		return ctx.Err()
	}
	due := s.started.Add(time.Duration(float64(s.sent) / s.opts.Rate * float64(time.Second)))
	left := time.Until(due)
	if left <= 0 {
		return ctx.Err()
	}
	if left > 200*time.Millisecond { // a slow replay is seen as it goes
		if err := s.batch.flush(); err != nil {
			return err
		}
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
