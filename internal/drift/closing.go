// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Advance moves the watermarks to where events, and after idle the wall clock, have taken them, and
// closes the periods that end before. It returns the verdict windows that were closed, by model and
// in a fixed order, and the verdicts that have changed.
func (e *Engine) Advance(now time.Time) (closed []Result, changes []Change) {
	e.tick(now)
	c := closing{}
	e.eachModel(func(m *model) {
		if !m.partition.reading() {
			e.advance(m, now.Unix(), &c)
			return
		}
		e.advanceRead(m)
	})
	e.notes.short(c.shortages)
	e.keepContracts(&c)
	return append(c.closed, e.takeRead()...), c.changes
}

// tick takes note of the wall clock of an Advance.
func (e *Engine) tick(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.observe(now)
	e.table.full = 0
	if e.restored {
		e.restored = false
		e.vouch() // they came in the order of their names
	}
}

// advance moves the watermarks of a model and closes its periods; wall is the wall clock, in
// seconds.
func (e *Engine) advance(m *model, wall int64, c *closing) {
	m.table.full = 0
	for stream := range m.clocks {
		clock := &m.clocks[stream]
		clock.Advance(wall, e.opts.Lateness, e.opts.Idle)
		clock.CloseUpTo(&m.settings.grid, clock.Watermark, m.pending(stream), c.closer(m, stream))
	}
	e.expire(m)
	m.note()
}

// CloseAll closes every period that has data, complete or not, and judges it with its real length:
// the end of the newest minute. Nothing can be added to these periods afterwards.
func (e *Engine) CloseAll(now time.Time) (closed []Result, changes []Change) {
	closed, changes = e.Advance(now)
	c := closing{closed: closed, changes: changes, final: true}
	e.eachCurrent(func(m *model) {
		for stream := range m.clocks {
			m.clocks[stream].CloseAll(&m.settings.grid, m.pending(stream), c.closer(m, stream))
		}
		m.note()
	})
	e.keepContracts(&c)
	return c.closed, c.changes
}

// closing gathers what the closing of periods brings.
type closing struct {
	closed     []Result
	changes    []Change
	hypotheses []hypothesis
	// kept are windows that become the previous ones, if they are no drift.
	kept []keptWindow
	// shortages are those whose window passed without a verdict.
	shortages []Shortage
	// contracts are what contracts say of windows, unjudged what they cannot say.
	contracts []ContractResult
	unjudged  []Event
	final     bool // close what has too few values, too
	counts    []uint32
}

// hypothesis is one null hypothesis of a tick: that a window is like its reference.
type hypothesis struct {
	result    Result
	closed    int // its place in closing.closed, or -1
	judgement *judgement
	kind      kind
	series    *series
	window    comparand
}

type keptWindow struct {
	kind   kind
	window comparand
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
					if _, growing := k.growing(); growing || k.decided() || midDay(s, k) {
						return next, true
					}
				}
				if len(s.open) > 0 && (!found || s.open[0].period < first) {
					first, found = s.open[0].period, true
				}
			}
		}
	}
	if contract, ok := m.pendingContract(stream, next); ok && (!found || contract < first) {
		first, found = contract, true
	}
	return max(first, next), found
}

// midDay reports whether a day has begun that is to be judged when it is over.
func midDay(s *series, k kind) bool {
	at := k.history(s)
	return at != nil && *at != nil && (*at).open
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
	m.noteIdle(stream)
	c.judgeContract(m, stream, p)
	c.hypotheses, c.kept = c.hypotheses[:0], c.kept[:0]
	m.eachOf(stream, func(ref *cohortRef, s *series) {
		if s.plan.ignore {
			return
		}
		ref.look = closingWindow
		for k := range s.kinds {
			c.judge(ref, s, k, p)
		}
	})
	m.eachOf(stream, func(_ *cohortRef, s *series) { s.closingWindow = nil })
	c.testAll(m)
}

// noteIdle finds the versions that have been replaced: they are silent while another one in the
// primary role counts.
func (m *model) noteIdle(stream int) {
	serving := 0
	active := make([]bool, len(m.versions))
	for i, v := range m.versions {
		for _, g := range v.groups {
			if slices.ContainsFunc(g.order, func(s *series) bool { return streamOf(s.key.subject) == stream && s.closingWindow != nil }) {
				active[i] = true
				break
			}
		}
		if active[i] && v.key.role == "" {
			serving++
		}
	}
	for i, v := range m.versions {
		switch {
		case active[i]:
			v.idle[stream] = 0
		case serving > 0 && v.idle[stream] < math.MaxUint16:
			v.idle[stream]++
		}
	}
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
	unit, dayOver := c.observe(ref, s, k, p)
	c.judgeFast(ref, s, k, p)
	if unit {
		c.judgeSlow(ref, s, k, SlowDay)
	}
	if dayOver {
		c.judgeSlow(ref, s, k, SlowWeek)
	}
}

