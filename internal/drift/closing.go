// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Advance moves the watermarks to where events, and after idle the wall clock, have taken them, and
// closes the periods that end before. It returns the verdict windows that were closed, by model and
// in a fixed order, and the verdicts that have changed.
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

// CloseAll closes every period that has data, complete or not, and judges it with its real length:
// the end of the newest minute. Nothing can be added to these periods afterwards.
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
	closed     []Result
	changes    []Change
	hypotheses []hypothesis
	// shortages are those whose window passed without a verdict.
	shortages []Shortage
	final     bool // close what has too few values, too
}

// hypothesis is one null hypothesis of a tick.
type hypothesis struct {
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

// pending returns the function that finds the first period from next on whose closing changes
// anything; false if there is none.
func (m *model) pending(stream int) func(next int64) (first int64, found bool) {
	return func(next int64) (int64, bool) { return m.firstPending(stream, next) }
}

func (m *model) firstPending(stream int, next int64) (first int64, found bool) {
	for _, v := range m.versions {
		for _, g := range v.groups {
			for _, s := range g.order {
				if streamOf(s.key.subject) != stream {
					continue
				}
				for k := range s.kinds {
					if _, growing := k.growing(); growing || k.decided() {
						return next, true
					}
				}
				if len(s.open) > 0 && (!found || s.open[0].period < first) {
					first, found = s.open[0].period, true
				}
			}
		}
	}
	return max(first, next), found
}

// closePeriod judges one period of one stream of a model: all subjects that are due are tested
// together.
func (c *closing) closePeriod(m *model, stream int, number int64) {
	grid := &m.settings.grid
	p := period{number: number, start: grid.Start(number), end: grid.Start(number + 1)}
	if c.final {
		p.end = min(p.end, m.clocks[stream].Newest+60)
	}
	m.eachOf(stream, func(_ *cohortRef, s *series) { s.closingWindow = s.takeOpen(number) })
	c.hypotheses = c.hypotheses[:0]
	m.eachOf(stream, func(ref *cohortRef, s *series) {
		if s.plan.ignore {
			return
		}
		for k := range s.kinds {
			c.judge(ref, s, k, p)
		}
	})
	m.eachOf(stream, func(_ *cohortRef, s *series) { s.closingWindow = nil })
	c.testAll(m)
}

// eachOf calls yield for the series of a stream.
func (m *model) eachOf(stream int, yield func(*cohortRef, *series)) {
	for ref := range m.eachSegment {
		for _, s := range ref.g.order {
			if streamOf(s.key.subject) == stream {
				yield(ref, s)
			}
		}
	}
}

// judge closes a period of one kind of a series, see kind.
func (c *closing) judge(ref *cohortRef, s *series, k kind, p period) {
	settings := &ref.m.settings
	w, ok := k.grow(s, p)
	if !ok {
		return
	}
	peer := ref.peer(s)
	if !ref.m.wants(refChampion) {
		peer = nil
	}
	few := w.samples < settings.minSamples
	if few && w.end-w.start < settings.maxWindow && !c.final {
		k.growOn(s, &w, peer)
		c.growing(ref, s, k, w.samples)
		return
	}
	k.addChampion(&w, peer)
	k.compare(ref, s, &w, func(cmp comparison) {
		enough := !few && (cmp.result.Reference == Baseline || cmp.result.ReferenceSamples >= settings.minSamples)
		c.conclude(ref, cmp, enough && cmp.decisive, few)
	})
	k.recordClosed(&w, !few && ref.m.wants(refPrevious))
}

// testAll tests all null hypotheses of a period together, and takes what comes of it into the
// verdicts.
func (c *closing) testAll(m *model) {
	ps := make([]float64, len(c.hypotheses))
	for i, t := range c.hypotheses {
		ps[i] = c.closed[t.result].Scores[0].PValue
	}
	rejected, _ := stats.BenjaminiHochberg(ps, m.settings.significance)
	for i, t := range c.hypotheses {
		r := &c.closed[t.result]
		from := t.judgment.verdict
		changed := t.judgment.apply(rejected[i] && r.Scores[0].Effect >= r.Scores[0].Threshold, m.settings.forWindows)
		r.Verdict = t.judgment.verdict
		if changed {
			c.changes = append(c.changes, Change{Result: *r, From: from})
		}
	}
}

// conclude records a closed window: as a test where it has enough values, as insufficient where it
// has too few of them, or where there is nothing to compare it with.
func (c *closing) conclude(ref *cohortRef, cmp comparison, enough, few bool) {
	r, j := cmp.result, cmp.judgement
	r.Reason = ref.reason(r, cmp.mismatched)
	c.closed = append(c.closed, *r)
	switch {
	case few || len(r.Scores) == 0:
		from := j.verdict
		j.verdict, j.streak = Insufficient, 0
		r.Verdict = Insufficient
		c.closed[len(c.closed)-1].Verdict = Insufficient
		c.short(ref, r, cmp.mismatched)
		if from != Insufficient {
			c.changes = append(c.changes, Change{Result: *r, From: from})
		}
	case enough:
		c.hypotheses = append(c.hypotheses, hypothesis{result: len(c.closed) - 1, judgment: j})
	default:
		c.short(ref, r, cmp.mismatched)
	}
}
