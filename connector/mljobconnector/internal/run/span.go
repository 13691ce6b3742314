// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import "time"

// TraceID is a trace's id as on the wire.
type TraceID [16]byte

// SpanID is a span's id as on the wire.
type SpanID [8]byte

// Kind is what a span is to its run.
type Kind uint8

// The kinds of spans.
const (
	// KindInner spans are below a stage or a run: epochs, queries, calls. They are signs of life
	// and evidence.
	KindInner Kind = iota
	// KindRoot is the span of the run itself. It ends the run.
	KindRoot
	// KindStage is the span of one attempt of a stage, or of one instance of it. It ends that
	// attempt.
	KindStage
	// KindMarker says that a run (Task empty) or a stage is pending, executing or finalizing. It
	// ends nothing.
	KindMarker
)

// Span is what one span says of a run of a job. The reader of ml_job fills it from the span, its
// scope and its resource; times are the span's own (event time).
type Span struct {
	Kind             Kind
	TraceID          TraceID
	SpanID, ParentID SpanID
	// Environment and Job are deployment.environment.name and cicd.pipeline.name; Job is empty on a
	// span that names no job, which then belongs to its trace's run.
	Environment, Job string
	// RunID is cicd.pipeline.run.id; empty where the trace id stands in.
	RunID string
	// LogicalDate and Resumes are ml.job.logical_date and ml.job.resumes as they came.
	LogicalDate, Resumes string
	// Name is the span's name, Service the resource's service.name.
	Name, Service string
	// Task, TaskRunID, Instance, Cause are cicd.pipeline.task.name, cicd.pipeline.task.run.id,
	// ml.stage.instance, ml.stage.cause.
	Task, TaskRunID, Instance, Cause string
	// Number is ml.stage.attempt, 0 if absent; Instances is ml.stage.instances, 0 if absent.
	Attempt, Instances int
	// Retried is true where ml.stage.final is false: another attempt follows. Final is true where
	// ml.stage.final is true.
	Retried, Final bool
	Start, End     time.Time
	// Outcome is the result attribute's (then Explicit is true), else derived from status,
	// error.type and exception events; Unknown on a marker.
	Outcome  Outcome
	Explicit bool
	// OK is true if the span's status was set to OK.
	OK bool
	// Message is the exception's message, else the status' message; ExceptionType the exception's
	// type, else error.type.
	ExceptionType, Message string
	// RowsIn and RowsOut are ml.stage.rows.in and .out; negative if absent.
	RowsIn, RowsOut int64
	// NullRatios and Metrics are ml.stage.null_ratio.* (0 to 1) and ml.stage.metric.*.
	NullRatios, Metrics []Value
	// Violations are the checks of a contract that its data broke, Severity the highest of them by
	// the span.
	Violations []Violation
	Severity   string
	// Foreign is true where the span is of a model, too, whose contract may be the one that is broken.
	Foreign bool
	// Dropped is true if the span has lost attributes to a limit: what is absent is then unknown.
	Dropped bool
}

// Violation is a check, by its ID, with how many rows broke it.
type Violation struct {
	ID   string
	Rows uint64
}

// Value is a named number.
type Value struct {
	Name  string
	Value float64
}
