// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// A segment counts the missing values of all features in one series, with a cell for each feature and one, cellRest, for
// the predictions: most features have no values in segments, and 300 series a segment would be too many.
var absencesKey = seriesKey{subject: Missing}

// absences are the verdicts of such a series, by feature.
type absences struct {
	judged [][len(referenceNames)]judgement
}

// at returns the verdicts of the i-th feature.
func (a *absences) at(i int) *[len(referenceNames)]judgement {
	for len(a.judged) <= i {
		a.judged = append(a.judged, [len(referenceNames)]judgement{})
	}
	return &a.judged[i]
}

func (a *absences) decided() bool {
	for i := range a.judged {
		if decided(&a.judged[i]) {
			return true
		}
	}
	return false
}

// shareAt is the missing values of the i-th feature in a window.
func (w *window) shareAt(i int) share {
	if w == nil || len(w.cells) <= cellRest {
		return share{}
	}
	s := share{rows: uint64(w.cells[cellRest])}
	if cell := cellRest + 1 + i; cell < len(w.cells) {
		s.missing = uint64(w.cells[cell])
	}
	s.rows = max(s.rows, s.missing)
	return s
}

// rows is the number of predictions in a window.
func (w *window) rows() uint64 {
	if w == nil || len(w.cells) <= cellRest {
		return 0
	}
	return uint64(w.cells[cellRest])
}

// tableResults compares a window's shares of missing values, feature by feature, and calls yield with each result and its verdict.
func (s *series) tableResults(sc *scope, w, champion *window, peer *series, yield func(*Result, *judgement)) {
	for i, name := range s.binning.Categories {
		p := sc.v.plans[seriesKey{Feature, name}]
		if p == nil || p.ignore {
			continue
		}
		judged := s.absences.at(i)
		sc.references(func(r reference) {
			cur := w.shareAt(i)
			res := &Result{
				Key: sc.key(s), Reference: referenceNames[r], Start: w.start, End: w.end,
				Samples: cur.rows, Verdict: judged[r].verdict,
			}
			res.Key.Name = name
			var ref share
			switch {
			case r == refBaseline:
				ref = p.baselineShare()
			case r == refChampion && peer != nil && champion != nil:
				ref = share{rows: champion.rows()}
				if cell, ok := peer.binning.Lookup(name); ok {
					ref = champion.shareAt(cell - distribution.BinRest - 1)
				}
			case r == refPrevious && s.refs != nil:
				ref = s.refs.previous.shareAt(i)
			}
			p.evaluateMissing(res, ref, cur, w.lacking(name))
			yield(res, &judged[r])
		})
	}
}

// table closes a period of a segment's missing values.
func (c *closing) table(sc *scope, s *series, period, start, end int64) {
	m := sc.m
	w := s.carry
	switch {
	case w == nil && s.cur == nil:
		if !s.absences.decided() {
			return
		}
		w = newWindow(period, start, end)
	case w == nil:
		w = s.cur
	case s.cur != nil:
		w.add(s.cur, nil)
		s.trim(w)
	}
	w.period, w.end = period, end
	s.carry = nil
	few := w.rows() < m.settings.minSamples
	peer := sc.peer(s)
	if few && w.end-w.start < m.settings.maxWindow && !c.final {
		s.carry = w
		if peer != nil && peer.cur != nil && m.wants(refChampion) {
			s.addChampion(peer)
		}
		if !s.absences.decided() {
			c.growing(sc, s, s.key, w.rows(), &s.judged)
		}
		return
	}
	var champion *window
	if peer != nil {
		champion = s.championWindow(peer)
	}
	s.tableResults(sc, w, champion, peer, func(r *Result, j *judgement) {
		enough := !few && (r.Reference == Baseline || r.ReferenceSamples >= m.settings.minSamples)
		c.conclude(sc, *r, j, enough, few, false, missingMethod)
	})
	if s.refs != nil {
		s.refs.champion = nil
	}
	if m.wants(refPrevious) && !few {
		w.examples = nil
		s.other().previous = w
	}
}

// scoreTable compares the sliding window of a segment's missing values.
func (s *series) scoreTable(sc *scope, clock *eventtime.Clock, yield func(*Result)) {
	w := s.sliding(sc, clock)
	grown := false
	if w.rows() < sc.m.settings.minSamples {
		if g := s.growing(clock); g != nil && g.start < w.start {
			w, grown = g, true
		}
	}
	peer := sc.peer(s)
	var champion *window
	switch {
	case peer == nil:
	case grown:
		champion = s.championWindow(peer)
	default:
		champion = peer.sliding(&scope{m: sc.m, v: sc.v, g: sc.champion}, clock)
	}
	s.tableResults(sc, w, champion, peer, func(r *Result, j *judgement) {
		sc.explain(r, j, false)
		yield(r)
	})
}
