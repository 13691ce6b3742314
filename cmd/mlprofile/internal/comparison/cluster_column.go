// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// clusterColumn says which cluster a row is of.
type clusterColumn struct {
	column *table.Column // nil where rows are taken for independent
	hours  bool          // points in time are cut into hours
	seen   map[uint64]struct{}
	more   bool // than maxClusters
}

// maxClusters are counted one by one.
const maxClusters = 1 << 17

// group has rows counted by clusters.
func (w *Window) group(schema *table.Schema, o *Options) error {
	if o.ClusterBy == "" {
		return nil
	}
	c := &w.clusters
	if c.column = schema.Column(o.ClusterBy); c.column == nil {
		return fmt.Errorf("--cluster-by: %s has no column %q", w.Path, o.ClusterBy)
	}
	c.seen = map[uint64]struct{}{}
	if c.hours = c.column.Type == table.TypeTime || o.ClusterBy == o.Timestamp; c.hours {
		if err := c.column.AsTimestamp(); err != nil {
			return fmt.Errorf("--cluster-by: %s: column %q: %w", w.Path, o.ClusterBy, err)
		}
	}
	for _, column := range w.columns {
		column.group()
	}
	return nil
}

func (c *clusterColumn) name(cell table.Cell) (string, error) {
	if !c.hours {
		return c.column.Type.Category(cell), nil
	}
	t, ok := cell.Instant()
	if !ok {
		return "", fmt.Errorf("%q is not a point in time", cell.Category())
	}
	return strconv.FormatInt(t.Unix()/3600, 10), nil
}

// note takes account of a cluster, and returns its group.
func (c *clusterColumn) note(name string) int {
	h := clusterOf(name)
	if _, ok := c.seen[h]; !ok {
		if c.more = len(c.seen) >= maxClusters; !c.more {
			c.seen[h] = struct{}{}
		}
	}
	return int(h % clusterGroups)
}

// checkClusters refuses too few of them.
func (w *Window) checkClusters() error {
	c := &w.clusters
	if c.column == nil || w.Rows == 0 || len(c.seen) >= minClusters {
		return nil
	}
	what := "different values"
	if c.hours {
		what = "hours"
	}
	return fmt.Errorf("--cluster-by: column %q of %s has %d %s, and it takes %d to estimate how much rows depend on each other",
		c.column.Name, w.Path, len(c.seen), what, minClusters)
}

// describe says what the clusters are. Example: "1,204 clusters by user".
func (c *clusterColumn) describe() string {
	n := console.Count(len(c.seen))
	if c.more {
		n = "more than " + n
	}
	what := label(c.column.Name)
	if c.hours {
		what = "the hour of " + what
	}
	return n + " clusters of rows by " + what
}
