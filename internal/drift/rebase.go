// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// A series counts in the cells of one binning at a time. It is rebased on another one where the
// catalog changes (rebase) and where data come that the binning has no cells for (rebaseFor):
//
//	categories ──► other categories: by name, if what is named now was told apart before; else
//	               the windows start afresh
//	bins ──► other bins: afresh, as soon as data in the new bins come; until then nothing is
//	         compared
//	numbers ──► categories, or back: with the baseline's type as soon as such data come;
//	            without a baseline words make a feature categorical for good, and its numbers one
//	            category of their own

// rebaseFor gives the series a binning for the delta where it has none, or where that is closer to
// the baseline. It returns false where the delta cannot be added to the binning's cells, or cannot
// be compared.
func (e *Engine) rebaseFor(m *model, s *series, d *Delta) bool {
	if d.Key.Subject == Missing {
		return true
	}
	want := distribution.KindExponential
	switch {
	case d.Categorical:
		want = distribution.KindCategorical
	case d.Exponential == nil:
		want = distribution.KindNumeric
	}
	b := s.binning
	if b.Kind == want && (want != distribution.KindNumeric || !b.Mismatched && s.takes(d.Bounds)) {
		return !b.Mismatched
	}
	free := s.plan.column == nil || s.plan.column.Count == 0
	if free && b.Kind == distribution.KindCategorical {
		return true // a number is counted as the rest of the categories
	}
	var better *distribution.Binning
	switch want {
	case distribution.KindNumeric:
		better = s.plan.numericBinning(d.Bounds)
	case distribution.KindCategorical:
		better = s.plan.categoricalBinning()
	default:
		better = s.plan.exponentialBinning()
	}
	switch {
	case b.Kind == distribution.KindUnknown:
	case better.Mismatched:
		return false
	case free && want == distribution.KindCategorical:
		e.notes.event(Event{Kind: Categorized, Key: d.Key})
		s.categorize(better, m.settings.grid.Panes())
		return true
	case free && want == distribution.KindNumeric: // exponential histograms take the values of a series without a baseline
		return false
	case b.Kind == want && !b.Mismatched && s.plan.proper(b.Bounds) && !s.plan.proper(d.Bounds):
		return false
	default:
		e.notes.event(Event{Kind: Renewed, Key: d.Key})
	}
	s.setBinning(better, m.settings.grid.Panes())
	return !better.Mismatched
}

// takes reports whether data with the bounds are counted in the series' numeric binning: its bounds
// are among them, and not fewer than the baseline has now, as those of cohorts are that an earlier
// version has saved.
func (s *series) takes(bounds []float64) bool {
	b := s.binning
	return slices.Equal(b.Bounds, bounds) ||
		distribution.Subset(b.Bounds, bounds) && (s.plan.proper(b.Bounds) || !s.plan.proper(bounds))
}

// proper reports whether bounds are those that ml_summary has from this baseline: all, or in
// segments the groups.
func (p *plan) proper(bounds []float64) bool {
	c := p.column
	if c == nil || c.Numeric == nil || slices.Equal(bounds, c.Numeric.Bounds) {
		return c != nil && c.Numeric != nil
	}
	b := p.numericBinning(c.Numeric.Bounds)
	return b.Baseline != nil && slices.Equal(bounds, b.Baseline.OwnGroups())
}

// rebase takes the binning of the series' plan, after that or the series is new. Where the plan has
// none with the same cells, the series is not compared until data in the new bins arrive. It
// returns false where the windows start afresh.
func (s *series) rebase(panes int64) bool {
	old := s.binning
	switch old.Kind {
	case distribution.KindNumeric:
		b := s.plan.numericBinning(old.Bounds)
		if !slices.Equal(b.Bounds, old.Bounds) { // the baseline is coarser now
			b = &distribution.Binning{Kind: distribution.KindNumeric, Bounds: old.Bounds, Coarse: old.Coarse, Mismatched: true}
		}
		s.binning = b
	case distribution.KindExponential:
		s.binning = s.plan.exponentialBinning()
	case distribution.KindCategorical:
		return s.rebaseCategories(panes)
	}
	if s.total != nil {
		s.total.refine(s.binning, s.key.subject)
	}
	return true
}

func (s *series) rebaseCategories(panes int64) bool {
	old, b := s.binning, s.plan.categoricalBinning()
	if b == old {
		return true
	}
	if b.Fixed == old.Fixed && (!b.Fixed || slices.Equal(b.Categories, old.Categories)) {
		if b.Fixed {
			s.binning = b
		} else {
			old.Mismatched = b.Mismatched // it is this series' own
		}
		return true
	}
	if !b.Fixed { // the windows go on with the categories that there were
		for _, c := range old.Categories {
			b.Bin(c, len(old.Categories))
		}
	}
	if !s.toldApart(b) {
		s.setBinning(b, panes)
		return false
	}
	s.move(b, panes)
	return true
}

