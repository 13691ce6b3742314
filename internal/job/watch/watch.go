// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package watch follows all runs of all jobs: it gives each span to its run, notices what did not happen, and keeps the alerts.
package watch

import (
	"context"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/job/judge"
	"github.com/otelcol-ml/otelcol-ml/internal/job/run"
)

// Options are ml_job's.
type Options struct {
	judge.Options
	// Cards gives the current set of cards; nil for none.
	Cards func() *catalog.Set
	// DecisionWait is the time from a run's end to its judgement.
	DecisionWait time.Duration
	// ScheduleGrace is how late the first sign of a scheduled run may be where the card has no finish_within.
	ScheduleGrace time.Duration
	// NoTelemetry is how long everything must be silent for the alert of that name; 0 turns it off.
	NoTelemetry time.Duration
	// Severity is of alerts on jobs without a card.
	Severity alert.Severity
	// TraceURL is the template of links, with {trace_id} and {span_id}.
	TraceURL string
	// Resend is how often a firing alert is emitted again; KeepResolved how long a resolved one is.
	Resend, KeepResolved time.Duration
	Limits               Limits
}

// Limits bound the watch.
type Limits struct {
	run.Limits
	// Jobs, Runs (open ones), Closed (runs that have ended and may be re-opened by late spans), Alerts, Pending (erring spans
	// of traces that have no run yet).
	Jobs, Runs, Closed, Alerts, Pending int
}

// Store keeps values by key. Batch writes all of set (a nil value deletes the key) at once or not at all.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Batch(ctx context.Context, set map[string][]byte) error
}

// Watch is the state of one ml_job. Its methods are safe for concurrent use.
type Watch struct{}

// New returns an empty watch.
func New(o Options) *Watch { return &Watch{} }

// Load reads what was stored. Values that cannot be read are copied aside under "corrupt/" and reported; an error is the store's own.
func (w *Watch) Load(ctx context.Context, store Store, now time.Time) (failed []string, err error) {
	return nil, nil
}

// Observe takes in the spans of a batch and writes what they changed before it returns. An error is the store's: the spans
// are taken in nevertheless, and written with the next change.
func (w *Watch) Observe(ctx context.Context, now time.Time, spans []run.Span) error { return nil }

// Alive notes that a batch without job spans came from a service.
func (w *Watch) Alive(now time.Time, service string) {}

// Tick decides what has fallen due, and writes it.
func (w *Watch) Tick(ctx context.Context, now time.Time) error { return nil }

// Flush decides, at shutdown, the errors that wait for DecisionWait; what is absent is decided after the restart.
func (w *Watch) Flush(ctx context.Context, now time.Time) error { return nil }

// Due returns the alerts to emit now: new, changed and resolved ones, and those whose turn it is. All of them have been written. Sent
// says that they have been delivered; those that were not are due again at the next call.
func (w *Watch) Due(now time.Time) []alert.Alert { return nil }

// Sent notes the delivery of what Due returned.
func (w *Watch) Sent(ctx context.Context, now time.Time, alerts []alert.Alert) {}

// Next is when Tick or Due have something to do if no span comes.
func (w *Watch) Next() time.Time { return time.Time{} }

// JobStats are the counts of one job, since the watch began to run (they are not stored, LastSuccess is).
type JobStats struct {
	Key run.Key
	// Runs by outcome; Duration in seconds.
	Runs        map[run.Outcome]uint64
	Duration    Histogram
	LastSuccess time.Time
	// Active is the number of active alerts by severity.
	Active map[alert.Severity]int
	Stages []StageStats
}

// StageStats are the counts of one stage.
type StageStats struct {
	Name string
	// Outcomes of the stage, run by run; Duration in seconds; RowsIn and RowsOut of the latest run, negative if it reported none.
	Outcomes        map[run.Outcome]uint64
	Duration        Histogram
	RowsIn, RowsOut int64
}

// Histogram counts values by Bounds: Counts has one more, and bucket i is (Bounds[i-1], Bounds[i]].
type Histogram struct {
	Counts   []uint64
	Sum      float64
	Min, Max float64
}

// Bounds of all Histograms, in seconds.
var Bounds = []float64{1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800}

// Stats gives the counts of all jobs.
func (w *Watch) Stats(now time.Time) []JobStats { return nil }

// SelfStats are what the watch counts of itself.
type SelfStats struct {
	OpenRuns, ClosedRuns, Jobs, ActiveAlerts int
	// Evicted by what ("run", "closed", "job", "alert", "pending", "stage", ...); Duplicates and Late are spans.
	Evicted          map[string]uint64
	Duplicates, Late uint64
}

// SelfStats gives the watch's own counts.
func (w *Watch) SelfStats() SelfStats { return SelfStats{} }