// observe takes the closing window into the history of its kind, and returns whether a unit or a
// day is over.
func (c *closing) observe(ref *cohortRef, s *series, k kind, p period) (unit, dayOver bool) {
	at := k.history(s)
	if at == nil {
		return false, false
	}
	shape := k.stripShape(s)
	if *at != nil && (*at).print != shape.print {
		*at = nil // the bins are others now
	}
	if *at == nil {
		if shape.cells == 0 || s.closingWindow == nil {
			return false, false
		}
		*at = newHistory(ref.m.settings.calendar, shape)
	}
	one := k.strip(s, c.counts)
	c.counts = one.counts
	return (*at).observe(p, &one)
}

// judgeFast closes the model's own window.
func (c *closing) judgeFast(ref *cohortRef, s *series, k kind, p period) {
	settings := &ref.m.settings
	w, ok := k.grow(s, p)
	if !ok {
		return
	}
	ref.weigh(s, k, &w)
	peer := ref.peer(s)
	if !ref.m.wants(refChampion) {
		peer = nil
	}
	few := w.few(settings.minSamples)
	if few && w.end-w.start < settings.maxWindow && !c.final && !ref.replaced(s) {
		k.growOn(s, &w, peer)
		c.growing(ref, s, k, &w)
		return
	}
	k.addChampion(&w, peer)
	k.compare(ref, s, &w, func(cmp comparison) { c.conclude(ref, s, k, cmp, few) })
	k.recordClosed(&w)
	if !few && ref.m.wants(refPrevious) {
		c.kept = append(c.kept, keptWindow{k, w})
	}
}

// replaced reports whether the version has been silent while another one counted, for as many
// windows as a verdict takes.
func (ref *cohortRef) replaced(s *series) bool {
	return ref.v.idle[streamOf(s.key.subject)] >= max(ref.m.settings.forWindows, 2)
}

// judgeSlow judges a slow window of what the history of a series' kind has.
func (c *closing) judgeSlow(ref *cohortRef, s *series, k kind, speed Speed) {
	h := *k.history(s)
	first, last, from, ok := h.slowSpan(speed)
	if !ok || !ref.m.settings.slow[speed] {
		return
	}
	counts, lo, hi, held := h.slowCounts(speed, max(first, from), last)
	if !h.fills(speed, held) {
		return
	}
	w := k.slowWindow(s, counts, lo, hi)
	w.speed, w.first, w.last = speed, max(first, from), last
	w.start, w.end = h.slowTimes(speed, max(first, from), last)
	ref.weigh(s, k, &w)
	if w.few(ref.m.settings.minSamples) {
		return
	}
	k.compare(ref, s, &w, func(cmp comparison) {
		if len(cmp.result.Scores) > 0 && cmp.result.ReferenceSamples >= ref.m.settings.minSamples {
			cmp.result.Speed = speed
			c.test(s, k, cmp, -1)
		}
	})
}

// conclude records a closed window: as a test where it has enough values, as insufficient where it
// has too few of them, or where there is nothing to compare it with.
func (c *closing) conclude(ref *cohortRef, s *series, k kind, cmp comparison, few bool) {
	r, j := cmp.result, cmp.judgement
	r.Reason = ref.reason(r, j, cmp.mismatched)
	need := ref.m.settings.forWindows
	from, changed := j.verdict, false
	c.closed = append(c.closed, *r)
	switch {
	case c.final && few: // what has come so far contradicts nothing
	case few || len(r.Scores) == 0:
		changed = j.lapse(need)
		c.short(ref, r, j, cmp.mismatched)
	case r.ReferenceSamples < ref.m.settings.minSamples:
		changed = j.starve(need)
		c.short(ref, r, j, cmp.mismatched)
	default:
		c.test(s, k, cmp, len(c.closed)-1)
	}
	if changed {
		r.Verdict = j.verdict
		c.closed[len(c.closed)-1].Verdict = j.verdict
		c.changes = append(c.changes, Change{Result: *r, From: from})
	}
}

