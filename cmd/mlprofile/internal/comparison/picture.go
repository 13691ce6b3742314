// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"cmp"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// picture is a column of both data sets, ready to be drawn.
type picture struct {
	histogram  *histogram // of numbers; nil where a side has none
	categories []pair
	// missing is the share of rows without a value.
	missing pair
}

// pair is a share, 0 to 1, of the reference and of the current values.
type pair struct {
	name        string
	before, now float64
	// rest is what is not drawn by name.
	rest bool
}

// maxBars is how many categories are drawn.
const maxBars = 12

func newPicture(c *counter) *picture {
	p := &picture{missing: pair{before: c.column.MissingRatio()}}
	if rows := c.present + c.missing; rows > 0 {
		p.missing.now = float64(c.missing) / float64(rows)
	}
	if c.column.Type == profile.Categorical {
		p.categories = c.pairs()
	} else if c.bins != nil {
		p.histogram = newHistogram(referencePieces(c.column.Numeric), c.pieces(), isWhole(c.column.Numeric.Bounds))
	}
	return p
}

// pairs are the categories with the largest share on either side, and the rest as one.
func (c *counter) pairs() []pair {
	share := func(n, of uint64) float64 { return float64(n) / float64(max(of, 1)) }
	byName := make(map[string]*pair, len(c.categories))
	var all []*pair
	place := func(name string) *pair {
		p := byName[name]
		if p == nil {
			p = &pair{name: name}
			byName[name] = p
			all = append(all, p)
		}
		return p
	}
	for _, category := range c.column.Categories {
		place(category.Value).before = share(category.Count, c.column.Count)
	}
	for name, n := range c.categories {
		place(name).now = share(n, c.present)
	}
	slices.SortFunc(all, func(a, b *pair) int {
		return cmp.Or(cmp.Compare(max(b.before, b.now), max(a.before, a.now)), cmp.Compare(a.name, b.name))
	})
	rest := pair{before: share(c.column.Other, c.column.Count), now: share(c.others, c.present), rest: true}
	var out []pair
	for i, p := range all {
		if i < maxBars {
			out = append(out, *p)
			continue
		}
		rest.before, rest.now = rest.before+p.before, rest.now+p.now
	}
	if rest.before > 0 || rest.now > 0 {
		out = append(out, rest)
	}
	return out
}

// piece is values that lie evenly between lo and hi, or all at one place.
type piece struct{ lo, hi, n float64 }

// referencePieces are the bins of a profile's column.
func referencePieces(n *profile.NumericColumn) []piece {
	var out []piece
	for i, count := range n.Counts {
		if count > 0 {
			lo, hi := binEnds(n, i)
			out = append(out, piece{lo, hi, float64(count)})
		}
	}
	return out
}

func binEnds(n *profile.NumericColumn, i int) (lo, hi float64) {
	lo, hi = n.Min, n.Max
	if i > 0 {
		lo = min(max(lo, n.Bounds[i-1]), n.Max)
	}
	if i < len(n.Bounds) {
		hi = max(min(hi, n.Bounds[i]), n.Min)
	}
	return min(lo, hi), hi
}

// pieces are the bins of the window, and what lies outside of the profile's range.
func (c *counter) pieces() []piece {
	var out []piece
	counts := make([]float64, len(c.counts))
	for i, n := range c.counts {
		counts[i] = float64(n)
	}
	last := len(counts) - 1
	c.outside.pieces(c.min, c.max, func(lo, hi float64, n uint64) {
		out = append(out, piece{lo, hi, float64(n)})
		if hi <= c.outside.low {
			counts[0] -= float64(n)
		} else {
			counts[last] -= float64(n)
		}
	})
	for i, n := range counts {
		if n > 0 {
			lo, hi := binEnds(c.column.Numeric, i)
			out = append(out, piece{lo, hi, n})
		}
	}
	slices.SortFunc(out, func(a, b piece) int { return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo)) })
	return out
}

// isWhole says whether all bounds of bins are whole numbers, or just below one.
func isWhole(bounds []float64) bool {
	for _, b := range bounds {
		if r := math.Round(b); b != r && math.Nextafter(b, math.Inf(1)) != r {
			return false
		}
	}
	return true
}
