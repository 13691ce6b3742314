// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Advance moves the watermarks to where events, and after idle the wall clock, have taken them, and closes the
// periods that end before. It returns the verdict windows that were closed, by model and in a fixed order, and the
// verdicts that have changed.
func (e *Engine) Advance(now time.Time) (closed []Result, changes []Change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wall, e.noRoom = max(e.wall, now.Unix()), noRoom{}
	c := closing{}
	for _, m := range e.sorted() {
		m.noRoom = noRoom{}
		for stream := range m.clocks {
			clock := &m.clocks[stream]
			clock.Advance(now.Unix(), e.opts.Lateness, e.opts.Idle)
			clock.CloseUpTo(&m.settings.grid, clock.Watermark, m.pending(stream), c.closer(m, stream))
		}
		e.expire(m)
	}
	e.stats.Shortages = c.shortages
	return c.closed, c.changes
}

// CloseAll closes every period that has data, complete or not, and judges it with its real length: the end of
// the newest minute. Nothing can be added to these periods afterwards.
func (e *Engine) CloseAll(now time.Time) (closed []Result, changes []Change) {
	closed, changes = e.Advance(now)
	e.mu.Lock()
	defer e.mu.Unlock()
	c := closing{closed: closed, changes: changes, final: true}
	for _, m := range e.sorted() {
		for stream := range m.clocks {
			m.clocks[stream].CloseAll(&m.settings.grid, m.pending(stream), c.closer(m, stream))
		}
	}
	return c.closed, c.changes
}

// closing gathers what the closing of periods brings.
type closing struct {
	closed  []Result
	changes []Change
	tests   []test
	// shortages are those whose window passed without a verdict.
	shortages []Shortage
	final     bool // close what has too few values, too
}

// test is one null hypothesis of a tick.
type test struct {
	result   int // in closing.closed
	judgment *judgement
}

// closer returns the function that closes a period of a stream.
func (c *closing) closer(m *model, stream int) func(period int64) {
	return func(period int64) {
		m.dirty = true
		c.closePeriod(m, stream, period)
	}
}

// pending returns the function that finds the first period from next on whose closing changes anything; false if there is none.
func (m *model) pending(stream int) func(next int64) (first int64, found bool) {
	return func(next int64) (int64, bool) { return m.firstPending(stream, next) }
}

func (m *model) firstPending(stream int, next int64) (first int64, found bool) {
	for _, v := range m.versions {
		for _, g := range v.groups {
			for _, s := range g.order {
				if s.key.subject.stream() != stream {
					continue
				}
				if s.carry != nil || decided(&s.judged) || s.absences != nil && s.absences.decided() || s.absent != nil && (s.absent.start != 0 || decided(&s.absent.judged)) {
					return next, true
				}
				if len(s.open) > 0 && (!found || s.open[0].period < first) {
					first, found = s.open[0].period, true
				}
			}
		}
	}
	return max(first, next), found
}

// decided reports whether there is a verdict that silence would make insufficient in the end.
func decided(judged *[len(referenceNames)]judgement) bool {
	for _, j := range judged {
		if j.verdict != Insufficient || j.streak > 0 {
			return true
		}
	}
	return false
}

// closePeriod judges one period of one stream of a model: all subjects that are due are tested together.
func (c *closing) closePeriod(m *model, stream int, period int64) {
	grid := &m.settings.grid
	start, end := grid.Start(period), grid.Start(period+1)
	realEnd := end
	if c.final {
		realEnd = min(end, m.clocks[stream].Newest+60)
	}
	m.scopes(func(sc *scope) {
		for _, s := range sc.g.order {
			if s.key.subject.stream() == stream {
				s.cur = s.take(period)
			}
		}
	})
	c.tests = c.tests[:0]
	m.scopes(func(sc *scope) {
		for _, s := range sc.g.order {
			if s.key.subject.stream() != stream || s.plan.ignore {
				continue
			}
			if s.absences != nil {
				c.table(sc, s, period, start, realEnd)
				continue
			}
			if s.absent != nil {
				c.missing(sc, s, start, realEnd)
			}
			c.values(sc, s, period, start, realEnd)
		}
	})
	m.scopes(func(sc *scope) {
		for _, s := range sc.g.order {
			if s.key.subject.stream() == stream {
				s.cur = nil
			}
		}
	})

	ps := make([]float64, len(c.tests))
	for i, t := range c.tests {
		ps[i] = c.closed[t.result].Scores[0].PValue
	}
	rejected, _ := stats.BenjaminiHochberg(ps, m.settings.significance)
	for i, t := range c.tests {
		r := &c.closed[t.result]
		from := t.judgment.verdict
		changed := t.judgment.apply(rejected[i] && r.Scores[0].Effect >= r.Scores[0].Threshold, m.settings.forWindows)
		r.Verdict = t.judgment.verdict
		if changed {
			c.changes = append(c.changes, Change{Result: *r, From: from})
		}
	}
}

