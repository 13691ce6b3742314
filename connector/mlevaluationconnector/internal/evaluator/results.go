// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"maps"
	"slices"
	"time"

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

// Results calls do with each series, in a fixed order, and lets series go that are over. The Result
// is valid during the call.
func (t *Table) Results(now time.Time, do func(*Result)) {
	for _, key := range sortedKeys(t.models, modelKey.compare) {
		m := t.models[key]
		m.clock.Advance(now)
		t.drop(m)
		if len(m.subjects) == 0 {
			delete(t.models, key)
			continue
		}
		t.results(key, m, do)
	}
	if n := t.stats.Overflowed; n > 0 {
		do(&Result{Overflow: true, Counts: []Count{{N: n}}})
	}
}

// drop lets the panes go that are over, and the series that have none left.
func (t *Table) drop(m *model) {
	oldest := m.clock.Oldest()
	for key, of := range m.subjects {
		for segment, s := range of {
			if s.panes.Drop(oldest); s.panes.Len() == 0 {
				delete(of, segment)
				t.stats.Series--
			}
		}
		if len(of) == 0 {
			delete(m.subjects, key)
		}
	}
}

func (t *Table) results(key modelKey, m *model, do func(*Result)) {
	window, _ := m.clock.Current()
	r := Result{Identity: prediction.Identity{Name: key.name, Environment: key.environment}, Start: m.clock.Start(window), End: m.clock.End(window)}
	for _, sub := range sortedKeys(m.subjects, subjectKey.compare) {
		r.Evaluator, r.Kind, r.Version, r.Role = sub.evaluator, sub.kind, sub.version, sub.role
		of := m.subjects[sub]
		for _, segment := range sortedKeys(of, cmp.Compare[string]) {
			s := of[segment]
			var mean evaluation.Mean
			for _, pane := range s.panes.Window(window) {
				mean.Merge(pane)
			}
			r.Segment, r.Since, r.Score, r.Counts = segment, s.since, mean.Interval(t.options.Level), s.counts
			do(&r)
		}
	}
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
