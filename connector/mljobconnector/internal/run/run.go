// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package run puts the spans of one run of a job together: its stages, their instances and
// attempts, its errors.
//
// A run takes its spans in any order, late and twice, and is the same afterwards: where two spans
// disagree, a rule decides that does not depend on which of them came first. It knows what was
// said; what that means is for package judge to say.
//
//	spans ─► Run.Add ─┬─► Root                         (root.go)
//	                  ├─► Stages ─► attempts by instance  (stage.go, attempt.go, instance.go)
//	                  ├─► signs of life                (life.go)
//	                  └─► errors and parents           (evidence.go) ─► Cause: the deepest erring span
package run

import (
	"math"
	"slices"
	"time"
	"unique"
)

// Key is a job in an environment.
type Key struct{ Environment, Job string }

// Limits bound a run. What exceeds them is counted in Run.Lost, the rest of the run goes on. What
// has failed beyond the limits of stages and instances still finds a place, up to Reserved of each,
// and then that of one that has not failed: a failure that nobody names would be worse than a long
// list.
type Limits struct {
	// Stages is per run, Instances per stage, Attempts per instance (the latest are kept), Errors
	// (erring inner spans; those that end last are kept), Links (parents of inner spans; those that
	// came last are kept) and Traces per run.
	Stages, Instances, Attempts, Errors, Links, Traces int
}

// DefaultLimits are ml_job's.
var DefaultLimits = Limits{Stages: 1000, Instances: 10000, Attempts: 20, Errors: 32, Links: 512, Traces: 1000}

// Reserved is the number of failed stages of a run, and of failed instances of a stage, that find a
// place beyond Limits before they take that of others. Attempts that another one is to follow are
// not among them: the last one is.
const Reserved = 100

// Exceeded says which limits kept something out.
type Exceeded uint8

// The limits that can keep something out.
const (
	ExceededStages Exceeded = 1 << iota
	ExceededInstances
	ExceededAttempts
	ExceededTraces
)

// maxTraces is the number of traces that a run can tell apart, whatever its limits say.
const maxTraces = math.MaxUint16 - 1

// Run is one run of a job, as far as its spans tell.
type Run struct {
	Key Key
	// ID is the run id, or the trace id in hexadecimal where ByTrace is set.
	ID      string
	ByTrace bool
	// LogicalDate and Resumes are as they came; empty if no span had them. If spans disagree, the
	// first in the order of text counts.
	LogicalDate, Resumes string
	// Traces are in the order in which they were first seen. Once full, spans of further traces are
	// taken without their trace id.
	Traces []TraceID
	// FirstSeen and LastSeen are when the first and the latest new span came, on the collector's
	// clock.
	FirstSeen, LastSeen time.Time
	// Start and End are the earliest start and the latest end of the spans, in event time; zero if
	// no span had any.
	Start, End time.Time
	// Root is the run's own span; nil until it came.
	Root *Root
	// Stages are in the order in which they were first seen.
	Stages []*Stage
	// Lost counts spans that a limit kept out.
	Lost int

	limits *Limits
	life   life
	// crowded says that a stage found no place.
	crowded bool
	// exceeded is what TakeExceeded returns next. It is not stored.
	exceeded Exceeded
	// more is nil until something needs it.
	more *more
}

// more is what plain runs do not have.
type more struct {
	errors []failure
	links  links
	// byName finds stages once there are many.
	byName map[unique.Handle[string]]*Stage
}

// New starts a run.
func New(key Key, id string, byTrace bool, limits Limits) *Run {
	r := &Run{Key: intern(key), ID: id, ByTrace: byTrace, limits: &DefaultLimits}
	if limits != DefaultLimits {
		r.limits = &limits
	}
	return r
}

func intern(k Key) Key {
	return Key{Environment: unique.Make(k.Environment).Value(), Job: unique.Make(k.Job).Value()}
}

// Add takes a span in, at a time of the collector's clock. It reports false for a span that it has
// seen and for one that changes nothing. Inner spans and markers that came long ago (more than
// Limits.Links of them) are not recognized; they change no more than LastSeen.
func (r *Run) Add(s *Span, now time.Time) bool {
	trace := r.trace(s.TraceID)
	at := sighting{start: nanos(s.Start), end: nanos(s.End), arrived: nanos(now)}
	if at.start == 0 {
		at.start = at.end
	}
	at.end = max(at.end, at.start)
	switch s.Kind {
	case KindRoot:
		if !r.addRoot(s, trace, now) {
			return false
		}
	case KindStage:
		st := r.stage(s.Task, s.Outcome.Bad() && !s.Retried)
		if st == nil || !st.addAttempt(r, s, trace, at) {
			return false
		}
	default:
		if !r.addInner(s, trace, at) {
			return false
		}
	}
	switch {
	case int(trace) == len(r.Traces):
		r.Traces = append(r.Traces, s.TraceID)
	case trace == unknownTrace && s.TraceID != (TraceID{}):
		r.exceed(ExceededTraces)
	}
	r.LogicalDate = firstText(r.LogicalDate, s.LogicalDate)
	r.Resumes = firstText(r.Resumes, s.Resumes)
	r.life.sighted(at)
	r.seen(now, now)
	r.span(at.start, at.end)
	return true
}

