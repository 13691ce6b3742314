// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// Growth is what a window has more of than its reference: the category, the range of numbers or the
// missing values whose share has grown most. It is what a person looks at first.
type Growth struct {
	Kind GrowthKind
	// Category is set for Category and Unlisted.
	Category string
	// Low and High are set for Range: values above Low, up to and with High. The first range has no
	// Low (-Inf), the last no High (+Inf).
	Low, High float64
	// Before and Now are shares, 0 to 1, of the reference's values and of the window's; of the
	// subject Missing, of rows.
	Before, Now float64
}

// GrowthKind says what has grown.
type GrowthKind uint8

// The kinds of growth.
const (
	// Range is a range of numbers.
	Range GrowthKind = iota
	// Category is a category or a class.
	Category
	// Unlisted is one category that the reference does not list.
	Unlisted
	// Others are categories that the reference does not list, all together.
	Others
	// Absent are missing values.
	Absent
)

// growth finds what has grown most; nil where there is nothing to compare. The lower range, or the
// category that is first by name, wins among equals.
func growth(p *distribution.Pair, examples []example, n uint64) *Growth {
	ref, cur := p.Shares()
	if len(ref) == 0 {
		return nil
	}
	names, best := p.Names(), 0
	for i := range ref {
		if cur[i]-ref[i] > cur[best]-ref[best] {
			best = i
		}
	}
	g := &Growth{Before: ref[best], Now: cur[best]}
	switch {
	case p.Numeric():
		bounds := p.GroupBounds()
		g.Low, g.High = math.Inf(-1), math.Inf(1)
		if best > 0 {
			g.Low = bounds[best-1]
		}
		if best < len(bounds) {
			g.High = bounds[best]
		}
	case best < len(names):
		g.Kind, g.Category = Category, names[best]
	default:
		g.Kind = Others
		// One category that makes up half of them is named.
		if x := unlisted(examples); x != nil && 2*float64(x.count) >= g.Now*float64(n) {
			g.Kind, g.Category, g.Before, g.Now = Unlisted, x.name, 0, float64(x.count)/float64(n)
		}
	}
	return g
}

// unlisted is the most frequent category that the reference does not name, as far as it was noted;
// nil if there is none.
func unlisted(examples []example) *example {
	var best *example
	for i := range examples {
		if x := &examples[i]; x.count > 0 && (best == nil || x.count > best.count) {
			best = x
		}
	}
	return best
}

// absentGrowth is the growth of a share of missing values; where it has fallen, too.
func absentGrowth(ref, cur share) *Growth {
	return &Growth{Kind: Absent, Before: ref.ratio(), Now: cur.ratio()}
}
