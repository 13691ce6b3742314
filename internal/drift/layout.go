// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// kind is how a series counts its values.
type kind uint8

const (
	unknown     kind = iota // no value seen yet
	numeric                 // explicit bounds
	exponential             // exponential histograms
	categorical             // named cells
)

// Cells of a series: the first counts missing values; of a categorical series the second counts the categories that
// have no cell of their own.
const (
	cellMissing = 0
	cellFirst   = 1
	cellRest    = 1
)

// layout is what the cells of a series stand for. It is immutable, and shared, except that a categorical one
// without a baseline grows and belongs to one series.
type layout struct {
	kind   kind
	bounds []float64 // numeric
	// categories are the names of the cells after cellRest; fixed ones come from the baseline.
	categories []string
	index      map[string]int
	fixed      bool
	// mismatched bounds cannot be compared with the baseline that there is: the series is passed on, only.
	mismatched bool

	// partial bounds are some of the baseline's: the outer bins hold values whose ends are not known well.
	partial bool
	// baseline is what to compare with; nil if there is none.
	baseline *sample
	// coarse are the groups of bins that are passed on: those of the baseline's statistics with tails.
	coarse distribution.Grouping
}

// sample is a distribution in the cells of some layout, ready to be compared.
type sample struct {
	n    uint64
	kind kind
	// numeric
	bounds       []float64
	all, grouped []float64
	grouping     distribution.Grouping
	min, max, sd float64
	partial      bool // see layout
	// exponential
	expo *Exponential
	// categorical: counts by cell from cellRest on
	layout *layout
}

// cells is the number of cells, the missing one included.
func (l *layout) cells() int {
	switch l.kind {
	case numeric:
		return cellFirst + len(l.bounds) + 1
	case categorical:
		return cellRest + 1 + len(l.categories)
	}
	return 1
}

// subset reports whether all bounds of a are bounds of b; both are increasing.
func subset(a, b []float64) bool {
	i := 0
	for _, v := range b {
		if i < len(a) && a[i] == v {
			i++
		}
	}
	return i == len(a)
}

// rebin adds counts to dst, where every bound of dst's is one of theirs. At bounds that do not nest, a bucket
// goes where its upper bound does.
func rebin[C, D uint32 | uint64 | float64](bounds []float64, counts []C, to []float64, dst []D) {
	j := 0
	for i, c := range counts {
		for j < len(to) && (i >= len(bounds) || bounds[i] > to[j]) {
			j++
		}
		dst[j] += D(c)
	}
}

// plan is what the catalog says of a subject of a version; its series in all segments share it.
type plan struct {
	column               *profile.Column // nil without a baseline
	numeric, categorical []method
	missing              float64 // threshold
	ignore               bool
	categories           int // limit of a layout without a baseline
	shared               *layouts
}

// layouts are those of one column of a baseline, shared by all versions that have it, or those of one plan without a baseline.
type layouts struct{ list []*layout }

// maxLayouts bounds layouts, which only data in changing bins fill.
const maxLayouts = 8

func (s *layouts) keep(l *layout) {
	if l.kind != numeric || len(s.list) < maxLayouts { // there is one of each other kind
		s.list = append(s.list, l)
	}
}

// method is a statistic with the effect at which it speaks of drift.
type method struct {
	stats.Method
	threshold float64
}

// methods returns the statistics for a kind; the first one decides.
func (p *plan) methods(k kind) []method {
	if k == categorical {
		return p.categorical
	}
	return p.numeric
}

// numericLayout returns the layout for data with the given bounds: their own, or the baseline's where the data's are finer.
func (p *plan) numericLayout(bounds []float64) *layout {
	for _, l := range p.shared.list {
		if l.kind == numeric && slices.Equal(l.bounds, bounds) {
			return l
		}
	}
	l := &layout{kind: numeric, bounds: bounds}
	if c := p.column; c != nil {
		switch {
		case c.Numeric == nil:
			// A column without values, or a categorical one, has nothing to compare with.
			l.mismatched = c.Type != profile.Numeric
		case subset(bounds, c.Numeric.Bounds):
			if len(bounds) == len(c.Numeric.Bounds) {
				l.bounds, bounds = c.Numeric.Bounds, c.Numeric.Bounds
			}
			counts := make([]uint64, len(bounds)+1)
			rebin(c.Numeric.Bounds, c.Numeric.Counts, bounds, counts)
			l.baseline = newNumericSample(bounds, counts, c.Numeric.Min, c.Numeric.Max, c.Numeric.StdDev)
			l.partial = len(bounds) < len(c.Numeric.Bounds)
			l.baseline.partial = l.partial
			l.coarse = distribution.GroupWithTails(bounds, counts, distribution.DefaultGroups)
		case subset(c.Numeric.Bounds, bounds):
			return p.numericLayout(c.Numeric.Bounds)
		default:
			l.mismatched = true
		}
	}
	if l.baseline == nil {
		ones := make([]uint64, len(bounds)+1)
		for i := range ones {
			ones[i] = 1
		}
		l.coarse = distribution.GroupWithTails(bounds, ones, distribution.DefaultGroups)
	}
	p.shared.keep(l)
	return l
}

// categoricalLayout returns the layout of the baseline's categories, or a new one to grow.
func (p *plan) categoricalLayout() *layout {
	c := p.column
	if c == nil || c.Type != profile.Categorical {
		return &layout{kind: categorical, index: map[string]int{}, mismatched: c != nil && c.Count > 0}
	}
	for _, l := range p.shared.list {
		if l.kind == categorical {
			return l
		}
	}
	l := &layout{kind: categorical, fixed: true, index: make(map[string]int, len(c.Categories))}
	counts := make([]float64, 1, len(c.Categories)+1)
	counts[0] = float64(c.Other)
	for i, cat := range c.Categories {
		l.categories = append(l.categories, cat.Value)
		l.index[cat.Value] = cellRest + 1 + i
		counts = append(counts, float64(cat.Count))
	}
	if c.Count > 0 {
		l.baseline = &sample{n: c.Count, kind: categorical, layout: l, all: counts}
	}
	p.shared.keep(l)
	return l
}

// exponentialLayout returns the layout of exponential histograms, which are compared with no baseline.
func (p *plan) exponentialLayout() *layout {
	for _, l := range p.shared.list {
		if l.kind == exponential {
			return l
		}
	}
	l := &layout{kind: exponential, mismatched: p.column != nil && p.column.Count > 0}
	p.shared.keep(l)
	return l
}

// cell returns the cell of a category, which is added where the layout grows and has room.
func (l *layout) cell(category string, limit int) int {
	if i, ok := l.index[category]; ok {
		return i
	}
	if l.fixed || len(l.categories) >= limit {
		return cellRest
	}
	l.categories = append(l.categories, category)
	i := cellRest + len(l.categories)
	l.index[category] = i
	return i
}
