// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// counter counts one column of a file in the bins or categories of the reference's column.
type counter struct {
	column  *profile.Column
	subject drift.Subject
	// source is the column of the file; nil where it has none, and of a feature that is worked out.
	source *table.Column

	bins *distribution.Bins
	// groups are the bins of segments, coarse those of clusters.
	groups, coarse distribution.Grouping
	listed         map[string]int // categories of the reference, by their place
	outside        *outside

	tally
	segments   []*tally // by segment; nil elements for none yet, nil for a column that segments do not watch
	inSegments bool     // values are watched in segments, too; else missing ones alone
	clusters   *clusters

	unreadable       uint64
	unreadableSample string
}

func newCounter(c *profile.Column, subject drift.Subject, source *table.Column) *counter {
	n := &counter{column: c, subject: subject, source: source}
	switch {
	case c.Type == profile.Categorical:
		n.listed = make(map[string]int, len(c.Categories))
		for i, category := range c.Categories {
			n.listed[category.Value] = i
		}
		n.tally = *newCategoricalTally(n.isListed)
	case c.Numeric != nil:
		bins, err := distribution.NewBins(c.Numeric.Bounds)
		if err != nil {
			break // profile.Validate has seen them
		}
		n.bins, n.outside = bins, newOutside(c.Numeric.Min, c.Numeric.Max)
		n.groups = distribution.GroupByMass(c.Numeric.Bounds, c.Numeric.Counts, distribution.DefaultGroups)
		n.coarse = distribution.GroupWithTails(c.Numeric.Bounds, c.Numeric.Counts, distribution.DefaultGroups)
		n.tally = *newNumericTally(c.Numeric.Bounds)
	}
	return n
}

func (c *counter) isListed(name string) bool {
	_, ok := c.listed[name]
	return ok
}

// name is what the column is called in messages.
func (c *counter) name() string { return label(c.column.Name) }

// key is that of the column's series.
func (c *counter) key(model drift.Key) drift.Key {
	model.Subject = c.subject
	if c.subject == drift.Feature {
		model.Name = c.column.Name
	}
	return model
}

// readAs has the file's column read as what the reference's is.
func (c *counter) readAs(o *baseline.Options) {
	switch {
	case c.source == nil:
	case c.column.Type == profile.Numeric:
		c.source.AsNumbers()
	case c.source.Type.Numeric() || o.Types[c.column.Name] == profile.Categorical:
		c.source.AsTexts()
	}
}

// watch has segments count the column.
func (c *counter) watch(values bool) { c.segments, c.inSegments = []*tally{}, values }

// group has clusters of rows count the column, so that its design effect can be known.
func (c *counter) group() {
	switch {
	case c.column.Type == profile.Categorical:
		c.clusters = newClusters(min(len(c.column.Categories), clusterCategories)+1, false)
	case c.bins != nil:
		c.clusters = newClusters(c.coarse.Len(), true)
	default:
		c.clusters = newClusters(1, false)
	}
}

// place is where in a file a row is counted.
type place struct {
	segments []int
	// cluster is that of the row.
	cluster int
}

// add counts a cell. As ml_summary does, it counts what is no number as missing where numbers are
// expected.
func (c *counter) add(cell table.Cell, at *place) {
	if cell.Kind == table.Missing {
		c.addMissing(at)
		return
	}
	if c.column.Type == profile.Categorical {
		c.addCategory(c.source.Type.Category(cell), at)
		return
	}
	v, ok := cell.Number()
	if !ok {
		if c.unreadable++; c.unreadable == 1 {
			c.unreadableSample = cell.Category()
		}
		c.addMissing(at)
		return
	}
	c.addNumber(v, at)
}

func (c *counter) addMissing(at *place) {
	c.missing++
	c.clusters.add(at.cluster, missingCell)
	for _, i := range at.segments {
		if t := c.segment(i); t != nil {
			t.missing++
		}
	}
}

func (c *counter) addCategory(name string, at *place) {
	c.tally.addCategory(name)
	if c.clusters != nil {
		cell := c.clusters.cells - 1
		if i, ok := c.listed[name]; ok {
			cell = min(i, cell)
		}
		c.clusters.add(at.cluster, cell)
	}
	for _, i := range at.segments {
		if t := c.segment(i); t != nil && c.inSegments {
			t.addCategory(name)
		} else if t != nil {
			t.present++
		}
	}
}

func (c *counter) addNumber(v float64, at *place) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.addMissing(at)
		return
	}
	if c.bins == nil {
		c.present++
		c.clusters.add(at.cluster, 0)
		for _, i := range at.segments {
			if t := c.segment(i); t != nil {
				t.present++
			}
		}
		return
	}
	v = distribution.Decimal32(v)
	bin := c.bins.Index(v)
	c.tally.addNumber(bin, v)
	c.outside.add(v)
	if c.clusters != nil {
		c.clusters.add(at.cluster, c.coarse.Of(bin))
	}
	for _, i := range at.segments {
		if t := c.segment(i); t != nil && c.inSegments {
			t.addNumber(c.groups.Of(bin), v)
		} else if t != nil {
			t.present++
		}
	}
}

// segment returns the tally of a segment, nil where the column is not watched.
func (c *counter) segment(i int) *tally {
	if c.segments == nil {
		return nil
	}
	for len(c.segments) <= i {
		c.segments = append(c.segments, nil)
	}
	if c.segments[i] == nil {
		switch {
		case !c.inSegments || c.column.Type == profile.Numeric && c.bins == nil:
			c.segments[i] = &tally{}
		case c.bins == nil:
			c.segments[i] = newCategoricalTally(c.isListed)
		default:
			c.segments[i] = newNumericTally(c.groups.Bounds())
		}
	}
	return c.segments[i]
}

// unreadableNote says which values were not read; empty where all were.
func (c *counter) unreadableNote() string {
	if c.unreadable == 0 {
		return ""
	}
	verb := "are"
	if c.unreadable == 1 {
		verb = "is"
	}
	return c.name() + ": " + console.Plural(c.unreadable, "value") + ", such as " + quoted(c.unreadableSample) + ", " + verb +
		" not a number and counted as missing, as ml_summary does"
}
