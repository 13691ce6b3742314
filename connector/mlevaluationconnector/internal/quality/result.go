// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Kind is how measures came about.
type Kind string

// The kinds.
const (
	// Measured is by labels.
	Measured Kind = "measured"
	// Estimated is from scores alone.
	Estimated Kind = "estimated"
)

// Result is what is known of a series: a model's version and role, in a segment, by a set of labels. It
// is valid during the call that gives it.
type Result struct {
	prediction.Identity
	// Segment is empty for the total, Set for labels of live traffic.
	Segment, Set string
	Kind         Kind
	// Start and End are those of the window, in nanoseconds since 1970.
	Start, End int64
	// Predicted are the predictions of the window, Labelled those that have a label.
	Predicted, Labelled int64
	// Coverage is the share of labelled ones, by weight; NaN where there are no predictions.
	Coverage float64
	// Scores are the measures of the window.
	Scores []evaluation.Score
	// Confusion has the window's rows by class; nil where there are none, or no classes.
	Confusion *evaluation.Confusion
	// Differences are those to the window before, to other versions and sets, and to what was
	// estimated.
	Differences []Difference
	// Total is what has been counted since Since; nil of estimates.
	Total *Total
}

// Total is what has been counted of a series since it began.
type Total struct {
	// Since is when that was, in nanoseconds of the wall clock.
	Since int64
	// Rows are those with a label, Confusion has them by class; nil where there are no classes.
	Rows      int64
	Confusion *evaluation.Confusion
	// Lags are the labels that came, by how long after the prediction they were known, in buckets of
	// LagBounds, and LagSum is the sum of that in seconds.
	Lags   []uint64
	LagSum float64

	traces []traces
}

// view are the rows of a series in a window.
type view struct {
	predicted, labelled count
	measured            measured
	// estimate is of all predictions, check of those that have a label.
	estimate, check estimate
}

func (v *view) coverage() float64 {
	if !(v.predicted.weight > 0) {
		return math.NaN()
	}
	return v.labelled.weight / v.predicted.weight
}

// look adds the rows of a window; without late rows where only mature ones are wanted.
func (g *group) look(v *view, s pane.Span, set int, matureOnly bool) {
	t := &g.member.task
	for _, p := range g.panes.Window(s) {
		v.predicted.merge(p.predicted)
		if set == 0 {
			v.estimate.merge(&p.estimate, t, g.shape)
		}
		if set >= len(p.sets) || p.sets[set] == nil {
			continue
		}
		l := p.sets[set]
		v.labelled.merge(l.of)
		v.measured.merge(&l.mature, g.shape)
		if !matureOnly {
			v.measured.merge(&l.late, g.shape)
			v.check.merge(&l.estimate, t, g.shape)
		}
	}
}

// Results gives the window at the front of every series, and what it differs from. Advance says where
// the front is.
func (e *Engine) Results(yield func(*Result)) {
	if e.unsettled {
		e.settle()
	}
	for _, m := range e.models {
		front, ok := m.clock.Current()
		if !ok {
			continue
		}
		w := windows{shown: front, comparable: true, live: true}
		w.mature = m.clock.Ended(m.clock.Watermark() - int64(e.o.Maturity))
		w.ended = m.clock.Ended(m.clock.Watermark())
		m.mature, m.ended = w.mature.Last, w.ended.Last
		for _, x := range m.members {
			for _, g := range x.groups {
				e.results(g, w, yield)
			}
		}
	}
}

// windows are those of a result.
type windows struct {
	// shown is the one whose scores are given.
	shown pane.Span
	// mature is compared by mature rows, and ended by estimates and pairs.
	mature, ended pane.Span
	// comparable says that mature is old enough, live that the windows are those of Results.
	comparable, live bool
}

