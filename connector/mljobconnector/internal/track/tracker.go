// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package track follows all runs of all jobs: it gives each span to its run, notices what did not
// happen, and keeps the alerts.
//
//	Observe ─► index (index.go): the span's run ─► reindex (observe.go): its date, its slot, its timer
//	Tick ────► timers (timers.go) ─┬─► a run (tracked.go, decide.go): package judge's word ─► raise, supersede, resolve (ledger.go)
//	                               └─► a job (job.go, scheduled.go, slots.go): scheduled times without a run
//	Alive ───► liveness (liveness.go): is anything received at all? (outage.go)
//	                                          │ what has changed, in one batch (internal/state)
//	                                          ▼
//	Due, Sent ◄─ the alerts as they were written last, or from memory where the store refuses
//
// Time is what the caller says it is. All that is decided, or that decisions depend on, is written
// before Observe or Tick returns, and an alert is emitted as it was written: whenever the process is
// killed, no alert is lost and none begins twice. Where the store refuses, alerts come first: they
// are emitted and say that they are not stored, and Observe returns the error, so that who has sent
// the spans keeps them.
package track

import (
	"container/list"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// Options are ml_job's.
type Options struct {
	judge.Options
	// Cards gives the current set of cards; nil for none.
	Cards func() *catalog.Set
	// DecisionWait is the time from a run's end to its judgement.
	DecisionWait time.Duration
	// ScheduleGrace is how late the first sign of a scheduled run may be where the card has no
	// finish_within.
	ScheduleGrace time.Duration
	// NoTelemetry is how long everything must be silent for the alert of that name; 0 turns it off.
	NoTelemetry time.Duration
	// Severity is of alerts on jobs without a card.
	Severity alert.Severity
	// TraceURL is the template of links, with {trace_id} and {span_id}.
	TraceURL string
	// Resend is how often a firing alert is emitted again; KeepResolved how long a resolved one is.
	Resend, KeepResolved time.Duration
	// EndAfter is how long nothing must be heard of a job for its alerts to end; 0 for never.
	EndAfter time.Duration
	Limits   Limits
	// Notice is told what a limit keeps out or pushes out, Accepted what has become the new normal
	// of a job, with the tracker's lock held; nil for nobody.
	Notice   func(Notice)
	Accepted func(run.Key, judge.Accepted)
}

// Limits bound the tracker.
type Limits struct {
	run.Limits
	// Jobs, Runs (open ones), Closed (runs that have ended and may be re-opened by late spans),
	// Alerts, Pending (erring spans of traces that have no run yet).
	Jobs, Runs, Closed, Alerts, Pending int
}

// Tracker is the state of one ml_job. Its methods are safe for concurrent use; Load comes before
// all others, and Due and Sent are called from one goroutine. A lock is held for a batch of job
// spans, including its write; Alive takes none.
type Tracker struct {
	options  Options
	judge    judgement
	liveness liveness

	mu      sync.Mutex // guards what follows
	cards   *catalog.Set
	records *state.Records
	jobs    map[run.Key]*job
	// byAge has the jobs, the one silent for longest first.
	byAge *list.List
	index index
	// strangers are the runs of jobs that nothing vouches for, environments the number of those in which a
	// card speaks of its job.
	strangers    group
	environments map[*catalog.Job]int
	// shared is the alert on all that finds no room for one of its own.
	shared *shared
	timers timers
	ledger *ledger
	// touched are the runs that the batch at hand has changed.
	touched []*tracked

	// started is when the tracker was loaded; down when it was last alive before, zero if it never
	// was.
	started, down time.Time
	outage        outage
	// saved is when meta and services were written, wrote when a write was last tried.
	saved, wrote time.Time
	// refused is the error of that write, nil if it went well.
	refused error

	counted          counted
	evicted          map[string]uint64
	accepted         map[judge.Kind]uint64
	duplicates, late uint64
}

// New returns an empty tracker.
func New(o Options) *Tracker {
	tr := &Tracker{
		options: o, judge: standard{},
		records: newRecords(), jobs: map[run.Key]*job{}, byAge: list.New(), index: newIndex(o.Limits.Pending),
		outage: outage{suspects: map[run.Key]time.Time{}}, evicted: map[string]uint64{},
		accepted: map[judge.Kind]uint64{}, environments: map[*catalog.Job]int{},
	}
	tr.ledger = newLedger(tr.records, o.Limits.Alerts, o.Resend, o.KeepResolved)
	tr.ledger.standing = tr.standingOf
	tr.ledger.lost = func(now time.Time, e *entry) {
		tr.share(now, faultOf(e))
	}
	return tr
}

// judgement is package judge, or a test's.
type judgement interface {
	Ended(r *run.Run, e judge.Expect, now time.Time) (ended bool, at time.Time)
	Judge(r *run.Run, e judge.Expect, deadlinePassed bool) judge.Verdict
	Running(r *run.Run, e judge.Expect, now time.Time) (faults []judge.Fault, next time.Time)
	Overdue(r *run.Run, e judge.Expect, slot, deadline time.Time) judge.Fault
	Learn(h *judge.History, r *run.Run, e judge.Expect, v judge.Verdict) []judge.Accepted
	Forget(h *judge.History, r *run.Run)
}

type standard struct{}

func (standard) Ended(r *run.Run, e judge.Expect, now time.Time) (bool, time.Time) {
	return judge.Ended(r, e, now)
}

func (standard) Judge(r *run.Run, e judge.Expect, deadlinePassed bool) judge.Verdict {
	return judge.Judge(r, e, deadlinePassed)
}

func (standard) Running(r *run.Run, e judge.Expect, now time.Time) ([]judge.Fault, time.Time) {
	return judge.Running(r, e, now)
}

func (standard) Overdue(r *run.Run, e judge.Expect, slot, deadline time.Time) judge.Fault {
	return judge.Overdue(r, e, slot, deadline)
}

func (standard) Learn(h *judge.History, r *run.Run, e judge.Expect, v judge.Verdict) []judge.Accepted {
	return h.Learn(r, e, v)
}

func (standard) Forget(h *judge.History, r *run.Run) { h.Forget(r) }
