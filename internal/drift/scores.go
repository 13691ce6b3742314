// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// Scores compares the sliding window of every series with its references and calls yield for each, in a fixed order. A
// window that has too few values while its verdict window has grown longer is replaced by that one. Verdicts are
// those of the last Advance.
func (e *Engine) Scores(yield func(*Result)) {
	e.eachModel(func(m *model) {
		m.scopes(func(sc *scope) {
			for _, s := range sc.g.order {
				clock := &m.clocks[s.key.subject.stream()]
				if s.plan.ignore || !clock.Started {
					continue
				}
				s.score(sc, clock, yield)
			}
		})
	})
}

// sliding returns the window that ends at the clock's front, with its real bounds.
func (s *series) sliding(sc *scope, c *eventtime.Clock) *window {
	grid := &sc.m.settings.grid
	w := s.merged(grid, sc.g.panes[s.key.subject.stream()], grid.Pane(c.Front-1))
	w.end = min(w.end, c.Front)
	s.recall(w)
	return w
}

// recall gives the sliding window what open and growing windows remember, and of numbers of the total the newest exemplar of each group;
// which of them lie in the window is decided later.
func (s *series) recall(w *window) {
	if s.total != nil {
		w.exemplars = s.total.exemplars
	}
	for i := range len(s.open) + 1 {
		o := s.carry
		if i < len(s.open) {
			o = s.open[i]
		}
		if o == nil {
			continue
		}
		if s.total == nil {
			w.exemplars = append(w.exemplars, o.exemplars...)
		}
		for _, x := range o.examples {
			x.count = 0 // of another window
			w.merge(x, math.MaxInt)
		}
	}
}

// growing returns what has been counted since the last closed window, or nil where that is not longer than one period.
func (s *series) growing(c *eventtime.Clock) *window {
	if s.carry == nil {
		return nil
	}
	w := newWindow(0, s.carry.start, c.Front)
	w.add(s.carry, s.coarse())
	for _, o := range s.open {
		w.add(o, s.coarse())
	}
	w.end = c.Front
	return w
}

func (s *series) score(sc *scope, clock *eventtime.Clock, yield func(*Result)) {
	m := sc.m
	if s.absences != nil {
		s.scoreTable(sc, clock, yield)
		return
	}
	w := s.sliding(sc, clock)
	sh := w.share()
	if s.binning.Kind != distribution.KindUnknown {
		s.scoreValues(sc, clock, w, yield)
	}
	if s.absent == nil {
		return
	}
	start, grown := w.start, false
	if sh.rows < m.settings.minSamples && s.absent.start != 0 && s.absent.start < start {
		open := s.absent.carry
		for _, o := range s.open {
			x := o.share()
			open.missing += x.missing
			open.rows += x.rows
		}
		sh, start, grown = open, s.absent.start, true
	}
	row := w.lacking("")
	if row == nil || newer(&s.absent.row, row) {
		row = &s.absent.row
	}
	peer := sc.peer(s)
	sc.references(func(r reference) {
		res := &Result{
			Key: sc.key(s), Reference: referenceNames[r], Start: start, End: w.end,
			Samples: sh.rows, Verdict: s.absent.judged[r].verdict,
		}
		res.Key.Subject = Missing
		var ref share
		switch {
		case r == refBaseline:
			ref = s.plan.baselineShare()
		case r == refChampion && peer != nil && !grown:
			scope := scope{m: m, v: sc.v, g: sc.champion}
			ref = peer.sliding(&scope, clock).share()
		case r == refChampion && peer != nil && s.refs != nil:
			ref = s.refs.championMissing
		case r == refPrevious && s.refs != nil:
			ref = s.refs.previousMissing
		}
		s.plan.evaluateMissing(res, ref, sh, row)
		sc.explain(res, &s.absent.judged[r], false)
		yield(res)
	})
}

func (s *series) scoreValues(sc *scope, clock *eventtime.Clock, w *window, yield func(*Result)) {
	m := sc.m
	n := w.count()
	grown := false
	if n < m.settings.minSamples {
		if g := s.growing(clock); g != nil && g.start < w.start {
			w, n, grown = g, g.count(), true
		}
	}
	cur := s.binning.Sample(values(w.cells), w.expo, w.min, w.max)
	peer := sc.peer(s)
	sc.references(func(r reference) {
		res := &Result{
			Key: sc.key(s), Reference: referenceNames[r], Start: w.start, End: w.end,
			Samples: n, Verdict: s.judged[r].verdict,
		}
		var ref *distribution.Sample
		switch r {
		case refBaseline:
			ref = s.binning.Baseline
		case refChampion:
			switch {
			case peer == nil || peer.binning.Kind == distribution.KindUnknown || peer.binning.Mismatched:
			case grown:
				ref = s.championSample(peer)
			default:
				o := peer.sliding(&scope{m: m, v: sc.v, g: sc.champion}, clock)
				ref = peer.binning.Sample(values(o.cells), o.expo, o.min, o.max)
			}
		case refPrevious:
			if s.refs != nil && s.refs.previous != nil {
				p := s.refs.previous
				ref = s.binning.Sample(values(p.cells), p.expo, p.min, p.max)
			}
		}
		if !s.binning.Mismatched {
			s.evaluate(res, ref, cur, w)
		}
		sc.explain(res, &s.judged[r], s.binning.Mismatched)
		yield(res)
	})
}
