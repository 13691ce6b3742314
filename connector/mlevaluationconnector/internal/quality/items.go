// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"cmp"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

// mostRuns bounds how often one item is remembered; the newest runs stay.
const mostRuns = 16

// items are those of a model's gold sets, each with the answers that were given to it: what several
// versions, or one version at several times, have said of the same item is compared in pairs.
type items struct {
	most int
	of   map[itemKey]*item
	// order has the items from the one that was scored longest ago, and places that are void: of an
	// item that is no longer there, or is again further on.
	order []place
	// head is where order begins.
	head int
	turn uint64
}

type itemKey struct{ set, key string }

type place struct {
	itemKey
	turn uint64
}

type item struct {
	turn uint64
	runs []run
}

// run is an answer to an item.
type run struct {
	member *member
	time   int64
	row    int
	// predicted and actual are classes, those of a binary model the positive one or Other.
	predicted, actual string
	weight            float64
}

// sided is a class as runs have it.
func (t *task) sided(class string) string {
	if t.binary() && t.positive != "" && class != t.positive {
		return evaluation.Other
	}
	return class
}

func newItems(most int) items { return items{most: most, of: map[itemKey]*item{}} }

func (s *items) len() int { return len(s.of) }

// count adds the answer of a row, or takes it away, and returns how many items have lost their
// place for it.
func (s *items) count(x *member, a *answer.Answer, l *label.Label, r *row, sign int64) (evicted uint64) {
	k := itemKey{l.Set, cmp.Or(a.Key, a.PredictionID)}
	if k.key == "" {
		return 0
	}
	it := s.of[k]
	if sign < 0 {
		if it != nil {
			it.remove(x, a)
			if len(it.runs) == 0 {
				delete(s.of, k)
			}
		}
		return 0
	}
	return s.put(k, run{x, a.Time, a.Row, x.task.sided(r.predicted), x.task.sided(r.actual), r.weight})
}

// put adds a run, which makes its item the last to go.
func (s *items) put(k itemKey, r run) (evicted uint64) {
	it := s.of[k]
	if it == nil {
		if len(s.of) >= s.most && s.evict() {
			evicted = 1
		}
		it = &item{}
		s.of[k] = it
	}
	it.add(r)
	s.turn++
	it.turn = s.turn
	s.order = append(s.order, place{k, s.turn})
	if len(s.order) > 2*s.most+16 {
		s.order = slices.DeleteFunc(s.order[s.head:], func(p place) bool { return !s.valid(p) })
		s.head = 0
	}
	return evicted
}

func (s *items) valid(p place) bool {
	it := s.of[p.itemKey]
	return it != nil && it.turn == p.turn
}

// evict takes the item away that was scored longest ago.
func (s *items) evict() bool {
	for ; s.head < len(s.order); s.head++ {
		if p := s.order[s.head]; s.valid(p) {
			delete(s.of, p.itemKey)
			return true
		}
	}
	return false
}

// forget takes the answers of a member away.
func (s *items) forget(x *member) {
	for k, it := range s.of {
		it.runs = slices.DeleteFunc(it.runs, func(r run) bool { return r.member == x })
		if len(it.runs) == 0 {
			delete(s.of, k)
		}
	}
}

// add keeps runs in order of time.
func (it *item) add(r run) {
	i := len(it.runs)
	for i > 0 && it.runs[i-1].time > r.time {
		i--
	}
	it.runs = slices.Insert(it.runs, i, r)
	if len(it.runs) > mostRuns {
		it.runs = slices.Delete(it.runs, 0, 1)
	}
}

func (it *item) remove(x *member, a *answer.Answer) {
	it.runs = slices.DeleteFunc(it.runs, func(r run) bool { return r.member == x && r.time == a.Time && r.row == a.Row })
}

// last is the newest run that is wanted.
func (it *item) last(wanted func(*run) bool) *run {
	for i := len(it.runs) - 1; i >= 0; i-- {
		if wanted(&it.runs[i]) {
			return &it.runs[i]
		}
	}
	return nil
}

// pairs are the items of a set that have two runs, by measure.
func (s *items) pairs(set string, t *task, first, second func(*run) bool) map[evaluation.Measure]*evaluation.Pairs {
	out := map[evaluation.Measure]*evaluation.Pairs{}
	count := func(m evaluation.Measure, a, b bool, weight float64) {
		if out[m] == nil {
			out[m] = &evaluation.Pairs{}
		}
		out[m].Add(a, b, weight)
	}
	for _, p := range s.order[s.head:] {
		if p.set != set || !s.valid(p) {
			continue
		}
		it := s.of[p.itemKey]
		a, b := it.last(first), it.last(second)
		if a == nil || b == nil || a.actual != b.actual {
			continue
		}
		count(evaluation.MeasureAccuracy, a.predicted == a.actual, b.predicted == b.actual, b.weight)
		if !t.binary() || t.positive == "" {
			continue
		}
		p, q := a.predicted == t.positive, b.predicted == t.positive
		if b.actual != t.positive {
			count(evaluation.MeasureFPR, p, q, b.weight)
			continue
		}
		count(evaluation.MeasureRecall, p, q, b.weight)
		count(evaluation.MeasureFNR, !p, !q, b.weight)
	}
	return out
}

// within says whether a run is of a span of panes.
func (x *member) within(s pane.Span) func(*run) bool {
	return func(r *run) bool {
		at := x.model.clock.Pane(r.time)
		return r.member == x && at >= s.First && at <= s.Last
	}
}
