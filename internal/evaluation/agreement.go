// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"cmp"
	"slices"
)

// Agreement returns how often two answers to one request are the same, and Cohen's kappa, given a
// Confusion whose actual classes are the first side's answers (a primary's) and whose predicted ones
// are the second's (a shadow's).
func Agreement(c *Confusion, level float64) []Score {
	return []Score{{Measure: MeasureAgreement, Interval: Accuracy(c, level)}, {Measure: MeasureKappa, Interval: Kappa(c, level)}}
}

// Disagreement is a cell of the matrix beside its diagonal.
type Disagreement struct {
	First, Second string
	Weight        float64
}

// Disagreements are the cells beside the diagonal that have rows, the most first, at most so many.
// Those that are both Other are left out.
func Disagreements(c *Confusion, most int) []Disagreement {
	names := append([]string{Other}, c.classes...)
	var out []Disagreement
	for i, first := range names {
		for j, second := range names {
			if v := c.at(i, j); i != j && v.rows > 0 {
				out = append(out, Disagreement{First: first, Second: second, Weight: v.weight})
			}
		}
	}
	slices.SortFunc(out, func(a, b Disagreement) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second))
	})
	return out[:min(most, len(out))]
}
