// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Part is the part that a segment has in a drift of the total.
//
// What has grown are the groups or categories G whose shares are above the reference's, all together
// by E = P′(G) − P(G), with the shares P of the reference and P′ of the window. Of E, a segment with
// a share w′ of the rows (w of the reference's) and the shares P′s (Ps) of its own has
//
//	w′·(P′s(G) − Ps(G))  +  (w′ − w)·(Ps(G) − P(G))
//	within: it has changed   mix: it has become larger, or smaller
//
// which add up to E over the segments of one dimension. Where the reference has no segments, as
// baselines have none, the total's shares stand in for Ps: the segment's part is the excess that is
// found in it, whether it is new there or not.
type Part struct {
	Segment string
	// Share is the part of E: 1 is all of it. It is more than 1 where other segments make up for it.
	Share float64
	// Rows is w′, 0 to 1.
	Rows float64
	// Split says that Within and Mix, which make up Share, are known.
	Split       bool
	Within, Mix float64

	se float64 // of Share, if the segment were as the total
}

const (
	// maxParts is the most segments that a drift names.
	maxParts = 3
	// leastPart is the least share of a drift that is named, and oversized how many times its rows'
	// share that must be: a segment with half of the rows has half of a drift that is everywhere.
	leastPart, oversized = 0.2, 1.5
	// leastRows is the least number of rows that are attributed to segments.
	leastRows = 100
	// partErrors is how many standard errors a part must be above its rows' share: the largest of
	// hundreds of segments is looked for.
	partErrors = 4
)

// tally counts the values of a segment, or of the total, by group or category.
type tally []float64

func (t tally) sum() (n float64) {
	for _, c := range t {
		n += c
	}
	return n
}

// cohortTally is a segment's; before is nil where the reference has no segments.
type cohortTally struct {
	name        string
	before, now tally
}

// attribute says which segments a drift is found in, given the counts of the total, of which the
// segments' are parts: before of the reference, now of the window, whose values are worth design
// times fewer independent ones. The largest part comes first.
func attribute(before, now tally, cohorts []cohortTally, design float64) []Part {
	if now.sum() < leastRows {
		return nil
	}
	var out []Part
	for _, part := range parts(before, now, cohorts, design) {
		if part.Share >= leastPart && part.Share >= oversized*part.Rows && part.Share-part.Rows >= partErrors*part.se {
			out = append(out, part)
		}
	}
	slices.SortStableFunc(out, func(a, b Part) int { return cmp.Compare(b.Share, a.Share) })
	return out[:min(len(out), maxParts)]
}

// parts are those of all segments; none where nothing has grown.
func parts(before, now tally, cohorts []cohortTally, design float64) (out []Part) {
	n, m := before.sum(), now.sum()
	if !(n > 0 && m > 0) {
		return nil
	}
	grown, total := make([]bool, len(now)), 0.0
	for i := range now {
		if d := now[i]/m - before[i]/n; d > 0 {
			grown[i] = true
			total += d
		}
	}
	if total <= 0 {
		return nil
	}
	p, _ := before.shareOf(grown)
	q, _ := now.shareOf(grown)
	for _, one := range cohorts {
		own, rows := one.now.shareOf(grown)
		part := Part{Segment: one.name, Rows: min(rows/m, 1), Split: one.before != nil}
		usual, weight := p, part.Rows
		if part.Split {
			if past, k := one.before.shareOf(grown); k > 0 {
				usual, weight = past, k/n
			} else {
				weight = 0 // a new segment has no other past than the total's
			}
		}
		part.Within = part.Rows * (own - usual) / total
		part.Mix = (part.Rows - weight) * (usual - p) / total
		part.Share = part.Within + part.Mix
		part.se = part.Rows * math.Sqrt(q*(1-q)*max(design, 1)/max(rows, 1)) / total
		out = append(out, part)
	}
	return out
}

// shareOf is the share of some groups or categories, 0 of nothing, and the number of all values.
func (t tally) shareOf(some []bool) (share, n float64) {
	for i, c := range t {
		if some[i] {
			share += c
		}
		n += c
	}
	return share / max(n, 1), n
}

// frame is the groups or categories in which segments are laid beside the total.
type frame struct {
	bounds []float64 // of numbers
	names  []string  // of categories; the others come after them
}

// tally counts what is in the cells of a window in the frame; nil where that cannot be done.
func (f *frame) tally(b *distribution.Binning, w *window) tally {
	if w == nil {
		return make(tally, f.len())
	}
	cells := values(w.cells)
	out := make(tally, f.len())
	switch {
	case f.bounds != nil && b.Kind == distribution.KindNumeric && distribution.Subset(f.bounds, b.Bounds):
		if len(cells) > 0 {
			distribution.Rebin(b.Bounds, cells, f.bounds, out)
		}
	case f.bounds == nil && b.Kind == distribution.KindCategorical:
		rest := 0.0
		for _, c := range cells {
			rest += float64(c)
		}
		for i, name := range f.names {
			if bin, ok := b.Lookup(name); ok && bin < len(cells) {
				out[i] = float64(cells[bin])
				rest -= out[i]
			}
		}
		out[len(f.names)] = rest
	default:
		return nil
	}
	return out
}