// test adds a comparison to what is tested together.
func (c *closing) test(s *series, k kind, cmp comparison, closed int) {
	r := *cmp.result
	r.Scores = slices.Clone(r.Scores)
	c.hypotheses = append(c.hypotheses, hypothesis{result: r, closed: closed, judgement: cmp.judgement, kind: k, series: s, window: *cmp.window})
}

// looks is how often a slow window is looked at in its length: one that slides is tested again and
// again, and its p-value is multiplied by that (Bonferroni).
var looks = [speeds]float64{Fast: 1, SlowDay: slowUnits, SlowWeek: 7}

// testAll tests all null hypotheses of a period together, and takes what comes of it into the
// verdicts.
func (c *closing) testAll(m *model) {
	ps := make([]float64, len(c.hypotheses))
	for i := range c.hypotheses {
		r := &c.hypotheses[i].result
		ps[i] = r.pValue() * looks[r.Speed]
	}
	rejected, _ := stats.BenjaminiHochberg(ps, m.settings.significance)
	for i := range c.hypotheses {
		t := &c.hypotheses[i]
		c.take(m, t, m.finding(t, rejected[i]))
	}
	for i := range c.kept {
		w := &c.kept[i].window
		c.kept[i].kind.keepPrevious(w, func(j *judgement) bool {
			if j.verdict == Drift && w.end-j.since[j.speed] >= m.settings.maxWindow {
				j.verdict = Insufficient // it is what is usual now
				j.streak = [speeds]uint16{}
			}
			return !j.drifting()
		})
	}
}

// needs is how many findings of a speed in a row a verdict takes: for windows, or where most of what
// a window holds was in the one before, a quarter of the slow window.
func (s *settings) needs(by Speed) needs {
	long := max(s.forWindows, uint16(s.calendar.slow()/4))
	switch by {
	case SlowDay:
		return needs{long, long}
	case SlowWeek:
		return needs{s.forWindows, s.forWindows}
	}
	return needs{s.forWindows, long}
}

// take takes a finding into the verdict and the history.
func (c *closing) take(m *model, t *hypothesis, f finding) {
	j, r := t.judgement, &t.result
	need := m.settings.needs(r.Speed)
	from := j.verdict
	changed := j.apply(f, r.Speed, need, r.Start, r.pValue() <= plainPValue)
	r.Verdict = j.verdict
	if j.verdict == Drift {
		r.Since = j.since[j.speed]
	}
	if j.verdict == Insufficient {
		r.Reason = Learning
	}
	if t.closed >= 0 {
		c.closed[t.closed].Verdict, c.closed[t.closed].Since = r.Verdict, r.Since
	}
	if at := t.kind.history(t.series); at != nil && *at != nil {
		if j.drifting() {
			(*at).suspectSince(r.Start)
		}
		if r.Speed == SlowDay && r.Reference == Baseline {
			(*at).calmDay = r.calm()
		}
		if changed && from == Drift {
			(*at).restartSlow()
		}
	}
	if changed {
		c.changes = append(c.changes, Change{Result: *r, From: from})
	}
}

// finding says what a window is. One that differs from its reference, and is shorter than the
// season, must differ from what its phases were in earlier seasons, too; and a drift is not over in
// an hour of the season in which it happens to look like the baseline. The champion's window is of
// the same time and needs no season.
func (m *model) finding(t *hypothesis, rejected bool) finding {
	r, w := &t.result, &t.window
	season := m.settings.calendar.season
	alike := r.Reference == Champion || season == SeasonNone || w.end-w.start >= season.length()
	var counts []float64
	known := false
	if !alike && w.history != nil && (rejected || t.judgement.verdict == Drift) {
		counts, known = w.history.expected(w.start, w.end, r.Speed == SlowDay)
	}
	switch {
	case !rejected && !r.calm():
		return between
	case !rejected && known && t.judgement.verdict == Drift && t.kind.offSeason(t.series, w.owner, w, r, counts, lasts):
		return between
	case !rejected:
		return calm
	case !w.known:
		return unknown
	case alike:
		return hit
	case !known:
		return unknown
	case t.kind.offSeason(t.series, w.owner, w, r, counts, begins):
		return hit
	case t.judgement.verdict == Drift && t.kind.offSeason(t.series, w.owner, w, r, counts, lasts):
		return between // it takes less to go on than to begin
	case r.Reference == Baseline && !w.history.complete():
		return unknown // what has been so from the first hour on may be a drift as well as the season
	}
	return calm
}
