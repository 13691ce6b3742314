// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Comparison is the column of a baseline beside the counts of a window, as the engine sees the two: mlprofile computes the
// collector's numbers through it.
type Comparison struct{ pair pair }

// errNotComparable is returned where one side has no values.
var errNotComparable = errors.New("there are no values to compare")

// CompareNumeric sets counts in the bins of a numeric column, with the smallest and largest value counted, beside that column.
func CompareNumeric(c *profile.Column, counts []uint64, lo, hi float64) (*Comparison, error) {
	if c.Type != profile.Numeric {
		return nil, fmt.Errorf("the baseline's column %q is not numeric", c.Name)
	}
	if c.Numeric == nil {
		return nil, fmt.Errorf("reference: %w", errNotComparable)
	}
	if len(counts) != len(c.Numeric.Counts) {
		return nil, fmt.Errorf("%d counts for the %d bins of column %q", len(counts), len(c.Numeric.Counts), c.Name)
	}
	p := &plan{column: c, shared: new(layouts)}
	l := p.numericLayout(c.Numeric.Bounds)
	return compared(l.baseline, newNumericSample(l.bounds, counts, lo, hi, math.NaN()))
}

// CompareCategories sets counts by value beside a categorical column; values that the column does not name are counted as one.
func CompareCategories(c *profile.Column, counts map[string]uint64) (*Comparison, error) {
	if c.Type != profile.Categorical {
		return nil, fmt.Errorf("the baseline's column %q is not categorical", c.Name)
	}
	l := (&plan{column: c, shared: new(layouts)}).categoricalLayout()
	cur := &sample{kind: categorical, layout: l, all: make([]float64, 1+len(l.categories))}
	for value, n := range counts {
		cur.all[l.cell(value, 0)-cellRest] += float64(n)
		cur.n += n
	}
	return compared(l.baseline, cur)
}

func compared(ref, cur *sample) (*Comparison, error) {
	p, ok := match(ref, cur)
	if !ok {
		return nil, errNotComparable
	}
	return &Comparison{p}, nil
}

// Compute returns one statistic.
func (c *Comparison) Compute(m stats.Method) (stats.Result, error) { return c.pair.compare(m) }

// Samples returns what Compute compares: all bins for a method of ordered values, else the groups or categories.
func (c *Comparison) Samples(m stats.Method) (ref, cur stats.Sample) {
	s := c.pair.grouped
	if c.pair.numeric && m.Ordered() {
		s = c.pair.ordered
	}
	return s[0], s[1]
}
