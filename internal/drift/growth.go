// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "math"

// Growth is what a window has more of than its reference: the category, the range of numbers or the missing values whose share has
// grown most. It is what a person looks at first.
type Growth struct {
	Kind GrowthKind
	// Category is set for Category and Unlisted.
	Category string
	// Low and High are set for Range: values above Low, up to and with High. The first range has no Low (-Inf), the last no High (+Inf).
	Low, High float64
	// Before and Now are shares, 0 to 1, of the reference's values and of the window's; of the subject Missing, of rows.
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

// shares returns the shares of the groups or categories on both sides; nil where a side has no values.
func (p *pair) shares() (ref, cur []float64) {
	n := len(p.grouped[0].Counts)
	if p.share == nil && n > 0 && len(p.grouped[1].Counts) == n {
		p.share = make([]float64, 2*n)
		for side := range 2 {
			total := 0.0
			for _, c := range p.grouped[side].Counts {
				total += c
			}
			if !(total > 0) {
				p.share = p.share[:0]
				break
			}
			for i, c := range p.grouped[side].Counts {
				p.share[side*n+i] = c / total
			}
		}
	}
	if len(p.share) == 0 {
		return nil, nil
	}
	return p.share[:n], p.share[n:]
}

// growth finds what has grown most; nil where there is nothing to compare. The lower range, or the category that is first in the
// baseline, wins among equals.
func (p *pair) growth(examples []example, n uint64) *Growth {
	ref, cur := p.shares()
	if len(ref) == 0 {
		return nil
	}
	best := 0
	for i := range ref {
		if cur[i]-ref[i] > cur[best]-ref[best] {
			best = i
		}
	}
	g := &Growth{Before: ref[best], Now: cur[best]}
	switch {
	case p.numeric:
		bounds := p.grouping.Bounds()
		g.Low, g.High = math.Inf(-1), math.Inf(1)
		if best > 0 {
			g.Low = bounds[best-1]
		}
		if best < len(bounds) {
			g.High = bounds[best]
		}
	case best < len(p.names):
		g.Kind, g.Category = Category, p.names[best]
	default:
		g.Kind = Others
		// One category that makes up half of them is named.
		if x := p.unlisted(examples); x != nil && 2*float64(x.count) >= g.Now*float64(n) {
			g.Kind, g.Category, g.Before, g.Now = Unlisted, x.name, 0, float64(x.count)/float64(n)
		}
	}
	return g
}

// unlisted is the most frequent category that the reference does not name, as far as it was noted; nil if there is none.
func (p *pair) unlisted(examples []example) *example {
	var best *example
	for i := range examples {
		if x := &examples[i]; x.count > 0 && (best == nil || x.count > best.count) {
			best = x
		}
	}
	return best
}

// absent is the growth of a share of missing values; where it has fallen, too.
func absent(ref, cur share) *Growth {
	return &Growth{Kind: Absent, Before: ref.ratio(), Now: cur.ratio()}
}