func (f *frame) len() int {
	if f.bounds != nil {
		return len(f.bounds) + 1
	}
	return len(f.names) + 1
}

// frameOf is the frame of a series: the groups that its segments are counted in, or the categories
// that the pair tells apart. It is false where there are no segments, or no bins.
func (s *series) frameOf(v *version, p *distribution.Pair) (f frame, ok bool) {
	for _, g := range v.groups {
		one := g.series[s.key]
		if g.name == "" || one == nil || one.binning.Kind != s.binning.Kind {
			continue
		}
		switch s.binning.Kind {
		case distribution.KindNumeric:
			if distribution.Subset(one.binning.Bounds, s.binning.Bounds) {
				return frame{bounds: one.binning.Bounds}, true
			}
		case distribution.KindCategorical:
			return frame{names: p.Names()}, true
		}
	}
	return f, false
}

// closingWindow is what a series has counted in the period that closes.
func closingWindow(_ *segment, s *series) *window { return s.closingWindow }

// look is what a series has counted in the sliding window.
func (sc *scorer) look(g *segment, s *series) *window {
	grid := &sc.ref.m.settings.grid
	w := &window{}
	s.mergePanes(w, grid, g.panes[streamOf(s.key.subject)], grid.Pane(sc.clock.Front-1))
	return w
}

// valueParts says which segments a drift of the total's values is found in, in the period that
// closes, or the sliding window.
func (s *series) valueParts(ref *cohortRef, r reference, p *distribution.Pair, w *comparand) []Part {
	if ref.look == nil {
		return nil
	}
	f, ok := s.frameOf(ref.v, p)
	if !ok {
		return nil
	}
	var before tally
	if p.Numeric() {
		all, _ := p.Samples(stats.KS)
		if !distribution.Subset(f.bounds, all.Bounds) {
			return nil
		}
		before = make(tally, f.len())
		distribution.Rebin(all.Bounds, all.Counts, f.bounds, before)
	} else {
		all, _ := p.Samples(stats.Chi2)
		before = all.Counts
	}
	now := f.tally(s.binning, ref.look(ref.g, s))
	if now == nil {
		return nil
	}
	peer := ref.peer(s)
	if r == refChampion && peer != nil {
		// Its segments are parts of what it counted in the same time.
		if t := f.tally(peer.binning, ref.look(ref.champion, peer)); t != nil && t.sum() >= leastRows {
			before = t
		} else {
			peer = nil
		}
	}
	var cohorts []cohortTally
	for _, g := range ref.v.groups {
		one := g.series[s.key]
		if g.name == "" || one == nil {
			continue
		}
		c := cohortTally{name: g.name, now: f.tally(one.binning, ref.look(g, one))}
		if c.now == nil {
			continue
		}
		if r == refChampion && peer != nil {
			c.before = f.championTally(ref, g.name, s.key)
		}
		cohorts = append(cohorts, c)
	}
	return attribute(before, now, cohorts, w.design)
}

// championTally is that of the champion's segment of a name; empty where it has none.
func (f *frame) championTally(ref *cohortRef, name string, key seriesKey) tally {
	i, found := ref.championVersion.find(name)
	if !found {
		return make(tally, f.len())
	}
	g := ref.championVersion.groups[i]
	s := g.series[key]
	if s == nil {
		return make(tally, f.len())
	}
	return f.tally(s.binning, ref.look(g, s))
}

// missingParts says which segments a change of a feature's share of missing values is found in.
func missingParts(ref *cohortRef, r reference, feature string, before share, design float64) []Part {
	if ref.look == nil {
		return nil
	}
	key := seriesKey{Feature, feature}
	own := ref.g.series[key]
	if own == nil {
		return nil
	}
	counts := func(s share) tally { return tally{float64(s.missing), float64(s.rows - s.missing)} }
	of := func(g *segment) tally {
		s := g.series[segmentMissingKey]
		if s == nil {
			return nil
		}
		bin, ok := s.binning.Lookup(feature)
		if !ok {
			return counts(share{rows: ref.look(g, s).rows()})
		}
		return counts(ref.look(g, s).shareAt(bin - 1 - distribution.BinRest))
	}
	past := counts(before)
	split := false
	if peer := ref.peer(own); r == refChampion && peer != nil {
		if now := ref.look(ref.champion, peer).share(); now.rows >= leastRows {
			past, split = counts(now), true
		}
	}
	var cohorts []cohortTally
	for _, g := range ref.v.groups {
		now := of(g)
		if g.name == "" || now == nil {
			continue
		}
		c := cohortTally{name: g.name, now: now}
		if split {
			c.before = tally{0, 0}
			if i, found := ref.championVersion.find(g.name); found {
				if t := of(ref.championVersion.groups[i]); t != nil {
					c.before = t
				}
			}
		}
		cohorts = append(cohorts, c)
	}
	return attribute(past, counts(ref.look(ref.g, own).share()), cohorts, design)
}
