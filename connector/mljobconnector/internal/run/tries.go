// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"unique"
)

// maxValues bounds the null ratios and the metrics of one span each.
const maxValues = 1000

// add takes the span of a try in, and reports whether it is news.
func (s *Stage) add(r *Run, span *Span, trace uint16, at sighting) bool {
	t := Try{
		SpanID: span.SpanID, RowsIn: max(span.RowsIn, -1), RowsOut: max(span.RowsOut, -1), start: at.start, end: at.end,
		instance: unique.Make(span.Instance), trace: trace, Outcome: span.Outcome,
		attempt: uint16(max(0, min(span.Attempt, math.MaxUint16))),
		flags:   flagOf(span.Retried, flagRetried) | flagOf(span.Explicit, flagExplicit) | flagOf(span.Dropped, flagDropped),
	}
	d := detail{cause: span.Cause, nulls: sorted(span.NullRatios), metrics: sorted(span.Metrics)}
	if t.Outcome.Bad() {
		d.parent, d.exceptionType, d.message = span.ParentID, span.ExceptionType, span.Message
	}
	if d.parent != (SpanID{}) || d.exceptionType != "" || d.message != "" || d.cause != "" || d.nulls != nil || d.metrics != nil {
		t.detail = &d
	}
	if !s.offer(r, t) {
		return false
	}
	s.expect(span.Instances)
	s.came(at)
	if span.Instance != "" {
		s.extra().life.sighted(at)
	}
	return true
}

func flagOf(on bool, f flags) flags {
	if on {
		return f
	}
	return 0
}

// expect notes how many instances a span says there are.
func (s *Stage) expect(instances int) {
	s.Expected = max(s.Expected, int32(max(0, min(instances, math.MaxInt32))))
}

// came notes when a try came.
func (s *Stage) came(at sighting) {
	const second = 1_000_000_000
	s.arrived = max(s.arrived, uint32(min((at.arrived+second-1)/second, math.MaxUint32)))
}

// sorted returns a bounded copy of values by name, nil for none. Of two of one name the first counts.
func sorted(values []Value) []Value {
	if len(values) == 0 {
		return nil
	}
	out := make([]Value, len(values))
	for i, v := range values {
		out[i] = Value{Name: unique.Make(v.Name).Value(), Value: v.Value}
	}
	slices.SortStableFunc(out, compareNames)
	out = slices.CompactFunc(out, func(a, b Value) bool { return a.Name == b.Name })
	return slices.Clip(out[:min(len(out), maxValues)])
}

func compareNames(a, b Value) int { return strings.Compare(a.Name, b.Name) }

// manyTries is the number from which on tries are found by their instance.
const manyTries = 32

// tryIndex finds the tries of an instance: last has the place of its latest one in Stage.tries, prev that of the one before, by place; -1 for none.
type tryIndex struct {
	last map[unique.Handle[string]]int32
	prev []int32
}

func (x *tryIndex) add(instance unique.Handle[string]) {
	before, ok := x.last[instance]
	if !ok {
		before = -1
	}
	x.last[instance] = int32(len(x.prev))
	x.prev = append(x.prev, before)
}

// offer takes a try if it is news and there is a place for it.
func (s *Stage) offer(r *Run, t Try) bool {
	of, oldest, known := 0, -1, false // the tries of the instance: how many, which of them is the first in order, whether t is among them
	look := func(i int) {
		other := &s.tries[i]
		// Airflow 3.2 gives all tries of an instance the span id of the instance.
		known = known || other.SpanID == t.SpanID && other.trace == t.trace && other.attempt == t.attempt
		of++
		if oldest < 0 || compareTries(other, &s.tries[oldest]) < 0 {
			oldest = i
		}
	}
	if s.side != nil && s.side.tries != nil {
		i, ok := s.side.tries.last[t.instance]
		for ok && i >= 0 {
			look(int(i))
			i = s.side.tries.prev[i]
		}
	} else {
		for i := range s.tries {
			if s.tries[i].instance == t.instance {
				look(i)
			}
		}
	}
	switch {
	case known:
		return false
	case of == 0 && len(s.tries) >= r.limits.Instances && !hasRoom(s.instances(), r.limits.Instances, t.Outcome.Bad() && !t.Retried()):
		r.exceed(ExceededInstances)
		s.extra().crowded = true
		return false
	case of > 0 && of >= r.limits.Attempts:
		r.exceed(ExceededAttempts)
		if compareTries(&t, &s.tries[oldest]) < 0 {
			return false
		}
		s.tries[oldest] = t
		return true
	}
	s.tries = append(s.tries, t)
	switch {
	case s.side != nil && s.side.tries != nil:
		s.side.tries.add(t.instance)
	case len(s.tries) >= manyTries:
		s.indexTries()
	}
	return true
}

func (s *Stage) indexTries() {
	x := &tryIndex{last: make(map[unique.Handle[string]]int32, 2*len(s.tries)), prev: make([]int32, 0, 2*len(s.tries))}
	for i := range s.tries {
		x.add(s.tries[i].instance)
	}
	s.extra().tries = x
}

// instances is the number of instances of which a try has come.
func (s *Stage) instances() int {
	if s.side != nil && s.side.tries != nil {
		return len(s.side.tries.last)
	}
	n := 0
	for i := range s.tries {
		if !slices.ContainsFunc(s.tries[:i], func(t Try) bool { return t.instance == s.tries[i].instance }) {
			n++
		}
	}
	return n
}

// compareTries orders the tries of an instance: by attempt if both have one, else those that another one followed first, then by start.
func compareTries(a, b *Try) int {
	if a.attempt > 0 && b.attempt > 0 && a.attempt != b.attempt {
		return cmp.Compare(a.attempt, b.attempt)
	}
	return cmp.Or(compareBool(b.Retried(), a.Retried()), compareStart(a, b))
}

func compareStart(a, b *Try) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), bytes.Compare(a.SpanID[:], b.SpanID[:]), cmp.Compare(a.trace, b.trace))
}
