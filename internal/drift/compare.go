// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// errNotComparable is returned where one side has no values.
var errNotComparable = errors.New("there are no values to compare")

// CompareNumeric sets counts in the bins of a numeric column, with the smallest and largest value
// counted, beside that column, as the engine sees the two: mlprofile computes the collector's
// numbers through it.
func CompareNumeric(c *profile.Column, counts []uint64, lo, hi float64) (*distribution.Pair, error) {
	if c.Type != profile.Numeric {
		return nil, fmt.Errorf("the baseline's column %q is not numeric", c.Name)
	}
	if c.Numeric == nil {
		return nil, fmt.Errorf("reference: %w", errNotComparable)
	}
	if len(counts) != len(c.Numeric.Counts) {
		return nil, fmt.Errorf("%d counts for the %d bins of column %q", len(counts), len(c.Numeric.Counts), c.Name)
	}
	p := &plan{column: c, shared: new(binnings)}
	l := p.numericBinning(c.Numeric.Bounds)
	return compared(l.Baseline, distribution.NewNumericSample(l.Bounds, counts, lo, hi, math.NaN()))
}

// CompareCategories sets counts by value beside a categorical column; values that the column does
// not name are counted as one.
func CompareCategories(c *profile.Column, counts map[string]uint64) (*distribution.Pair, error) {
	if c.Type != profile.Categorical {
		return nil, fmt.Errorf("the baseline's column %q is not categorical", c.Name)
	}
	l := (&plan{column: c, shared: new(binnings)}).categoricalBinning()
	all := make([]float64, l.Bins())
	for value, n := range counts {
		all[l.Bin(value, 0)] += float64(n)
	}
	return compared(l.Baseline, distribution.NewCategoricalSample(l, all))
}

func compared(ref, cur *distribution.Sample) (*distribution.Pair, error) {
	p, ok := distribution.Match(ref, cur)
	if !ok {
		return nil, errNotComparable
	}
	return &p, nil
}
