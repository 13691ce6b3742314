// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// maxUnlisted bounds the categories that the reference does not list and that are counted by name.
const maxUnlisted = 1000

// tally is what one column has counted of all rows, or of those of a segment.
type tally struct {
	present, missing uint64

	// counts are numbers in bins with bounds, of which there is one less; nil for categories, and
	// where the reference has no values.
	bounds        []float64
	counts        []uint64
	min, max, sum float64

	// categories are counted by name, those of the reference and at most maxUnlisted others; others
	// are the rows of all that are left.
	categories map[string]uint64
	listed     func(string) bool
	unlisted   int
	others     uint64
}

func newNumericTally(bounds []float64) *tally {
	return &tally{bounds: bounds, counts: make([]uint64, len(bounds)+1), min: math.Inf(1), max: math.Inf(-1)}
}

func newCategoricalTally(listed func(string) bool) *tally {
	return &tally{categories: map[string]uint64{}, listed: listed}
}

func (t *tally) addNumber(bin int, v float64) {
	t.present++
	t.counts[bin]++
	t.min, t.max, t.sum = min(t.min, v), max(t.max, v), t.sum+v
}

func (t *tally) addCategory(name string) {
	t.present++
	if _, known := t.categories[name]; !known && !t.listed(name) {
		if t.unlisted >= maxUnlisted {
			t.others++
			return
		}
		t.unlisted++
	}
	t.categories[name]++
}

// deltas are what ml_summary sends of the values, and of a feature's missing ones.
func (t *tally) deltas(key drift.Key) (out []drift.Delta) {
	switch {
	case t.categories != nil:
		for name, n := range t.categories {
			if n > 0 {
				out = append(out, drift.Delta{Key: key, Categorical: true, Category: name, Count: n})
			}
		}
		if t.others > 0 {
			out = append(out, drift.Delta{Key: key, Categorical: true, Overflow: true, Count: t.others})
		}
	case t.present > 0 && t.counts != nil:
		out = append(out, drift.Delta{Key: key, Count: t.present, Bounds: t.bounds, Counts: t.counts, Min: t.min, Max: t.max, Sum: t.sum, HasRange: true})
	}
	return append(out, t.missingDelta(key)...)
}

// missingDelta is what ml_summary sends of missing values.
func (t *tally) missingDelta(key drift.Key) []drift.Delta {
	if key.Subject != drift.Feature || t.missing == 0 {
		return nil
	}
	key.Subject = drift.Missing
	return []drift.Delta{{Key: key, Count: t.missing}}
}
