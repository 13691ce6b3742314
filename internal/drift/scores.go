// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// Scores compares the sliding window of every series with its references and calls yield for each,
// in a fixed order. A window that has too few values while its verdict window has grown longer is
// replaced by that one. Verdicts are those of the last Advance. What yield gets is shared only for
// the call, and yield must not call the engine.
func (e *Engine) Scores(yield func(*Result)) {
	e.eachCurrent(func(m *model) {
		sc := &scorer{}
		sc.yield = func(c comparison) {
			sc.ref.explain(c.result, c.judgement, c.mismatched)
			yield(c.result)
		}
		for ref := range m.eachSegment {
			sc.ref, ref.look, ref.scoring = ref, sc.look, true
			for _, s := range ref.g.order {
				sc.clock = &m.clocks[streamOf(s.key.subject)]
				if !s.plan.ignore && sc.clock.Started {
					sc.score(s)
				}
			}
		}
	})
}

// scorer compares the sliding windows of one series at a time. Windows are made where a kind asks
// for them.
type scorer struct {
	ref    *cohortRef
	clock  *eventtime.Clock
	series *series
	peer   *series // the champion's; nil if there is none
	yield  func(comparison)

	own, champion scratchWindow
	// values and missing are the design effects of the series'.
	values, missing float64
}

// scratchWindow is a window whose memory the next series has.
type scratchWindow struct {
	window
	made bool
}

func (sc *scorer) score(s *series) {
	sc.series, sc.peer = s, sc.ref.peer(s)
	sc.own.made, sc.champion.made = false, false
	sc.values, sc.missing = 1, 1
	if s.segment != nil {
		sc.scoreKind(s.segment)
		return
	}
	sc.values = sc.design(&s.values)
	if s.missing != nil {
		sc.missing = sc.design(s.missing)
	}
	sc.scoreKind(&s.values)
	if s.missing != nil {
		sc.scoreKind(s.missing)
	}
}

func (sc *scorer) scoreKind(k kind) {
	if w, ok := k.latest(sc); ok {
		sc.ref.weigh(sc.series, k, &w)
		k.compare(sc.ref, sc.series, &w, sc.yield)
	}
}

// design is the design effect of a kind of the series.
func (sc *scorer) design(k kind) float64 {
	w := comparand{design: 1}
	sc.ref.weigh(sc.series, k, &w)
	return w.design
}

// sliding returns the window of the series that ends at the clock's front, with its real bounds.
func (sc *scorer) sliding() *window { return sc.slide(&sc.own, sc.series, sc.ref.g) }

// championSliding returns that of the champion's series.
func (sc *scorer) championSliding() *window { return sc.slide(&sc.champion, sc.peer, sc.ref.champion) }

func (sc *scorer) slide(w *scratchWindow, s *series, g *segment) *window {
	if !w.made {
		grid := &sc.ref.m.settings.grid
		s.mergePanes(&w.window, grid, g.panes[streamOf(s.key.subject)], grid.Pane(sc.clock.Front-1))
		w.end = min(w.end, sc.clock.Front)
		s.recall(&w.window)
		w.made = true
	}
	return &w.window
}

// recall gives the sliding window what open and pending windows remember, and of numbers of the
// total the newest exemplar of each group; which of them lie in the window is decided later.
func (s *series) recall(w *window) {
	if s.total != nil {
		w.exemplars = s.total.exemplars
	}
	for i := range len(s.open) + 1 {
		o := s.pending().pendingWindow
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
			w.mergeExample(x, math.MaxInt)
		}
	}
}
