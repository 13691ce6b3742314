// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// noteColumns notes how the columns of the file differ from the reference's.
func (w *Window) noteColumns(schema *table.Schema, o *Options) {
	known := map[string]bool{o.Timestamp: true, o.ClusterBy: true}
	for _, s := range o.Segments {
		known[s.Column] = true
	}
	for _, d := range o.Derived {
		known[d.Column] = true
	}
	for _, c := range w.columns {
		known[c.column.Name] = true
		w.noteColumn(c)
	}
	w.noteAbsent()
	var unknown []string
	for _, c := range schema.Columns {
		if !known[c.Name] && !slices.Contains(o.Exclude, c.Name) {
			unknown = append(unknown, label(c.Name))
		}
	}
	if len(unknown) > 0 {
		w.note("not in the reference, and so not compared: %s", names(unknown))
	}
	for _, name := range schema.Skipped {
		if !known[name] {
			w.note("%s: lists are not compared", label(name))
		}
	}
	for _, e := range w.profile.Embeddings {
		w.note("%s: centroids of vectors have no verdict, and are not compared", label(e.Name))
	}
	if w.cohorts != nil && w.cohorts.left > 0 {
		w.note("there are more than %d segments: %d rows of others are compared in the total alone", w.cohorts.most, w.cohorts.left)
	}
}

func (w *Window) noteColumn(c *counter) {
	switch {
	case c.source == nil && c.subject == drift.Confidence:
		w.note("there is no column %s: its confidence is not compared", c.name())
	case c.source == nil && c.subject != drift.Feature:
		w.note("there is no column %s: its prediction is not compared", c.name())
	case c.unreadable > 0:
		w.note("%s", c.unreadableNote())
	case c.source != nil && c.column.Type == profile.Categorical && c.source.Type.Numeric() && !wholeNames(c.column):
		w.note("%s: numbers here, categories in the reference", c.name())
	}
}

// noteAbsent names the features that the file does not have.
func (w *Window) noteAbsent() {
	var absent, worked []string
	for _, c := range w.columns {
		if c.subject != drift.Feature || c.source != nil || w.derives(c) {
			continue
		}
		if _, ok := derive.Named(c.column.Name); ok {
			worked = append(worked, c.name())
			continue
		}
		absent = append(absent, c.name())
	}
	if len(absent) > 0 {
		w.note("not in %s, and so missing in all of its rows: %s", label(w.Path), names(absent))
	}
	if len(worked) > 0 {
		w.note("missing in all rows, as no --derive says which column of %s they are worked out of: %s", label(w.Path), names(worked))
	}
}

// wholeNames says whether the first category is a number itself.
func wholeNames(c *profile.Column) bool {
	if len(c.Categories) == 0 {
		return false
	}
	_, ok := table.Cell{Kind: table.Text, Text: c.Categories[0].Value}.Number()
	return ok
}