// conclude records a closed window: as a test where it has enough values, as insufficient where it has not, or where there is nothing
// to compare it with.
func (c *closing) conclude(sc *scope, r Result, j *judgement, enough, insufficient, mismatched bool, decides string) {
	r.Verdict = j.verdict
	r.Reason = sc.reason(&r, mismatched)
	c.closed = append(c.closed, r)
	insufficient = insufficient || len(r.Scores) == 0
	switch {
	case insufficient:
		from := j.verdict
		j.verdict, j.streak = Insufficient, 0
		c.closed[len(c.closed)-1].Verdict = Insufficient
		c.short(sc, &r, mismatched)
		if from != Insufficient {
			r.Verdict = Insufficient
			c.changes = append(c.changes, Change{Result: r, From: from})
		}
	case enough && len(r.Scores) > 0 && r.Scores[0].Method == decides:
		c.tests = append(c.tests, test{result: len(c.closed) - 1, judgment: j})
	default:
		c.short(sc, &r, mismatched)
	}
}

// values closes a period of a series' values.
func (c *closing) values(sc *scope, s *series, period, start, end int64) {
	m := sc.m
	if s.binning.Kind == distribution.KindUnknown {
		return
	}
	w := s.carry
	switch {
	case w == nil && s.cur == nil:
		if !decided(&s.judged) {
			return
		}
		w = newWindow(period, start, end)
	case w == nil:
		w = s.cur
	case s.cur != nil:
		w.add(s.cur, s.coarse())
		s.trim(w)
	}
	w.period, w.end = period, end
	s.carry = nil
	n := w.count()
	few := n < m.settings.minSamples
	peer := sc.peer(s)
	if few && w.end-w.start < m.settings.maxWindow && !c.final {
		s.carry = w
		if peer != nil && peer.cur != nil && m.wants(refChampion) {
			s.addChampion(peer)
		}
		c.growing(sc, s, s.key, n, &s.judged)
		return
	}
	cur := s.binning.Sample(values(w.cells), w.expo, w.min, w.max)
	sc.references(func(r reference) {
		res := Result{Key: sc.key(s), Reference: referenceNames[r], Start: w.start, End: w.end, Samples: n}
		var ref *distribution.Sample
		switch r {
		case refBaseline:
			ref = s.binning.Baseline
		case refChampion:
			if peer != nil {
				ref = s.championSample(peer)
			}
		case refPrevious:
			if s.refs != nil && s.refs.previous != nil {
				p := s.refs.previous
				ref = s.binning.Sample(values(p.cells), p.expo, p.min, p.max)
			}
		}
		if !s.binning.Mismatched {
			s.evaluate(&res, ref, cur, w)
		}
		enough := !few && (r == refBaseline || res.ReferenceSamples >= m.settings.minSamples)
		c.conclude(sc, res, &s.judged[r], enough, few, s.binning.Mismatched, string(s.plan.methods(s.binning.Kind)[0].Method))
	})
	if s.refs != nil {
		s.refs.champion = nil
	}
	if m.wants(refPrevious) && !few {
		w.exemplars, w.examples = nil, nil
		s.other().previous = w
	}
}

// missing closes a period of a feature's missing values.
func (c *closing) missing(sc *scope, s *series, start, end int64) {
	m, a := sc.m, s.absent
	now := s.cur.share()
	if a.start == 0 {
		if now.rows == 0 && !decided(&a.judged) {
			return
		}
		a.start = start
	}
	a.carry.missing += now.missing
	a.carry.rows += now.rows
	if row := s.cur.lacking(""); row != nil && newer(row, &a.row) {
		a.row = *row
	}
	peer := sc.peer(s)
	if peer != nil && m.wants(refChampion) {
		o := s.other()
		extra := peer.cur.share()
		o.championMissing.missing += extra.missing
		o.championMissing.rows += extra.rows
	}
	few := a.carry.rows < m.settings.minSamples
	if few && end-a.start < m.settings.maxWindow && !c.final {
		c.growing(sc, s, seriesKey{Missing, s.key.name}, a.carry.rows, &a.judged)
		return
	}
	var row *Exemplar
	if a.row != (Exemplar{}) {
		kept := a.row
		row = &kept
	}
	sc.references(func(r reference) {
		res := Result{Key: sc.key(s), Reference: referenceNames[r], Start: a.start, End: end, Samples: a.carry.rows}
		res.Key.Subject = Missing
		var ref share
		switch {
		case r == refBaseline:
			ref = s.plan.baselineShare()
		case s.refs == nil:
		case r == refChampion:
			ref = s.refs.championMissing
		case r == refPrevious:
			ref = s.refs.previousMissing
		}
		s.plan.evaluateMissing(&res, ref, a.carry, row)
		enough := !few && (r == refBaseline || ref.rows >= m.settings.minSamples)
		c.conclude(sc, res, &a.judged[r], enough, few, false, missingMethod)
	})
	if s.refs != nil {
		s.refs.championMissing = share{}
	}
	if m.wants(refPrevious) && !few {
		s.other().previousMissing = a.carry
	}
	a.carry, a.start, a.row = share{}, 0, Exemplar{}
}

