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

// addAttempt takes the span of an attempt in, and reports whether it is report.
func (s *Stage) addAttempt(r *Run, span *Span, trace uint16, at sighting) bool {
	t := Attempt{
		SpanID: span.SpanID, RowsIn: max(span.RowsIn, -1), RowsOut: max(span.RowsOut, -1), start: at.start, end: at.end,
		instance: unique.Make(span.Instance), trace: trace, Outcome: span.Outcome,
		number: uint16(max(0, min(span.Attempt, math.MaxUint16))),
		flags: flagOf(span.Retried, flagRetried) | flagOf(span.Explicit, flagExplicit) | flagOf(span.Dropped, flagDropped) |
			flagOf(span.OK, flagOK),
	}
	d := detail{cause: span.Cause, nulls: sorted(span.NullRatios), metrics: sorted(span.Metrics)}
	if t.Outcome.Bad() {
		d.parent, d.exceptionType, d.message = span.ParentID, span.ExceptionType, span.Message
	}
	if d.parent != (SpanID{}) || d.exceptionType != "" || d.message != "" || d.cause != "" || d.nulls != nil || d.metrics != nil {
		t.detail = &d
	}
	if !s.keepAttempt(r, t) {
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

// came notes when an attempt came.
func (s *Stage) came(at sighting) {
	const second = 1_000_000_000
	s.arrived = max(s.arrived, uint32(min((at.arrived+second-1)/second, math.MaxUint32)))
}

// sorted returns a bounded copy of values by name, nil for none. Of two of one name the first
// counts.
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

// manyAttempts is the number from which on attempts are found by their instance.
const manyAttempts = 32

// attemptIndex finds the attempts of an instance: last has the place of its latest one in
// Stage.attempts, prev that of the one before, by place; -1 for none.
type attemptIndex struct {
	last map[unique.Handle[string]]int32
	prev []int32
}

func (x *attemptIndex) put(instance unique.Handle[string]) {
	before, ok := x.last[instance]
	if !ok {
		before = -1
	}
	x.last[instance] = int32(len(x.prev))
	x.prev = append(x.prev, before)
}

// keepAttempt takes an attempt if it is news and there is a place for it.
func (s *Stage) keepAttempt(r *Run, t Attempt) bool {
	of, oldest, known := 0, -1, false // the attempts of the instance: how many, which of them is the first in order, whether t is among them
	consider := func(i int) {
		other := &s.attempts[i]
		// Airflow 3.2 gives all attempts of an instance the span id of the instance.
		known = known || other.SpanID == t.SpanID && other.trace == t.trace && other.number == t.number
		of++
		if oldest < 0 || compareAttempts(other, &s.attempts[oldest]) < 0 {
			oldest = i
		}
	}
	s.eachOf(t.instance, consider)
	switch {
	case known:
		return false
	case of == 0 && len(s.attempts) >= r.limits.Instances && !hasRoom(s.instances(), r.limits.Instances, t.failed()):
		r.exceed(ExceededInstances)
		s.extra().crowded = true
		return t.failed() && (s.replaceInstance(t, false) || s.replaceInstance(t, true))
	case of > 0 && of >= r.limits.Attempts:
		r.exceed(ExceededAttempts)
		if compareAttempts(&t, &s.attempts[oldest]) < 0 {
			return false
		}
		s.attempts[oldest] = t
		return true
	}
	s.attempts = append(s.attempts, t)
	s.end(t.instance)
	switch {
	case s.side != nil && s.side.attempts != nil:
		s.side.attempts.put(t.instance)
	case len(s.attempts) >= manyAttempts:
		s.indexAttempts()
	}
	return true
}

// replaceInstance puts the attempt of an instance that has failed in the place of an instance that
// has ended otherwise, or with open of one that is to be tried again; false if there is none. The
// search goes on where the one before has ended.
func (s *Stage) replaceInstance(t Attempt, open bool) bool {
	x := s.extra()
	for range len(s.attempts) {
		i := x.spared % len(s.attempts)
		x.spared = i + 1
		if s.attempts[i].Outcome.Bad() && !open {
			continue
		}
		final, of, old := i, 0, s.attempts[i].instance
		s.eachOf(old, func(j int) {
			of++
			if compareAttempts(&s.attempts[j], &s.attempts[final]) > 0 {
				final = j
			}
		})
		if f := &s.attempts[final]; f.failed() || f.Outcome.Bad() && !open {
			continue
		}
		s.attempts[i] = t
		s.end(t.instance)
		switch {
		case of > 1:
			s.attempts = slices.DeleteFunc(s.attempts, func(a Attempt) bool { return a.instance == old })
			if x.attempts != nil {
				s.indexAttempts()
			}
		case x.attempts != nil:
			delete(x.attempts.last, old)
			x.attempts.last[t.instance] = int32(i)
		}
		return true
	}
	return false
}

// eachOf gives the places of the attempts of an instance.
func (s *Stage) eachOf(instance unique.Handle[string], yield func(int)) {
	if s.side != nil && s.side.attempts != nil {
		i, ok := s.side.attempts.last[instance]
		for ok && i >= 0 {
			yield(int(i))
			i = s.side.attempts.prev[i]
		}
		return
	}
	for i := range s.attempts {
		if s.attempts[i].instance == instance {
			yield(i)
		}
	}
}

func (s *Stage) indexAttempts() {
	x := &attemptIndex{last: make(map[unique.Handle[string]]int32, 2*len(s.attempts)), prev: make([]int32, 0, 2*len(s.attempts))}
	for i := range s.attempts {
		x.put(s.attempts[i].instance)
	}
	s.extra().attempts = x
}

// instances is the number of instances of which an attempt has come.
func (s *Stage) instances() int {
	if s.side != nil && s.side.attempts != nil {
		return len(s.side.attempts.last)
	}
	n := 0
	for i := range s.attempts {
		if !slices.ContainsFunc(s.attempts[:i], func(t Attempt) bool { return t.instance == s.attempts[i].instance }) {
			n++
		}
	}
	return n
}

// compareAttempts orders the attempts of an instance: by attempt if both have one, else those that
// another one followed first, then by start.
func compareAttempts(a, b *Attempt) int {
	if a.number > 0 && b.number > 0 && a.number != b.number {
		return cmp.Compare(a.number, b.number)
	}
	return cmp.Or(compareBool(b.Retried(), a.Retried()), compareStart(a, b))
}

func compareStart(a, b *Attempt) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), bytes.Compare(a.SpanID[:], b.SpanID[:]), cmp.Compare(a.trace, b.trace))
}
