// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// Options say what a Table keeps.
type Options struct {
	// Panes cut the time of the answers. A pane of the window is kept, whatever Keep is.
	Panes pane.Options
	// Closed says that Closed is called, not Results: panes are kept until it has given them.
	Closed bool
	// Level is the confidence of intervals, such as 0.95.
	Level float64
	// MaxSeries is how many series are kept. What belongs to a new one beyond is counted together,
	// until a series goes: its last pane has been over for Panes.Keep.
	MaxSeries int
	// MaxCounts is how many labels and errors of a series are told apart; those beyond are counted
	// together.
	MaxCounts int
}

// Table counts judgements by evaluator, kind of judge, model and segment. It is not safe for
// concurrent use.
//
//	Judge(answer, judgement) ──► model: clock of its answers
//	                              └── subject: evaluator, kind, version, role
//	                                   └── series: segment, or "" for all
//	                                        ├── ring of panes: mean score
//	                                        └── counts by label, by error
//
// Panes are of the time of the answer, not of the judgement. An answer before the window, whose pane
// is over for Panes.Keep, is final: no judgement of it is counted or taken back.
type Table struct {
	options Options
	models  map[modelKey]*model
	stats   TableStats
	// fullUntil says that a newcomer need not look for a place.
	fullUntil time.Time
}

// TableStats are counts of a Table. All but Series only grow.
type TableStats struct {
	// Series are kept now.
	Series int
	// Overflowed are judgements of a series, and Counts labels of judgements, that found no room.
	Overflowed, Counts int64
	// Evicted are series that others took the place of.
	Evicted int64
	// Late are judgements of answers that are final, or of a time that is none.
	Late int64
}

// modelKey is whose answers have one clock: all versions of a model, so that they have the same
// windows.
type modelKey struct{ name, environment string }

type model struct {
	clock    *pane.Clock
	subjects map[subjectKey]subject
}

type subjectKey struct{ evaluator, kind, version, role string }

// subject has its series by segment, at least one.
type subject map[string]*series

// series is one segment of a subject.
type series struct {
	// since is when it began to count, in nanoseconds since 1970.
	since  int64
	panes  pane.Ring[scores]
	counts []Count
	// heard is when a judgement came last, by the wall clock.
	heard time.Time
}

// scores are those of the answers of a pane.
type scores struct {
	evaluation.Mean
	// given says that Closed has given them as they are.
	given bool
}

// mostPanes is how many panes of a series are kept for Closed.
const mostPanes = 2048

func (t *Table) newSeries(c *pane.Clock, since int64) *series {
	most := c.Panes()
	if t.options.Closed {
		most = max(most, mostPanes)
	}
	return &series{since: since, panes: pane.NewRing[scores](most)}
}

// oldest is the first pane of a model whose answers are not final. Closed gives whole windows.
func (t *Table) oldest(c *pane.Clock) int64 {
	window, ok := c.Current()
	if !ok {
		return pane.Never
	}
	first := min(c.Oldest(), window.First)
	if t.options.Closed {
		first = c.Period(first).First
	}
	return first
}

// Count is how many judgements had a label or an error.
type Count struct {
	// Label is empty for judgements that have a score alone.
	Label string
	// ErrorType is why the evaluator has failed; then there is no label.
	ErrorType string
	// Other says that these are all the labels and errors that are not told apart.
	Other bool
	N     int64
}

// NewTable returns an empty one.
func NewTable(o Options) *Table {
	return &Table{options: o, models: make(map[modelKey]*model)}
}

// Stats returns the counts.
func (t *Table) Stats() TableStats { return t.stats }

// Judge counts a judgement of an answer, which may be known only in part: the identity may be
// empty, Weight 0 is 1. The total of all segments is counted, and each segment.
func (t *Table) Judge(a *answer.Answer, j *Judgement, now time.Time) {
	key := modelKey{a.Name, a.Environment}
	m, known := t.models[key]
	if !known {
		if t.full(now) {
			t.stats.Overflowed += int64(1 + len(a.Segments))
			return
		}
		m = &model{clock: pane.NewClock(t.options.Panes), subjects: make(map[subjectKey]subject)}
	}
	at, ok := m.clock.Observe(a.Time, now)
	if !ok || at < t.oldest(m.clock) {
		t.stats.Late++
		return
	}
	sub := subjectKey{j.Evaluator, j.Kind, a.Version, a.Role}
	of := m.subjects[sub]
	if of == nil {
		if t.full(now) {
			t.stats.Overflowed += int64(1 + len(a.Segments))
			return
		}
		of = make(subject)
		m.subjects[sub] = of
	}
	t.models[key] = m // after another subject of it may have made room
	t.count(m.clock, of, "", a, j, at, now)
	for _, segment := range a.Segments {
		t.count(m.clock, of, segment, a, j, at, now)
	}
}

// Unjudge takes a judgement back that was counted, by the same arguments. What it was counted in is
// as it was before, as far as sums of floating-point numbers can be. What found no room stays.
func (t *Table) Unjudge(a *answer.Answer, j *Judgement) {
	m := t.models[modelKey{a.Name, a.Environment}]
	if m == nil {
		return
	}
	at := m.clock.Pane(a.Time)
	if at < t.oldest(m.clock) {
		return
	}
	of := m.subjects[subjectKey{j.Evaluator, j.Kind, a.Version, a.Role}]
	of[""].uncount(a, j, at)
	for _, segment := range a.Segments {
		of[segment].uncount(a, j, at)
	}
}

func weight(a *answer.Answer) float64 {
	if a.Weight > 0 {
		return a.Weight
	}
	return 1
}

func (t *Table) count(c *pane.Clock, of subject, segment string, a *answer.Answer, j *Judgement, at int64, now time.Time) {
	s := of[segment]
	if s == nil {
		if t.full(now) {
			t.stats.Overflowed++
			return
		}
		s = t.newSeries(c, now.UnixNano())
		of[segment] = s
		t.stats.Series++
	}
	s.heard = now
	if p, _ := s.panes.At(at); p != nil {
		p.given = false
		if j.HasScore {
			p.Add(j.Score, weight(a))
		}
	}
	if !s.tally(j, t.options.MaxCounts) {
		t.stats.Counts++
	}
}

func (s *series) uncount(a *answer.Answer, j *Judgement, at int64) {
	if s == nil {
		return
	}
	if p := s.panes.Get(at); p != nil {
		p.given = false
		if j.HasScore {
			p.Remove(j.Score, weight(a))
		}
	}
	s.untally(j)
}

// tally counts the label or the error of a judgement; false where it is not told apart.
func (s *series) tally(j *Judgement, most int) bool {
	if c := s.find(j); c != nil {
		c.N++
		return true
	}
	if len(s.counts) < most {
		s.counts = append(s.counts, Count{Label: j.Label, ErrorType: j.ErrorType, N: 1})
		return true
	}
	if c := s.other(); c != nil {
		c.N++
	} else {
		s.counts = append(s.counts, Count{Other: true, N: 1})
	}
	return false
}

func (s *series) untally(j *Judgement) {
	c := s.find(j)
	if c == nil {
		c = s.other()
	}
	if c != nil {
		c.N = max(c.N-1, 0)
	}
}

func (s *series) find(j *Judgement) *Count {
	for i := range s.counts {
		if c := &s.counts[i]; c.Label == j.Label && c.ErrorType == j.ErrorType && !c.Other {
			return c
		}
	}
	return nil
}

// other is the count of what is not told apart, which is the last one.
func (s *series) other() *Count {
	if n := len(s.counts); n > 0 && s.counts[n-1].Other {
		return &s.counts[n-1]
	}
	return nil
}
