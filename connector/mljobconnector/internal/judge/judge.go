// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package judge says what is wrong with a run of a job, given the job's card and the history of its
// good runs. It keeps no state and no time: the same run, card, history and moment give the same
// answer.
//
//	run + card + history ─► view (view.go): the stages in the order of the run (order.go), each summed up (stage.go)
//	                          ├─► Ended    (ended.go)
//	                          ├─► Judge    (verdict.go)  ─┬─ failed.go, missing.go, metrics.go, rows.go, nulls.go, features.go, slow.go
//	                          └─► Running  (running.go)  ─┴─ overdue.go
//	good run ─► History.Learn (history.go) ─┬─► medians (baseline.go)
//	                                        ├─► durations (pace.go): what is slow, and the new pace
//	                                        └─► which stages run (presence.go, absence.go): what is missing, and what is gone
package judge

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
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
	StageMissing      Kind = "StageMissing"      // the run ended well without the stage (a warning if no card names it)
	StageOverdue      Kind = "StageOverdue"      // the stage should have ended by now
	StageStalled      Kind = "StageStalled"      // no sign of life for longer than its heartbeat
	StageRetried      Kind = "StageRetried"      // good after a failed attempt (a warning, on request)
	StageMetric       Kind = "StageMetric"       // a metric out of bounds, worse than in the last good run, or not a number
	StageRows         Kind = "StageRows"         // rows fell against the last good runs
	StageNulls        Kind = "StageNulls"        // nulls in a column rose against the last good runs
	StageFeatures     Kind = "StageFeatures"     // a column vanished or appeared
	ManyJobsFailed    Kind = "ManyJobsFailed"    // what finds no room for an alert of its own
	NoTelemetry       Kind = "NoTelemetry"       // nothing at all is received any more
)

// Fault is one thing that is wrong.
type Fault struct {
	Kind Kind
	// Stage is the one at fault; empty if the run as a whole is.
	Stage string
	// Warning says that the fault is worth a warning, whatever the card's severity.
	Warning bool
	// Learned says that only the history calls it a fault: the run is good all the same and feeds
	// the history, so that what stays becomes the new normal.
	Learned bool
	// Repeats says that the runs right before had the same fault: it keeps an alert, and begins
	// none.
	Repeats bool
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
	// MinRuns is the number of good runs that learned limits need; Runs the number that medians
	// look back on.
	MinRuns, Runs int
	// Absence is how long to wait before something missing is a fault.
	Absence time.Duration
	// WarnOnRetries asks for StageRetried.
	WarnOnRetries bool
}

// Expect is what a run is held against. Card may be nil; History is not.
type Expect struct {
	Options
	Card    *catalog.Job
	History *History
	// Resumed is the run that this one resumes, nil if it resumes none or that one is not known:
	// its good stages count as done.
	Resumed *run.Run
	// Partial says that spans of the run were forgotten: what has not come, and what is fewer than
	// usual, says nothing. What failed does.
	Partial bool
	// Slotted says that the caller holds the run against the deadline of its scheduled slot:
	// Running does not then say JobOverdue.
	Slotted bool
}

// Verdict is the judgement on a run that has ended.
type Verdict struct {
	// Outcome is the run's; Success only if a span said so. Unknown if nothing has ended at all.
	Outcome run.Outcome
	// Good says that nothing at all is wrong, but for stages that the job can do without.
	Good bool
	// Feeds says that the run may feed the history: it is good, or only the history finds fault with
	// it.
	Feeds bool
	// Fault is the one to alert on, nil if Good or if the outcome needs no alert (a skipped run);
	// Also are the others, in the order of the run. One that is more than a warning comes before
	// one that is not, then one that repeats before one that is new.
	Fault *Fault
	Also  []Fault
	// Warnings go beside a good verdict: StageRetried, and StageFailed of an optional stage.
	Warnings []Fault
	// Waits says that something is missing that may still come: ask again when Absence has passed.
	Waits bool
}

// has reports whether a kind of fault is among those of the verdict.
func (v *Verdict) has(kind Kind) bool {
	return v.Fault != nil && v.Fault.Kind == kind || slices.ContainsFunc(v.Also, func(f Fault) bool { return f.Kind == kind })
}
