// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Options say how the rows of a file are counted.
type Options struct {
	baseline.Options
	// Segments are the cohorts that are compared one at a time, SegmentFeatures the features whose
	// values are compared in them, too.
	Segments        []Segment
	SegmentFeatures []string
	// MaxSegments is how many cohorts there may be.
	MaxSegments int
	// ClusterBy is the column of what rows are of that depend on each other; empty takes them for
	// independent.
	ClusterBy string
}

// Segment takes the value of a column for a dimension of cohorts. An optional one may be absent.
type Segment struct {
	Dimension, Column string
	Optional          bool
}

// Window is what a file counts in the bins and categories of a reference. Its size does not depend
// on the number of rows.
type Window struct {
	Side

	profile  *profile.Profile // the reference's
	columns  []*counter
	derived  []*derived
	cohorts  *cohorts
	clusters clusterColumn
	notes    []string
}

// newWindow returns a window that counts all columns of a reference.
func newWindow(side Side, p *profile.Profile, source func(c *profile.Column) *table.Column) *Window {
	w := &Window{Side: side, profile: p}
	add := func(c *profile.Column, subject drift.Subject) {
		if c != nil {
			w.columns = append(w.columns, newCounter(c, subject, source(c)))
		}
	}
	for _, c := range p.Features {
		add(c, drift.Feature)
	}
	if c := p.Prediction; c != nil && c.Type == profile.Numeric {
		add(c, drift.Value)
	} else {
		add(c, drift.Class)
	}
	add(p.Confidence, drift.Confidence)
	return w
}

// Count reads a file from end to end into a window of the reference.
func Count(ctx context.Context, path string, schema *table.Schema, p *profile.Profile, o Options) (*Window, error) {
	w := newWindow(Side{Path: path}, p, func(c *profile.Column) *table.Column { return schema.Column(c.Name) })
	w.notes = slices.Clone(schema.Notes)
	times := schema.Column(o.Timestamp)
	switch {
	case times != nil:
		if err := times.AsTimestamp(); err != nil {
			return nil, fmt.Errorf("--timestamp: %s: column %q: %w", path, o.Timestamp, err)
		}
	case !o.From.IsZero() || !o.To.IsZero():
		return nil, fmt.Errorf("--timestamp: %s has no column %q, and --from and --to need one", path, o.Timestamp)
	}
	for _, c := range w.columns {
		c.readAs(&o.Options)
	}
	if err := errors.Join(w.derive(schema, &o), w.group(schema, &o), w.watch(schema, &o)); err != nil {
		return nil, err
	}
	if len(w.columns) > 0 && len(w.derived) == 0 && !slices.ContainsFunc(w.columns, func(c *counter) bool { return c.source != nil }) {
		return nil, fmt.Errorf("%s has none of the reference's columns (%s): it has %s. Is its first line a header?",
			path, names(w.columnNames()), names(labels(schema.Names())))
	}
	if err := w.read(ctx, schema, &o, times != nil); err != nil {
		return nil, err
	}
	if err := w.checkClusters(); err != nil {
		return nil, err
	}
	for _, c := range w.columns {
		if c.source == nil && !w.derives(c) {
			c.missing = w.Rows
		}
	}
	w.noteColumns(schema, &o)
	return w, nil
}

func (w *Window) columnNames() (out []string) {
	for _, c := range w.columns {
		out = append(out, c.name())
	}
	return out
}

// reader reads the rows of a file into a window.
type reader struct {
	w      *Window
	o      *Options
	places map[string]int // of columns, in the row at hand
	timed  bool
	at     place
}

// cell is that of a column in a row; one that is missing where the row does not have it.
func (r *reader) cell(row []table.Cell, column string) table.Cell {
	if i, ok := r.places[column]; ok && i < len(row) {
		return row[i]
	}
	return table.Cell{Kind: table.Missing}
}

func (w *Window) read(ctx context.Context, schema *table.Schema, o *Options, timed bool) error {
	file, err := schema.Open(w.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	r := &reader{w: w, o: o, places: map[string]int{}, timed: timed}
	var row []table.Cell
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if row, err = file.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		for i := len(r.places); i < len(file.Columns()); i++ {
			r.places[file.Columns()[i]] = i
		}
		if err := r.add(row); err != nil {
			return fmt.Errorf("%s: %w", file.Where(), err)
		}
	}
}

func (r *reader) add(row []table.Cell) error {
	w := r.w
	if r.timed {
		in, err := r.o.Within(r.cell(row, r.o.Timestamp), &w.From, &w.To)
		if err != nil {
			return fmt.Errorf("column %q: %w", r.o.Timestamp, err)
		}
		if !in {
			return nil
		}
	}
	w.Rows++
	if err := r.locate(row); err != nil {
		return err
	}
	for _, c := range w.columns {
		if c.source != nil {
			c.add(r.cell(row, c.column.Name), &r.at)
		}
	}
	for _, d := range w.derived {
		if err := d.add(r.cell(row, d.measures.Column), &r.at); err != nil {
			return err
		}
	}
	return nil
}

// locate finds the cohorts and the cluster of a row.
func (r *reader) locate(row []table.Cell) error {
	w := r.w
	r.at.segments = r.at.segments[:0]
	if w.cohorts != nil {
		for i := range w.cohorts.dimensions {
			d := &w.cohorts.dimensions[i]
			if cell := r.cell(row, d.Column); cell.Kind != table.Missing {
				if at, ok := w.cohorts.of(d, cell); ok {
					r.at.segments = append(r.at.segments, at)
				}
			}
		}
	}
	if c := &w.clusters; c.column != nil {
		name := "row " + strconv.FormatUint(w.Rows, 10) // one without a value depends on no other
		if cell := r.cell(row, c.column.Name); cell.Kind != table.Missing {
			var err error
			if name, err = c.name(cell); err != nil {
				return fmt.Errorf("--cluster-by: column %q: %w", c.column.Name, err)
			}
		}
		r.at.cluster = c.note(name)
	}
	return nil
}

// AddNotes adds what the reader of the file has to say.
func (w *Window) AddNotes(notes ...string) { w.notes = append(w.notes, notes...) }

func (w *Window) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

// length is the time between the first and the last row; 0 where it is not known.
func (s *Side) length() time.Duration {
	if s.From.IsZero() {
		return 0
	}
	return s.To.Sub(s.From)
}