func (e *Engine) results(g *group, w windows, yield func(*Result)) {
	x := g.member
	found := e.compared(g, w)
	for set, name := range x.sets {
		var total *total
		if set < len(g.totals) {
			total = g.totals[set]
		}
		if set > 0 && total == nil {
			continue
		}
		var v view
		g.look(&v, w.shown, set, false)
		r := e.newResult(g, w.shown, &v)
		r.Set, r.Kind = name, Measured
		r.Scores = v.measured.list(&x.task, e.o.Level)
		r.Confusion = v.measured.confusion
		r.Total = g.result(total)
		r.Differences = slices.Clone(found.measuredOf(set))
		if set == 0 {
			r.Differences = append(r.Differences, e.compareEstimate(&x.task, &v)...)
		} else if g.segment == "" {
			r.Differences = append(r.Differences, e.comparePairs(x, name, w.ended)...)
		}
		yield(r)
		if set == 0 && v.estimate.rows > 0 {
			r := e.newResult(g, w.shown, &v)
			r.Kind = Estimated
			r.Scores = v.estimate.list(&x.task, e.o.Level)
			r.Confusion = v.estimate.confusion(&x.task)
			r.Differences = found.estimated
			yield(r)
		}
	}
}

func (e *Engine) newResult(g *group, s pane.Span, v *view) *Result {
	c := g.member.model.clock
	return &Result{
		Identity: g.member.Identity, Segment: g.segment, Start: c.Start(s), End: c.End(s),
		Predicted: v.predicted.rows, Labelled: v.labelled.rows, Coverage: v.coverage(),
	}
}

func (g *group) result(t *total) *Total {
	if t == nil {
		return &Total{Since: g.since}
	}
	return &Total{Since: g.since, Rows: t.rows, Confusion: t.measured.confusion, Lags: t.lag.counts[:], LagSum: t.lag.sum, traces: t.traces}
}

// given says how far Closed has given a window.
type given uint8

const (
	// notGiven is a window that has changed since.
	notGiven given = iota
	// givenYoung is one that was given before it was mature.
	givenYoung
	// givenMature is one that was given with its differences.
	givenMature
)

// Closed gives every window that has ended and is not as it was given last: windows one after the
// other, such as the days. It moves the clocks on. It is for those who set Options.Closed: Advance
// drops no window then that has not been given. The last call, before the data end, gives the windows
// that have not ended, too; what comes into them later gives them again.
func (e *Engine) Closed(now time.Time, last bool, yield func(*Result)) {
	if e.unsettled {
		e.settle()
	}
	for _, m := range e.models {
		m.clock.Advance(now)
		if m.clock.Watermark() == pane.Never {
			continue
		}
		for _, x := range m.members {
			for _, g := range x.groups {
				g.changed = g.changes()
			}
		}
		for _, x := range m.members {
			for _, g := range x.groups {
				e.closed(g, last, yield)
			}
		}
		for _, x := range m.members {
			for _, g := range x.groups {
				g.changed = nil
			}
		}
	}
}

// changes are the windows, by their first pane, that have changed since they were given.
func (g *group) changes() map[int64]bool {
	out := map[int64]bool{}
	span, _ := g.panes.All()
	for at, t := range g.panes.Window(span) {
		if t.given == notGiven {
			out[g.member.model.clock.Period(at).First] = true
		}
	}
	return out
}

func (e *Engine) closed(g *group, last bool, yield func(*Result)) {
	c := g.member.model.clock
	watermark := c.Watermark()
	all, _ := g.panes.All()
	next := all.First
	for at := range g.panes.Window(all) {
		s := c.Period(at)
		if at < next || c.End(s) > watermark && !last {
			continue
		}
		next = s.Last + 1
		is := givenMature
		if c.End(s) > watermark-int64(e.o.Maturity) {
			is = givenYoung
		}
		stale := is == givenMature && e.outdated(g, s)
		for _, t := range g.panes.Window(s) {
			stale = stale || t.given < is
		}
		if !stale {
			continue
		}
		for _, t := range g.panes.Window(s) {
			if t.given != is {
				e.touch(g, t)
				t.given = is
			}
		}
		e.results(g, windows{shown: s, mature: s, ended: s, comparable: is == givenMature}, yield)
	}
}

// outdated says whether what a window is compared with has changed.
func (e *Engine) outdated(g *group, s pane.Span) bool {
	if g.changed[s.Before().First] {
		return true
	}
	x := g.member
	for _, y := range x.model.members {
		if other := y.byName[g.segment]; y.Version == x.task.against && other != nil && other.changed[s.First] {
			return true
		}
	}
	return false
}
