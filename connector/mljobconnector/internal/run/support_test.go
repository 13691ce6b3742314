// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// base is when the runs of tests start, in event time and on the collector's clock.
var base = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }

func traceID(n int) (id TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func spanID(n int) (id SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// span is a span of trace 1 that lasts from start to end seconds.
func span(kind Kind, id, start, end int, change ...func(*Span)) Span {
	s := Span{
		Kind: kind, TraceID: traceID(1), SpanID: spanID(id), Job: "job", Name: fmt.Sprint("span ", id), Service: "trainer",
		Start: at(start), End: at(end), RowsIn: -1, RowsOut: -1,
	}
	if kind == KindStage || kind == KindRoot {
		s.Outcome = Success
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func task(name string) func(*Span)     { return func(s *Span) { s.Task = name } }
func instance(name string) func(*Span) { return func(s *Span) { s.Instance = name } }
func attempt(n int) func(*Span)        { return func(s *Span) { s.Attempt = n } }
func retried(s *Span)                  { s.Retried = true }
func parent(id int) func(*Span)        { return func(s *Span) { s.ParentID = spanID(id) } }
func trace(id int) func(*Span)         { return func(s *Span) { s.TraceID = traceID(id) } }
func okay(s *Span)                     { s.OK = true }
func wrote(rows int64) func(*Span)     { return func(s *Span) { s.RowsOut = rows } }
func read(rows int64) func(*Span)      { return func(s *Span) { s.RowsIn = rows } }
func metric(name string, v float64) func(*Span) {
	return func(s *Span) { s.Metrics = append(s.Metrics, Value{name, v}) }
}

func nulls(name string, v float64) func(*Span) {
	return func(s *Span) { s.NullRatios = append(s.NullRatios, Value{name, v}) }
}

func outcome(o Outcome) func(*Span) { return func(s *Span) { s.Outcome, s.Explicit = o, true } }

func fails(exceptionType, message string) func(*Span) {
	return func(s *Span) { s.Outcome, s.ExceptionType, s.Message = Failure, exceptionType, message }
}

func newRun(limits Limits) *Run { return New(Key{"production", "job"}, "run-1", false, limits) }

// of is a run of spans that all came at second 1000.
func of(spans ...Span) *Run {
	r := newRun(DefaultLimits)
	for i := range spans {
		r.Add(&spans[i], at(1000))
	}
	return r
}

// dump writes all that a run says, whatever the order of its spans was.
func dump(r *Run) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Key, r.ID, r.ByTrace, r.LogicalDate, r.Resumes, r.FirstSeen, r.LastSeen, r.Start, r.End, r.Lost, r.Began(), r.Sign(), r.Marked())
	traces := slices.Clone(r.Traces)
	slices.SortFunc(traces, func(a, b TraceID) int { return strings.Compare(string(a[:]), string(b[:])) })
	fmt.Fprintln(&b, traces)
	if r.Root != nil {
		fmt.Fprintln(&b, *r.Root)
	}
	fmt.Fprintln(&b, "cause", r.RootCause(""))
	stages := slices.Clone(r.Stages)
	slices.SortFunc(stages, func(a, b *Stage) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range stages {
		fmt.Fprintln(&b, s.Name, s.Expected, s.Arrived(), s.Began(), s.Sign(), s.Marked(), s.Ended(), "cause", r.RootCause(s.Name))
		for _, i := range s.Instances() {
			fmt.Fprintln(&b, " instance", i.Name, i.RowsIn(), i.RowsOut(), i.NullRatios(), i.Metrics(), i.Recovered())
			for _, t := range i.Attempts {
				exceptionType, message := t.Exception()
				above := 0
				for range r.Above(t) {
					above++
				}
				fmt.Fprintln(&b, "  attempt", r.TraceOf(t), t.SpanID, t.Start(), t.Duration(), t.Number(), t.Outcome, t.Retried(), t.Explicit(), t.Dropped(),
					t.Cause(), exceptionType, message, t.RowsIn, t.RowsOut, above, r.Cause(t))
			}
		}
	}
	return b.String()
}

// randomSpans are those of a run of anything that runs can have.
func randomSpans(rng *rand.Rand) []Span {
	pick := func(n int) bool { return rng.IntN(n) == 0 }
	var spans []Span
	next := 0
	id := func() int { next++; return next }
	traces := 1 + rng.IntN(3)
	add := func(kind Kind, start int, change ...func(*Span)) int {
		n := id()
		s := span(kind, n, start, start+rng.IntN(100), change...)
		s.TraceID = traceID(1 + rng.IntN(traces))
		if pick(10) {
			s.LogicalDate = fmt.Sprint("2026-11-2", rng.IntN(3))
		}
		if pick(20) {
			s.Resumes = fmt.Sprint("run-", rng.IntN(3))
		}
		spans = append(spans, s)
		return n
	}
	data := func(s *Span) {
		if pick(2) {
			s.RowsOut = rng.Int64N(1000)
		}
		if pick(3) {
			s.RowsIn = rng.Int64N(1000)
		}
		for f := range rng.IntN(3) {
			s.NullRatios = append(s.NullRatios, Value{fmt.Sprint("f", 3-f), rng.Float64()})
		}
		if pick(3) {
			s.Metrics = append(s.Metrics, Value{"auc", rng.Float64()})
		}
	}
	result := func(s *Span) {
		s.Outcome = Outcome(1 + rng.IntN(6))
		if s.Outcome.Bad() {
			s.ExceptionType, s.Message = fmt.Sprint("E", rng.IntN(3)), "message"
		}
		if s.Kind == KindInner && pick(3) {
			s.OK, s.Outcome = true, Success
		}
		s.Explicit, s.Retried, s.Dropped = pick(2), pick(5), pick(20)
		if pick(10) {
			s.Cause = "upstream_failed"
		}
	}
	for stage := range 1 + rng.IntN(5) {
		name := task(fmt.Sprint("stage", stage))
		for i := range 1 + rng.IntN(3) {
			which := instance([]string{"", "0", "10"}[i])
			for range 1 + rng.IntN(3) {
				start := rng.IntN(1000)
				n := add(KindStage, start, name, which, result, data, attempt(rng.IntN(4)), func(s *Span) { s.Instances = rng.IntN(4) })
				for range rng.IntN(4) {
					p := n
					if pick(3) {
						p = 1 + rng.IntN(next)
					}
					change := []func(*Span){parent(p), result, which}
					if pick(2) {
						change = append(change, name, data)
					}
					add(KindInner, start+rng.IntN(50), change...)
				}
			}
		}
		if pick(3) {
			add(KindMarker, rng.IntN(1000), name)
		}
	}
	for range rng.IntN(3) {
		add(KindMarker, rng.IntN(1000))
	}
	for range rng.IntN(3) {
		add(KindRoot, rng.IntN(100), result)
	}
	return spans
}

// twice returns the spans in another order, some of them twice.
func twice(rng *rand.Rand, spans []Span) []Span {
	out := slices.Clone(spans)
	for _, s := range spans {
		if rng.IntN(3) == 0 {
			out = append(out, s)
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func equal(t *testing.T, what, want, got string) {
	t.Helper()
	if want != got {
		w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
		for i := range min(len(w), len(g)) {
			if w[i] != g[i] {
				t.Fatalf("%s: line %d:\nwant %s\n got %s", what, i, w[i], g[i])
			}
		}
		t.Fatalf("%s: want %d lines, got %d", what, len(w), len(g))
	}
}

// encoded is a run as it is stored.
func encoded(r *Run) []byte {
	e := &wire.Encoder{}
	r.Encode(e)
	return e.Bytes()
}

// decode reads a run that encoded has returned.
func decode(r *Run, data []byte) error { return r.Decode(wire.NewDecoder(data)) }
