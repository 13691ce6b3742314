// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// OfBaseline takes a baseline for the window. Its numbers are in bins of its own: they are taken to
// lie evenly within each, and the note says by how much a score may be off for that. Of categories,
// those are told apart that both list; the others are one on either side, in the reference, too,
// which is changed for that.
func OfBaseline(path string, current, reference *profile.Profile) (*Window, error) {
	none := func(*profile.Column) *table.Column { return nil }
	w := newWindow(Side{Path: path, Rows: current.Rows, From: current.From, To: current.To, Baseline: true}, reference, none)
	var absent []string
	var off float64
	found := 0
	for _, c := range w.columns {
		from := of(current, c)
		switch {
		case from == nil && c.subject == drift.Feature:
			c.missing = current.Rows
			absent = append(absent, c.name())
			continue
		case from == nil:
			w.noteColumn(c)
			continue
		case from.Type != c.column.Type:
			return nil, fmt.Errorf("column %q is %s in %s and %s in the reference; build one of them anew with --type", from.Name, from.Type, path, c.column.Type)
		}
		found++
		c.missing = from.Missing
		if from.Type == profile.Categorical {
			c.takeCategories(from)
			continue
		}
		off = max(off, c.takeNumbers(from.Numeric))
	}
	if len(w.columns) > 0 && found == 0 {
		return nil, fmt.Errorf("the baseline %s has none of the reference's columns (%s): it has %s", path, names(w.columnNames()), names(namesOf(current)))
	}
	if len(absent) > 0 {
		w.note("not in %s, and so missing in all of its rows: %s", label(path), names(absent))
	}
	if off > 0 {
		w.note("numbers of %s are in bins of its own, and taken to lie evenly within each: shares of a range are off by %s at most", label(path), console.Percent(off))
	}
	var unknown []string
	for _, c := range current.Features {
		if reference.Column(c.Name) == nil {
			unknown = append(unknown, label(c.Name))
		}
	}
	if len(unknown) > 0 {
		w.note("not in the reference, and so not compared: %s", names(unknown))
	}
	return w, nil
}

// of returns the column of a baseline that a counter counts; an answer has the same role, whatever
// its name.
func of(p *profile.Profile, c *counter) *profile.Column {
	switch c.subject {
	case drift.Feature:
		return p.Column(c.column.Name)
	case drift.Confidence:
		return p.Confidence
	}
	return p.Prediction
}

func namesOf(p *profile.Profile) (out []string) {
	for _, c := range p.Features {
		out = append(out, label(c.Name))
	}
	for _, c := range []*profile.Column{p.Prediction, p.Confidence} {
		if c != nil {
			out = append(out, label(c.Name))
		}
	}
	return out
}

// takeNumbers counts the bins of another baseline, and returns the largest share that may lie in
// another bin than it is counted in.
func (c *counter) takeNumbers(from *profile.NumericColumn) (off float64) {
	if from == nil || c.bins == nil {
		return 0
	}
	var total float64
	for _, n := range from.Counts {
		total += float64(n)
	}
	for i, n := range from.Counts {
		if n == 0 {
			continue
		}
		lo, hi := binEnds(from, i)
		if first := c.bins.Index(math.Nextafter(lo, math.Inf(1))); first != c.bins.Index(hi) && lo < hi {
			off = max(off, float64(n)/total)
		}
		c.spread(lo, hi, n)
	}
	c.present += uint64(total)
	c.min, c.max, c.sum = from.Min, from.Max, from.Mean*total
	return off
}

// spread counts n numbers that lie evenly in (lo, hi].
func (c *counter) spread(lo, hi float64, n uint64) {
	last := c.bins.Index(hi)
	counted := uint64(0)
	for i := c.bins.Index(math.Nextafter(lo, math.Inf(1))); i < last; i++ {
		part := (c.bounds[i]/2 - lo/2) / (hi/2 - lo/2) // halves do not overflow
		upTo := uint64(math.Round(float64(n) * min(max(part, 0), 1)))
		if upTo > counted {
			c.counts[i] += upTo - counted
			c.outside.addSome(min(c.bounds[i], hi), upTo-counted)
			counted = upTo
		}
	}
	c.counts[last] += n - counted
	c.outside.addSome(hi, n-counted)
}

// takeCategories counts the categories of another baseline. Where that does not list all of its
// values, the reference's column is replaced by one that lists only what both do.
func (c *counter) takeCategories(from *profile.Column) {
	counts, n := map[string]uint64{}, from.Count
	for _, category := range from.Categories {
		counts[category.Value] = category.Count
	}
	if from.Other > 0 && from.HeldOut != nil {
		// The rows that chose which values are listed have too many of them.
		clear(counts)
		n = from.HeldOut.Count
		c.missing = uint64(math.Round(float64(from.Missing) * float64(n) / float64(from.Count)))
		for i, held := range from.HeldOut.Counts {
			counts[from.Categories[i].Value] = held
		}
	}
	if from.Other > 0 {
		c.keepListed(func(name string) bool { _, ok := counts[name]; return ok })
	}
	c.present = n
	for name, count := range counts {
		if from.Other > 0 && !c.isListed(name) {
			continue
		}
		c.categories[name] = count
		n -= min(n, count)
	}
	c.others = n
}

// keepListed makes one of all categories of the reference that are not kept.
func (c *counter) keepListed(keep func(string) bool) {
	reduced := *c.column
	reduced.Categories = nil
	if h := c.column.HeldOut; h != nil {
		reduced.HeldOut = &profile.HeldOut{Count: h.Count}
	}
	for i, category := range c.column.Categories {
		if !keep(category.Value) {
			reduced.Other += category.Count
			continue
		}
		reduced.Categories = append(reduced.Categories, category)
		if h := c.column.HeldOut; h != nil && i < len(h.Counts) {
			reduced.HeldOut.Counts = append(reduced.HeldOut.Counts, h.Counts[i])
		}
	}
	*c.column = reduced
	c.listed = make(map[string]int, len(reduced.Categories))
	for i, category := range reduced.Categories {
		c.listed[category.Value] = i
	}
}

var errNoRows = errors.New("there is no row to compare")

// checkRows refuses a window without rows.
func (w *Window) checkRows() error {
	if w.Rows > 0 {
		return nil
	}
	err := errNoRows
	if slices.ContainsFunc(w.columns, func(c *counter) bool { return c.source != nil }) {
		err = errors.New("there is no row to compare in the range of time, or in all of the file")
	}
	return fmt.Errorf("%s: %w", w.Path, err)
}
