// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// values is what a file says of the categories of a column.
type values struct {
	count  uint64
	listed map[string]uint64
	// uncertain is how many rows more than listed any value may have.
	uncertain uint64
}

// add counts a value, spelled as categories are.
func (v *values) add(name string, rows uint64) {
	if v.listed == nil {
		v.listed = map[string]uint64{}
	}
	v.listed[value.Category(name)] += rows
}

// sum is the number of rows of all listed values; it is above count where they cannot be right.
func (v *values) sum() (rows uint64) {
	for _, n := range v.listed {
		if rows += n; rows > v.count {
			return v.count + 1
		}
	}
	return rows
}

func (v *values) complete() bool { return v.sum() == v.count }

// problem says why the values cannot be in a baseline, empty if they can.
func (v *values) problem() string {
	switch {
	case v.count == 0:
		return "it has no values"
	case len(v.listed) == 0 && v.uncertain > 0:
		return fmt.Sprintf("none of its values has more rows than the %d by which its frequent-items sketch may be wrong", v.uncertain)
	case len(v.listed) == 0:
		return "the file does not name its values"
	case v.sum() > v.count:
		return "its values have more rows than the column"
	}
	return ""
}

// column has the most frequent values. Where all are listed it is as if made from the data. Else the
// rest is counted as one, and nothing is held out here: profile.Read does that for a list that ends
// somewhere, and only tells those values apart that are on the list whatever half of the rows has.
func (v *values) column(name string, missing uint64, maxCategories int) *profile.Column {
	if v.complete() {
		return profile.NewCategorical(name, v.listed, missing, maxCategories)
	}
	c := &profile.Column{Name: name, Type: profile.Categorical, Count: v.count, Missing: missing, Other: v.count}
	for category, rows := range v.listed {
		c.Categories = append(c.Categories, profile.Category{Value: category, Count: rows})
	}
	slices.SortFunc(c.Categories, func(a, b profile.Category) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	c.Categories = c.Categories[:min(len(c.Categories), maxCategories)]
	for _, category := range c.Categories {
		c.Other -= category.Count
	}
	return c
}
