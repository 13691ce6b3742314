// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Result is a series.
type Result struct {
	prediction.Identity

	Evaluator, Kind string
	// Segment is empty for all answers.
	Segment string
	// Overflow says that this is what found no series since the table began, of all evaluators and
	// models: Counts has only how many. A judgement counts once for each segment that found none.
	Overflow bool
	// Since is when the series began to count, in nanoseconds since 1970; 0 is not known.
	Since int64
	// Start and End are the window of the score, in nanoseconds since 1970.
	Start, End int64
	// Score is the mean score of the answers of the window; N is 0 where none has a score.
	Score evaluation.Interval
	// Counts are those since the series began. They are valid during the call.
	Counts []Count
}

// Results calls do with the window at the front of each series, in a fixed order, and lets series go
// that are over. The Result is valid during the call.
func (t *Table) Results(now time.Time, do func(*Result)) {
	t.each(now, func(m *model, s *series, r *Result) {
		window, _ := m.clock.Current()
		t.result(m, s, window, r, do)
	})
	if n := t.stats.Overflowed; n > 0 {
		do(&Result{Overflow: true, Counts: []Count{{N: n}}})
	}
}

// Closed is Results for every window that has ended and is not as it was given last: windows one
// after the other, such as the days. Counts are those up to now. What found no series is not given. The
// last call, before the data end, gives the windows that have not ended, too.
func (t *Table) Closed(now time.Time, last bool, do func(*Result)) {
	t.each(now, func(m *model, s *series, r *Result) {
		all, _ := s.panes.All()
		next := all.First
		for at := range s.panes.Window(all) {
			window := m.clock.Period(at)
			if at < next || m.clock.End(window) > m.clock.Watermark() && !last {
				continue
			}
			next = window.Last + 1
			changed := false
			for _, p := range s.panes.Window(window) {
				changed = changed || !p.given
				p.given = true
			}
			if changed {
				t.result(m, s, window, r, do)
			}
		}
	})
}

// each moves the clocks on, calls do with each series, and lets go what is over. r has the series'
// names.
func (t *Table) each(now time.Time, do func(*model, *series, *Result)) {
	for _, key := range sortedKeys(t.models, modelKey.compare) {
		m := t.models[key]
		m.clock.Advance(now)
		r := Result{Identity: prediction.Identity{Name: key.name, Environment: key.environment}}
		for _, sub := range sortedKeys(m.subjects, subjectKey.compare) {
			r.Evaluator, r.Kind, r.Version, r.Role = sub.evaluator, sub.kind, sub.version, sub.role
			of := m.subjects[sub]
			for _, segment := range sortedKeys(of, cmp.Compare[string]) {
				r.Segment = segment
				if s := of[segment]; t.drop(s, t.oldest(m.clock)) {
					do(m, s, &r)
					continue
				}
				delete(of, segment)
				t.stats.Series--
			}
			if len(of) == 0 {
				delete(m.subjects, sub)
			}
		}
		if len(m.subjects) == 0 {
			delete(t.models, key)
		}
	}
}

// drop lets the panes before one go, but none that Closed is still to give. It returns false where
// none is left.
func (t *Table) drop(s *series, oldest int64) bool {
	if all, ok := s.panes.All(); ok && t.options.Closed && all.First < oldest {
		for at, p := range s.panes.Window(pane.Span{First: all.First, Last: oldest - 1}) {
			if !p.given {
				oldest = at
				break
			}
		}
	}
	s.panes.Drop(oldest)
	return s.panes.Len() > 0
}

// result calls do with the scores of a window.
func (t *Table) result(m *model, s *series, window pane.Span, r *Result, do func(*Result)) {
	var mean evaluation.Mean
	for _, p := range s.panes.Window(window) {
		mean.Merge(&p.Mean)
	}
	r.Start, r.End = m.clock.Start(window), m.clock.End(window)
	r.Since, r.Score, r.Counts = s.since, mean.Interval(t.options.Level), s.counts
	do(r)
}

func sortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

func (k modelKey) compare(o modelKey) int {
	return cmp.Or(cmp.Compare(k.name, o.name), cmp.Compare(k.environment, o.environment))
}

func (k subjectKey) compare(o subjectKey) int {
	return cmp.Or(cmp.Compare(k.evaluator, o.evaluator), cmp.Compare(k.kind, o.kind), cmp.Compare(k.version, o.version), cmp.Compare(k.role, o.role))
}