func (s *series) other() *refs {
	if s.refs == nil {
		s.refs = &refs{}
	}
	return s.refs
}

// coarse returns the bounds of the groups by which exemplars are kept.
func (s *series) coarse() []float64 {
	switch {
	case s.total != nil:
		return s.total.bounds
	case s.binning.Kind == distribution.KindExponential:
		return exponentialBounds(s.key.subject)
	}
	return s.binning.Bounds // a segment's are groups
}

// addChampion keeps the champion's window while the series' own goes on growing.
func (s *series) addChampion(peer *series) {
	o := s.other()
	if o.champion == nil || !sameBins(o.championBinning, peer.binning) {
		o.champion, o.championBinning = newWindow(peer.cur.period, peer.cur.start, peer.cur.end), peer.binning
	}
	o.champion.add(peer.cur, nil)
}

// championSample is the champion's values in the same periods.
func (s *series) championSample(peer *series) *distribution.Sample {
	if peer.binning.Kind == distribution.KindUnknown || peer.binning.Mismatched {
		return nil
	}
	w := s.championWindow(peer)
	return peer.binning.Sample(values(w.cells), w.expo, w.min, w.max)
}

// championWindow is what the champion counted in the same periods, in its binning.
func (s *series) championWindow(peer *series) *window {
	w := newWindow(0, 0, 0)
	if s.refs != nil && s.refs.champion != nil && sameBins(s.refs.championBinning, peer.binning) {
		w.add(s.refs.champion, nil)
	}
	if peer.cur != nil {
		w.add(peer.cur, nil)
	}
	return w
}

// expire drops series that have been empty for max_window, then versions and models that have none left.
func (e *Engine) expire(m *model) {
	for vi := 0; vi < len(m.versions); vi++ {
		v := m.versions[vi]
		had, gone := len(v.groups) > 0, false
		for gi := 0; gi < len(v.groups); gi++ {
			g := v.groups[gi]
			before := len(g.order)
			g.order = slices.DeleteFunc(g.order, func(s *series) bool {
				c := &m.clocks[s.key.subject.stream()]
				dead := c.Started && !s.waiting() && g.newest(s.key.subject.stream()) < m.settings.grid.Pane(c.Front-m.settings.maxWindow)
				if dead {
					delete(g.series, s.key)
				}
				return dead
			})
			e.series -= before - len(g.order)
			gone = gone || before > len(g.order)
			if len(g.order) == 0 {
				v.groups = slices.Delete(v.groups, gi, gi+1)
				gi--
			}
		}
		if gone {
			v.prune()
			m.dirty = true
		}
		if had && len(v.groups) == 0 {
			m.versions = slices.Delete(m.versions, vi, vi+1)
			vi--
			m.dirty = true
		}
	}
	if len(m.versions) == 0 {
		delete(e.models, m.key)
	}
}

// prune forgets the plans of features that no series has any more: they make room for others.
func (v *version) prune() {
	held := make(map[seriesKey]bool)
	for _, g := range v.groups {
		for _, s := range g.order {
			held[s.key] = true
			if s.absences != nil {
				for _, name := range s.binning.Categories {
					held[seriesKey{Feature, name}] = true
				}
			}
		}
	}
	if !slices.ContainsFunc(v.groups, func(g *segment) bool { return g.series[absencesKey] != nil }) {
		v.absences = distribution.NewCategoricalBinning()
	}
	for key := range v.plans {
		if !held[key] {
			delete(v.plans, key)
			if key.subject == Feature {
				v.features--
			}
		}
	}
}

// waiting reports whether the series has values that no closed window has taken, or a verdict.
func (s *series) waiting() bool {
	return len(s.open) > 0 || s.carry.count() > 0 || decided(&s.judged) ||
		s.absent != nil && (s.absent.carry.rows > 0 || decided(&s.absent.judged)) ||
		s.absences != nil && s.absences.decided()
}

// newest is the newest pane of a stream that has data.
func (g *segment) newest(stream int) int64 { return g.panes[stream].Newest() }