// trace gives the number of a trace, unknownTrace if there is no place for it. It does not remember
// a new one.
func (r *Run) trace(id TraceID) uint16 {
	for i, known := range slices.Backward(r.Traces) {
		if known == id {
			return uint16(i)
		}
	}
	if id == (TraceID{}) || len(r.Traces) >= min(r.limits.Traces, maxTraces) {
		return unknownTrace
	}
	return uint16(len(r.Traces))
}

const unknownTrace = math.MaxUint16

// traceID is the inverse of trace.
func (r *Run) traceID(n uint16) TraceID {
	if int(n) < len(r.Traces) {
		return r.Traces[n]
	}
	return TraceID{}
}

// firstText returns the first of two strings that is not empty.
func firstText(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// seen notes when spans came.
func (r *Run) seen(first, last time.Time) {
	first, last = timeOf(nanos(first)), timeOf(nanos(last)) // without the monotonic clock
	if !first.IsZero() && (r.FirstSeen.IsZero() || first.Before(r.FirstSeen)) {
		r.FirstSeen = first
	}
	if last.After(r.LastSeen) {
		r.LastSeen = last
	}
}

// span widens the time of the run.
func (r *Run) span(start, end int64) {
	if start != 0 && (r.Start.IsZero() || start < nanos(r.Start)) {
		r.Start = timeOf(start)
	}
	if end != 0 && end > nanos(r.End) {
		r.End = timeOf(end)
	}
}

// Stage returns the stage of a name, nil if no span named it.
func (r *Run) Stage(name string) *Stage {
	if r.more != nil && r.more.byName != nil {
		return r.more.byName[unique.Make(name)]
	}
	for _, s := range r.Stages {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// manyStages is the number from which on stages are found by a map.
const manyStages = 32

// exceed counts what a limit keeps out.
func (r *Run) exceed(e Exceeded) {
	r.Lost++
	r.exceeded |= e
}

// TakeExceeded returns the limits that have kept something out since it was called last.
func (r *Run) TakeExceeded() Exceeded {
	e := r.exceeded
	r.exceeded = 0
	return e
}

// Crowded reports whether a stage found no place: which stages have come is then not known.
func (r *Run) Crowded() bool { return r.crowded }

// stage returns the stage of a name, a new one if need be, nil if there is no place for it. There
// is more place for one that failed.
func (r *Run) stage(name string, failed bool) *Stage {
	if s := r.Stage(name); s != nil {
		return s
	}
	if hasRoom(len(r.Stages), r.limits.Stages, failed) {
		s := newStage(name)
		r.push(s)
		return s
	}
	r.exceed(ExceededStages)
	r.crowded = true
	if !failed {
		return nil
	}
	return r.replaceStage(name)
}

// replaceStage puts a stage in the place of the latest one that has not failed; nil if all have.
func (r *Run) replaceStage(name string) *Stage {
	for i, old := range slices.Backward(r.Stages) {
		if old.failed() {
			continue
		}
		s := newStage(name)
		r.Stages[i] = s
		if r.more != nil && r.more.byName != nil {
			delete(r.more.byName, old.name)
			r.more.byName[s.name] = s
		}
		return s
	}
	return nil
}

// hasRoom reports whether there is a place for one more beside n others.
func hasRoom(n, limit int, failed bool) bool {
	if failed {
		limit += Reserved
	}
	return n < limit
}

func (r *Run) push(s *Stage) {
	if len(r.Stages) == cap(r.Stages) { // runs of a dozen stages are many: grow by little
		r.Stages = slices.Grow(r.Stages, max(4, len(r.Stages)/4))
	}
	r.Stages = append(r.Stages, s)
	switch {
	case len(r.Stages) < manyStages:
	case len(r.Stages) == manyStages:
		r.extra().byName = make(map[unique.Handle[string]]*Stage, 2*len(r.Stages))
		for _, s := range r.Stages {
			r.more.byName[s.name] = s
		}
	default:
		r.more.byName[s.name] = s
	}
}

func (r *Run) extra() *more {
	if r.more == nil {
		r.more = &more{}
	}
	return r.more
}

// Began is when the run began on the collector's clock, as far as its spans tell: the earliest
// arrival of a span less the time that the span itself took. Clocks that differ between hosts do
// not matter to it; spans that are delivered late make it later.
func (r *Run) Began() time.Time { return timeOf(r.life.began) }

// Marked reports whether a marker said that the run itself (not one of its stages) is going on.
func (r *Run) Marked() bool { return r.life.marked }

// Sign is when the latest span came that is not clearly one of a stage, zero if none did.
func (r *Run) Sign() time.Time { return timeOf(r.life.arrived) }
