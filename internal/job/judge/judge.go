// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package judge says what is wrong with a run of a job, given the job's card and the history of its good runs.
package judge

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/job/run"
)

// Kind is the kind of a fault: the name of its alert.
type Kind string

// The kinds of faults. Those of a run as a whole come first.
const (
	JobFailed         Kind = "JobFailed"         // the run ended in failure; Stage is the one at fault, if any is known
	JobCancelled      Kind = "JobCancelled"      // the run was cancelled (a warning)
	JobOverdue        Kind = "JobOverdue"        // the run should have ended by now
	JobMissedSchedule Kind = "JobMissedSchedule" // no run came for a scheduled time
	JobSlow           Kind = "JobSlow"           // ended well but took longer than its history (a warning)
	StageFailed       Kind = "StageFailed"       // the run ended well although the stage failed, or lost more instances than allowed
	StageMissing      Kind = "StageMissing"      // the run ended well without the stage
	StageOverdue      Kind = "StageOverdue"      // the stage should have ended by now
	StageStalled      Kind = "StageStalled"      // no sign of life for longer than its heartbeat
	StageRetried      Kind = "StageRetried"      // good after a failed try (a warning, on request)
	StageMetric       Kind = "StageMetric"       // a metric out of bounds, worse than in the last good run, or not a number
	StageRows         Kind = "StageRows"         // rows fell against the last good runs
	StageNulls        Kind = "StageNulls"        // nulls in a column rose against the last good runs
	StageFeatures     Kind = "StageFeatures"     // a column vanished or appeared
	NoTelemetry       Kind = "NoTelemetry"       // nothing at all is received any more
)

// Fault is one thing that is wrong.
type Fault struct {
	Kind Kind
	// Stage is the one at fault; empty if the run as a whole is.
	Stage string
	// Warning says that the fault is worth a warning, whatever the card's severity.
	Warning bool
	// Summary is a sentence with the numbers in it.
	Summary string
	// Annotations are the facts behind it. Example: {"rows": "75000", "rows_expected": "100000"}.
	Annotations map[string]string
	TraceID     run.TraceID
	SpanID      run.SpanID
}

// Options are ml_job's defaults for what a card leaves open.
type Options struct {
	// MaxRowDrop and MaxNullIncrease are shares, 0 to 1.
	MaxRowDrop, MaxNullIncrease float64
	// MinRuns is the number of good runs that learned limits need; Runs the number that medians look back on.
	MinRuns, Runs int
	// Absence is how long to wait before something absent is a fault.
	Absence time.Duration
	// WarnOnRetries asks for StageRetried.
	WarnOnRetries bool
}

// Expect is what a run is held against. Card may be nil; History is not.
type Expect struct {
	Options
	Card    *catalog.Job
	History *History
	// Resumed is the run that this one resumes, nil if it resumes none or that one is not known: its good stages count as done.
	Resumed *run.Run
	// Slotted says that the caller holds the run against the deadline of its scheduled slot: Running does not then say JobOverdue.
	Slotted bool
}

// Verdict is the judgement on a run that has ended.
type Verdict struct {
	// Outcome is the run's; Success only if a span said so and no stage failed.
	Outcome run.Outcome
	// Good says that nothing at all is wrong: the run may feed history and resolve alerts.
	Good bool
	// Fault is the one to alert on, nil if Good or if the outcome needs no alert (a skipped run); Also are the others, in the order of the run.
	Fault *Fault
	Also  []Fault
	// Warnings go beside a good verdict, such as StageRetried.
	Warnings []Fault
	// Waits says that something is absent that may still come: ask again when Absence has passed.
	Waits bool
}

// StageResult is a stage of a run in numbers.
type StageResult struct {
	Name string
	// Outcome is Unknown where the stage has not ended.
	Outcome run.Outcome
	// Duration is the longest instance's, of its final try.
	Duration time.Duration
	// RowsIn and RowsOut are the sums over the instances, negative if none said.
	RowsIn, RowsOut int64
	// Instances is the number of which a try has come; Failed of those that failed finally, Retries of tries before the final ones.
	Instances, Failed, Retries int
}

// Stages returns the stages of a run of which a try has come, in the order of the run.
func Stages(r *run.Run, e Expect) []StageResult { return nil }

// Missing returns the stages that the run is expected to have and that have not ended, in the order of the run.
func Missing(r *run.Run, e Expect) []string { return nil }

// Overdue words the fault of a run that has not ended by the deadline of its scheduled slot, both in the zone in which they are to be
// shown. It names the stages that are missing.
func Overdue(r *run.Run, e Expect, slot, deadline time.Time) Fault { return Fault{} }

// History is what is remembered of the good runs of a job.
type History struct{}

// Ended says whether the run has ended: by its root, or without one when all that is expected has ended, or when it has failed or nothing is
// known of what is expected and no sign of life has come for Absence. at is when it ended, on the collector's clock (the root's arrival, else the
// latest span's); of a run that goes on, when to ask again if no span comes, zero for never.
func Ended(r *run.Run, e Expect, now time.Time) (ended bool, at time.Time) { return false, time.Time{} }

// Judge gives the verdict on a run that has ended. Absent stages, instances and metrics are faults only where absence is true.
func Judge(r *run.Run, e Expect, absence bool) Verdict { return Verdict{} }

// Running gives the faults of a run that goes on: those of stages that have ended (rows, nulls, features, metrics), and what is overdue or
// stalled by now. next is when to ask again if no span comes, zero for never.
func Running(r *run.Run, e Expect, now time.Time) (faults []Fault, next time.Time) {
	return nil, time.Time{}
}

// Learn adds a good run. Backfills and resumed runs are not to be given.
func (h *History) Learn(r *run.Run) {}

// MarshalBinary writes the history, with a version of the format.
func (h *History) MarshalBinary() ([]byte, error) { return nil, nil }

// UnmarshalBinary reads what MarshalBinary wrote.
func (h *History) UnmarshalBinary(data []byte) error { return nil }
