// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// total is what a series has counted since it began, to be passed on.
type total struct {
	start  int64 // nanoseconds since 1970, of the wall clock
	kind   distribution.Kind
	count  uint64
	sum    float64
	bounds []float64 // of the coarse groups
	groups []uint64
	// exemplars are the newest of each group.
	exemplars []Exemplar
	missing   uint64
	// categories count by name; rest is what found no room.
	categories map[string]uint64
	rest       uint64
	stale      bool // start is set by the next delta
}

// reset starts the count of values afresh for a binning; categories go on.
func (t *total) reset(b *distribution.Binning, subject Subject) {
	if t.kind == distribution.KindCategorical && b.Kind == distribution.KindCategorical {
		return
	}
	if t.kind != distribution.KindUnknown {
		t.stale = true
	}
	t.kind = b.Kind
	t.count, t.sum, t.exemplars, t.rest = 0, 0, nil, 0
	t.categories = nil
	t.bounds = nil
	switch b.Kind {
	case distribution.KindNumeric:
		t.bounds = b.Coarse.Bounds()
	case distribution.KindExponential:
		t.bounds = exponentialBounds(subject)
	case distribution.KindCategorical:
		t.categories = make(map[string]uint64)
	}
	t.groups = make([]uint64, len(t.bounds)+1)
}

// exponentialBounds are those that an exponential histogram is passed on with.
func exponentialBounds(subject Subject) []float64 {
	if subject == Confidence {
		return distribution.ConfidenceBounds
	}
	return distribution.ValueBounds
}

// refine cuts the groups at the bounds that the binning has now, where those have all of the total's and more: a total that an earlier
// version wrote had fewer. What was counted stays at its upper bound, so that no cumulative bucket falls.
func (t *total) refine(b *distribution.Binning, subject Subject) {
	var to []float64
	switch {
	case t.kind != b.Kind:
		return
	case b.Kind == distribution.KindExponential:
		to = exponentialBounds(subject)
	case b.Kind == distribution.KindNumeric:
		to = b.Coarse.Bounds()
	}
	if len(to) <= len(t.bounds) || !distribution.Subset(t.bounds, to) {
		return
	}
	groups := make([]uint64, len(to)+1)
	distribution.Rebin(t.bounds, t.groups, to, groups)
	t.bounds, t.groups = to, groups
}

// categorize makes the histogram a count of categories: all its values are the rest.
func (t *total) categorize() {
	t.kind, t.rest, t.categories = distribution.KindCategorical, t.count, make(map[string]uint64)
	t.sum, t.exemplars, t.bounds, t.groups = 0, nil, nil, make([]uint64, 1)
}

// merge adds another histogram.
func (t *total) merge(o *total) {
	t.count += o.count
	t.sum += o.sum
	distribution.Rebin(o.bounds, o.groups, t.bounds, t.groups)
}

// add counts a delta of any bounds: a bucket goes to the group of its upper bound. It returns false where a
// category found no room.
func (t *total) add(d *Delta, now int64, limit int) bool {
	if t.stale {
		t.start, t.stale = now, false
	}
	if d.Key.Subject == Missing {
		t.missing += d.Count
		return true
	}
	switch {
	case d.Categorical:
		if t.kind != distribution.KindCategorical {
			return true
		}
		t.count += d.Count
		_, known := t.categories[d.Category]
		if d.Overflow || !known && len(t.categories) >= limit {
			t.rest += d.Count
			return d.Overflow
		}
		t.categories[d.Category] += d.Count
		return true
	case t.kind == distribution.KindCategorical: // numbers among words
		t.count += d.Count
		t.rest += d.Count
		return true
	case d.Exponential != nil:
		d.Exponential.Coarsen(t.bounds, t.groups)
	default:
		distribution.Rebin(d.Bounds, d.Counts, t.bounds, t.groups)
	}
	t.count += d.Count
	if !math.IsNaN(d.Sum) && !math.IsInf(d.Sum, 0) {
		t.sum += d.Sum
	}
	for _, x := range d.Exemplars {
		t.exemplars = keep(t.exemplars, x, t.bounds)
	}
	return true
}

// Total is a cumulative count of one series of the totals (not of segments).
type Total struct {
	Key Key
	Use Use
	// Start is when counting began, in nanoseconds since 1970.
	Start int64
	// Count is the number of predictions, or of missing values (of the subject Missing), or of a histogram's values.
	Count uint64
	// Sum, Bounds and Groups are a histogram; Groups has one more than Bounds. Nil for counts. The Sum of a Cost is the amount.
	Sum       float64
	Bounds    []float64
	Groups    []uint64
	Exemplars []Exemplar
	// Categories is set for classes and categorical features; Rest is what found no room.
	Categories map[string]uint64
	Rest       uint64
}