// toldApart reports whether the categories of a binning were counted one by one: they have cells,
// or the rest is empty.
func (s *series) toldApart(b *distribution.Binning) bool {
	all := b.Fixed
	for _, c := range b.Categories {
		if _, ok := s.binning.Lookup(c); !ok {
			all = false
		}
	}
	if all {
		return true
	}
	rest := func(cells []uint32) bool { return len(cells) > cellRest && cells[cellRest] > 0 }
	for p := 0; p+s.stride <= len(s.ring) && s.stride > 0; p += s.stride {
		if rest(s.ring[p : p+s.stride]) {
			return false
		}
	}
	for _, w := range s.windows() {
		if rest(w.cells) {
			return false
		}
	}
	return true
}

// windows are all that are in the cells of the series' binning.
func (s *series) windows() []*window {
	out := slices.Clone(s.open)
	if w := s.values.pendingWindow; w != nil {
		out = append(out, w)
	}
	if w := s.values.previous(); w != nil {
		out = append(out, w)
	}
	return out
}

// move takes all counts of categories to the cells of another binning; those that it does not name
// go to its rest.
func (s *series) move(b *distribution.Binning, panes int64) {
	old := s.binning
	to := make([]int, cellsOf(old))
	to[cellMissing], to[cellRest] = cellMissing, cellRest
	for i, c := range old.Categories {
		bin, _ := b.Lookup(c) // BinRest for none
		to[cellRest+1+i] = cellFirst + bin
	}
	moved := func(cells []uint32) []uint32 {
		out := make([]uint32, cellsOf(b))
		for i, c := range cells {
			if c > 0 {
				out[to[i]] = plus(out[to[i]], uint64(c))
			}
		}
		return out
	}
	stride := cellsOf(b)
	ring := make([]uint32, int(panes)*stride)
	for p := range int(panes) {
		copy(ring[p*stride:], moved(s.ring[p*s.stride:(p+1)*s.stride]))
	}
	s.ring, s.stride, s.binning = ring, stride, b
	for _, w := range s.windows() {
		for i := range w.examples {
			x := &w.examples[i]
			was, named := old.Lookup(x.name)
			is, listed := b.Lookup(x.name)
			switch {
			case x.missing:
			case listed:
				x.count, x.before = 0, float32(b.Baseline.Share(is))
			case named && cellFirst+was < len(w.cells):
				x.count, x.before = w.cells[cellFirst+was], 0
			}
		}
		w.cells = moved(w.cells)
	}
}

// categorize turns a numeric series into a categorical one: its numbers are the rest of the
// categories.
func (s *series) categorize(b *distribution.Binning, panes int64) {
	stride := cellsOf(b)
	ring := make([]uint32, int(panes)*stride)
	for p := range int(panes) {
		old := s.ring[p*s.stride : (p+1)*s.stride]
		ring[p*stride+cellMissing] = old[cellMissing]
		for _, c := range old[cellFirst:] {
			ring[p*stride+cellRest] = plus(ring[p*stride+cellRest], uint64(c))
		}
		if s.expos != nil {
			ring[p*stride+cellRest] = plus(ring[p*stride+cellRest], s.expos[p].Count())
		}
	}
	for _, w := range s.windows() {
		cells := make([]uint32, cellRest+1)
		if len(w.cells) > 0 {
			cells[cellMissing] = w.cells[cellMissing]
		}
		cells[cellRest] = plus(0, w.count())
		w.cells, w.expo, w.exemplars = cells, nil, nil
		w.examples = slices.DeleteFunc(w.examples, func(x example) bool { return !x.missing })
		w.min, w.max, w.sum = newWindow(0, 0, 0).min, newWindow(0, 0, 0).max, 0
	}
	s.ring, s.stride, s.binning, s.expos, s.ranges, s.sums = ring, stride, b, nil, nil, nil
	s.values.verdicts = verdicts{}
	if s.total != nil {
		s.total.categorize()
	}
}

// sameBins reports whether the bins of two binnings mean the same.
func sameBins(a, b *distribution.Binning) bool {
	return a == b || a.Kind == b.Kind && a.Fixed == b.Fixed && slices.Equal(a.Bounds, b.Bounds) && slices.Equal(a.Categories, b.Categories)
}

var unknownBinning distribution.Binning

// rejoin gives what was kept of the champion's windows the binning that the champion has now, or
// drops it.
func (m *model) rejoin() {
	for ref := range m.eachSegment {
		for _, s := range ref.g.order {
			r := s.pending().references
			if r == nil || r.champion == nil {
				continue
			}
			if peer := ref.peer(s); peer != nil && sameBins(peer.binning, r.championBinning) {
				r.championBinning = peer.binning
			} else {
				r.champion, r.championBinning = nil, nil
			}
		}
	}
}
