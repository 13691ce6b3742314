// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"errors"
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// cohorts are the segments that a file has.
type cohorts struct {
	dimensions []dimension
	most       int
	names      []string // dimension=value
	places     map[string]int
	rows       []uint64
	left       uint64 // rows of segments that found no room
}

// dimension is a Segment with the column of the file.
type dimension struct {
	Segment
	column *table.Column
}

// watch has segments counted: of each the answer, the missing values of all features, and the values
// of those that are asked for.
func (w *Window) watch(schema *table.Schema, o *Options) error {
	if len(o.Segments) == 0 {
		return nil
	}
	w.cohorts = &cohorts{most: o.MaxSegments, places: map[string]int{}}
	var errs []error
	for _, s := range o.Segments {
		c := schema.Column(s.Column)
		switch {
		case c == nil && s.Optional:
			w.note("there is no column %s, a segment of the card", label(s.Column))
			continue
		case c == nil:
			errs = append(errs, fmt.Errorf("--segment: %s has no column %q", w.Path, s.Column))
			continue
		}
		w.cohorts.dimensions = append(w.cohorts.dimensions, dimension{s, c})
	}
	for _, name := range o.SegmentFeatures {
		if w.profile.Column(name) == nil {
			errs = append(errs, fmt.Errorf("--segment-features: the reference has no feature %q", name))
		}
	}
	for _, c := range w.columns {
		switch {
		case c.subject != drift.Feature:
			c.watch(true)
		case c.source != nil || w.derives(c):
			c.watch(slices.Contains(o.SegmentFeatures, c.column.Name))
		}
	}
	return errors.Join(errs...)
}

// of returns the place of a row's segment, and counts the row; false where there is no room for one
// more segment.
func (s *cohorts) of(d *dimension, cell table.Cell) (int, bool) {
	name := d.Dimension + "=" + d.column.Type.Category(cell)
	at, ok := s.places[name]
	if !ok {
		if len(s.names) >= s.most {
			s.left++
			return 0, false
		}
		at = len(s.names)
		s.places[name] = at
		s.names, s.rows = append(s.names, name), append(s.rows, 0)
	}
	s.rows[at]++
	return at, true
}

// deltas are what ml_summary sends of the segments.
func (w *Window) segmentDeltas(model drift.Key) (out []drift.Delta) {
	if w.cohorts == nil {
		return nil
	}
	for i, name := range w.cohorts.names {
		model.Segment = name
		rows := model
		rows.Subject = drift.Predictions
		out = append(out, drift.Delta{Key: rows, Count: w.cohorts.rows[i]})
		for _, c := range w.columns {
			switch {
			case c.subject == drift.Feature && c.source == nil && !w.derives(c): // missing in all rows
				out = append(out, (&tally{missing: w.cohorts.rows[i]}).missingDelta(c.key(model))...)
			case i >= len(c.segments) || c.segments[i] == nil:
			case c.inSegments:
				out = append(out, c.segments[i].deltas(c.key(model))...)
			default:
				out = append(out, c.segments[i].missingDelta(c.key(model))...)
			}
		}
	}
	return out
}
