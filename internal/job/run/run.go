// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package run puts the spans of one run of a job together: its stages, their instances and tries, its errors.
package run

import "time"

// Key is a job in an environment.
type Key struct{ Environment, Job string }

// Limits bound a run. What exceeds them is counted in Run.Lost, the rest of the run goes on.
type Limits struct {
	// Stages is per run, Instances per stage, Attempts per instance, Errors (erring inner spans), Links (parents of inner spans) and
	// Traces per run.
	Stages, Instances, Attempts, Errors, Links, Traces int
}

// DefaultLimits are ml_job's.
var DefaultLimits = Limits{Stages: 1000, Instances: 10000, Attempts: 20, Errors: 32, Links: 512, Traces: 1000}

// Run is one run of a job, as far as its spans tell.
type Run struct {
	Key Key
	// ID is the run id, or the trace id in hexadecimal where ByTrace is set.
	ID      string
	ByTrace bool
	// LogicalDate and Resumes are as they came; empty if no span had them.
	LogicalDate, Resumes string
	Traces               []TraceID
	// FirstSeen and LastSeen are when the first and the latest new span came, on the collector's clock.
	FirstSeen, LastSeen time.Time
	// Start and End are the earliest start and the latest end of the spans, in event time.
	Start, End time.Time
	// Root is the run's own span; nil until it came.
	Root *Root
	// Stages are in the order in which they were first seen.
	Stages []*Stage
	// Lost counts spans that a limit kept out.
	Lost int
}

// Root is the span of the run itself.
type Root struct {
	TraceID    TraceID
	SpanID     SpanID
	Start, End time.Time
	// Arrived is when it came, on the collector's clock.
	Arrived                time.Time
	Outcome                Outcome
	Explicit, OK           bool
	ExceptionType, Message string
}

// Stage is one stage of a run.
type Stage struct {
	Name string
}

// New starts a run.
func New(key Key, id string, byTrace bool, limits Limits) *Run {
	return &Run{Key: key, ID: id, ByTrace: byTrace}
}

// Add takes a span in, at a time of the collector's clock. It reports false for a span that it has seen and for one that changes nothing.
func (r *Run) Add(s *Span, now time.Time) bool { return false }

// Merge takes in what another run of the same job holds, which turned out to be this one.
func (r *Run) Merge(other *Run) {}

// Logical returns the time by which runs of a job are ordered: the logical date, else the start. given is false for the latter.
func (r *Run) Logical() (at time.Time, given bool) { return r.Start, false }

// MarshalBinary writes the run, with a version of the format.
func (r *Run) MarshalBinary() ([]byte, error) { return nil, nil }

// UnmarshalBinary reads what MarshalBinary wrote.
func (r *Run) UnmarshalBinary(data []byte) error { return nil }
