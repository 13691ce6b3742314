// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "slices"

// A series counts in the cells of one layout at a time. It changes where the catalog does (adopt) and where data come that the
// layout has no cells for (fit):
//
//	categories ──► other categories: by name, if what is named now was told apart before; else the windows start afresh
//	bins ──► other bins: afresh, as soon as data in the new bins come; until then nothing is compared
//	numbers ──► categories, or back: with the baseline's type as soon as such data come;
//	            without a baseline words make a feature categorical for good, and its numbers one category of their own

// fit gives the series a layout for the delta where it has none, or where that is closer to the baseline. It returns false where
// the delta cannot be added to the layout's cells, or not be compared.
func (e *Engine) fit(m *model, s *series, d *Delta) bool {
	if d.Key.Subject == Missing {
		return true
	}
	want := exponential
	switch {
	case d.Categorical:
		want = categorical
	case d.Exponential == nil:
		want = numeric
	}
	l := s.layout
	if l.kind == want && (want != numeric || !l.mismatched && (slices.Equal(l.bounds, d.Bounds) || subset(l.bounds, d.Bounds))) {
		return !l.mismatched
	}
	free := s.plan.column == nil || s.plan.column.Count == 0
	if free && l.kind == categorical {
		return true // a number is counted as the rest of the categories
	}
	var better *layout
	switch want {
	case numeric:
		better = s.plan.numericLayout(d.Bounds)
	case categorical:
		better = s.plan.categoricalLayout()
	default:
		better = s.plan.exponentialLayout()
	}
	switch {
	case l.kind == unknown:
	case better.mismatched:
		return false
	case free && want == categorical:
		e.event(Event{Kind: Categorized, Key: d.Key})
		s.categorize(better, m.settings.grid.Panes())
		return true
	case free && want == numeric: // exponential histograms take the values of a series without a baseline
		return false
	case l.kind == want && !l.mismatched && s.plan.proper(l.bounds) && !s.plan.proper(d.Bounds):
		return false
	default:
		e.event(Event{Kind: Renewed, Key: d.Key})
	}
	s.setLayout(better, m.settings.grid.Panes())
	return !better.mismatched
}

// proper reports whether bounds are those that ml_summary has from this baseline: all, or in segments the groups.
func (p *plan) proper(bounds []float64) bool {
	c := p.column
	if c == nil || c.Numeric == nil || slices.Equal(bounds, c.Numeric.Bounds) {
		return c != nil && c.Numeric != nil
	}
	l := p.numericLayout(c.Numeric.Bounds)
	return l.baseline != nil && slices.Equal(bounds, l.baseline.grouping.Bounds())
}

// adopt takes the layout of the series' plan, after that or the series is new. Where the plan has none with the same cells, the
// series is not compared until data in the new bins arrive. It returns false where the windows start afresh.
func (s *series) adopt(panes int64) bool {
	old := s.layout
	switch old.kind {
	case numeric:
		l := s.plan.numericLayout(old.bounds)
		if !slices.Equal(l.bounds, old.bounds) { // the baseline is coarser now
			l = &layout{kind: numeric, bounds: old.bounds, coarse: old.coarse, mismatched: true}
		}
		s.layout = l
	case exponential:
		s.layout = s.plan.exponentialLayout()
	case categorical:
		return s.adoptCategories(panes)
	}
	if s.total != nil {
		s.total.refine(s.layout, s.key.subject)
	}
	return true
}

func (s *series) adoptCategories(panes int64) bool {
	old, l := s.layout, s.plan.categoricalLayout()
	if l == old {
		return true
	}
	if l.fixed == old.fixed && (!l.fixed || slices.Equal(l.categories, old.categories)) {
		if l.fixed {
			s.layout = l
		} else {
			old.mismatched = l.mismatched // it is this series' own
		}
		return true
	}
	if !l.fixed { // the windows go on with the categories that there were
		for _, c := range old.categories {
			l.cell(c, len(old.categories))
		}
	}
	if !s.toldApart(l) {
		s.setLayout(l, panes)
		return false
	}
	s.move(l, panes)
	return true
}

// toldApart reports whether the categories of a layout were counted one by one: they have cells, or the rest is empty.
func (s *series) toldApart(l *layout) bool {
	all := l.fixed
	for _, c := range l.categories {
		if _, ok := s.layout.index[c]; !ok {
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

// windows are all that are in the cells of the series' layout.
func (s *series) windows() []*window {
	out := slices.Clone(s.open)
	if s.carry != nil {
		out = append(out, s.carry)
	}
	if s.refs != nil && s.refs.previous != nil {
		out = append(out, s.refs.previous)
	}
	return out
}

// move takes all counts of categories to the cells of another layout; those that it does not name go to its rest.
func (s *series) move(l *layout, panes int64) {
	old := s.layout
	to := make([]int, old.cells())
	to[cellMissing], to[cellRest] = cellMissing, cellRest
	for i, c := range old.categories {
		to[cellRest+1+i] = cellRest
		if cell, ok := l.index[c]; ok {
			to[cellRest+1+i] = cell
		}
	}
	moved := func(cells []uint32) []uint32 {
		out := make([]uint32, l.cells())
		for i, c := range cells {
			if c > 0 {
				out[to[i]] = plus(out[to[i]], uint64(c))
			}
		}
		return out
	}
	stride := l.cells()
	ring := make([]uint32, int(panes)*stride)
	for p := range int(panes) {
		copy(ring[p*stride:], moved(s.ring[p*s.stride:(p+1)*s.stride]))
	}
	s.ring, s.stride, s.layout = ring, stride, l
	for _, w := range s.windows() {
		for i := range w.examples {
			x := &w.examples[i]
			was, named := old.index[x.name]
			_, is := l.index[x.name]
			switch {
			case x.missing:
			case is:
				x.count, x.before = 0, float32(l.baseline.share(l.index[x.name]-cellRest))
			case named && was < len(w.cells):
				x.count, x.before = w.cells[was], 0
			}
		}
		w.cells = moved(w.cells)
	}
}

// categorize turns a numeric series into a categorical one: its numbers are the rest of the categories.
func (s *series) categorize(l *layout, panes int64) {
	stride := l.cells()
	ring := make([]uint32, int(panes)*stride)
	for p := range int(panes) {
		old := s.ring[p*s.stride : (p+1)*s.stride]
		ring[p*stride+cellMissing] = old[cellMissing]
		for _, c := range old[cellFirst:] {
			ring[p*stride+cellRest] = plus(ring[p*stride+cellRest], uint64(c))
		}
		if s.expos != nil {
			ring[p*stride+cellRest] = plus(ring[p*stride+cellRest], s.expos[p].count())
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
		w.min, w.max = newWindow(0, 0, 0).min, newWindow(0, 0, 0).max
	}
	s.ring, s.stride, s.layout, s.expos, s.ranges = ring, stride, l, nil, nil
	s.judged = [len(referenceNames)]judgement{}
	if s.total != nil {
		s.total.categorize()
	}
}

// same reports whether the cells of two layouts mean the same.
func (l *layout) same(o *layout) bool {
	return l == o || l.kind == o.kind && l.fixed == o.fixed && slices.Equal(l.bounds, o.bounds) && slices.Equal(l.categories, o.categories)
}
