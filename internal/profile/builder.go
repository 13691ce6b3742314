// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// DefaultMaxCategories is the number of values of a categorical column that a profile keeps.
const DefaultMaxCategories = 200

// NewNumeric profiles a numeric column with equal-mass bins. NaN and infinities count as missing, on top of
// missing. values is sorted in place.
func NewNumeric(name string, values []float64, missing uint64, bins int) *Column {
	finite := values[:0]
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			missing++
			continue
		}
		finite = append(finite, v)
	}
	c := &Column{Name: name, Type: Numeric, Count: uint64(len(finite)), Missing: missing}
	if len(finite) == 0 {
		return c
	}
	slices.Sort(finite)
	bounds := distribution.EqualMassBounds(finite, bins)
	b, err := distribution.NewBins(bounds)
	if err != nil {
		panic("BUG: EqualMassBounds made bounds that NewBins refuses: " + err.Error())
	}
	mean, variance := stat.PopMeanVariance(finite, nil)
	c.Numeric = &NumericColumn{
		Min: finite[0], Max: finite[len(finite)-1], Mean: mean, StdDev: math.Sqrt(variance),
		Bounds: bounds, Counts: b.Count(finite),
	}
	return c
}

// NewCategorical profiles a categorical column and keeps at most maxCategories values, the most frequent ones.
func NewCategorical(name string, counts map[string]uint64, missing uint64, maxCategories int) *Column {
	c := &Column{Name: name, Type: Categorical, Missing: missing}
	all := make([]Category, 0, len(counts))
	for v, n := range counts {
		all = append(all, Category{Value: v, Count: n})
		c.Count += n
	}
	slices.SortFunc(all, func(a, b Category) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	for i, cat := range all {
		if i < maxCategories {
			c.Categories = append(c.Categories, cat)
		} else {
			c.Other += cat.Count
		}
	}
	return c
}
