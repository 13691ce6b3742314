// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestFailureFiresAndResolves(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Owner: "ml@example.com", Alerts: catalog.Alerts{Severity: "critical", Runbook: "https://runbooks/daily"}}))
	r.script.runs["a"] = line{stage: "train"}
	r.whole(of{id: "a", trace: 7, date: "2026-11-21"}, run.Failure)
	assert.Empty(t, r.all())
	r.pass(10*time.Second - 1)
	assert.Empty(t, r.all(), "decision_wait")
	r.pass(1)
	require.Equal(t, []string{"+JobFailed daily train"}, r.all())
	a := r.last("JobFailed daily train")
	assert.Equal(t, alert.Critical, a.Severity)
	assert.Equal(t, day0.Add(10*time.Second), a.StartsAt)
	assert.Equal(t, "train failed.", a.Summary)
	assert.Equal(t, map[string]string{
		"run_id": "a", "logical_date": "2026-11-21", "owner": "ml@example.com", "runbook_url": "https://runbooks/daily",
		"trace_url": "http://jaeger:16686/trace/01000000000000000000000000000007?uiFind=0000000000000001",
	}, a.Annotations)

	id := identity{a.Fingerprint(), a.StartsAt}
	r.pass(10 * time.Minute)
	assert.Equal(t, 11, r.sends[id], "once at first, and every minute")

	// The next day's failure is the same alert, brought up to date.
	r.to(24 * time.Hour)
	r.script.runs["b"] = line{stage: "train"}
	r.whole(of{id: "b", trace: 8, date: "2026-11-22"}, run.Failure)
	r.pass(10 * time.Second)
	require.Len(t, r.order, 1)
	assert.Equal(t, "b", r.last("JobFailed daily train").Annotations["run_id"])

	r.to(48 * time.Hour)
	r.whole(of{id: "c", trace: 9, date: "2026-11-23"}, run.Success)
	r.pass(10 * time.Second)
	require.Equal(t, []string{"-JobFailed daily train"}, r.all())
	a = r.last("JobFailed daily train")
	assert.Equal(t, day0.Add(48*time.Hour+10*time.Second), a.EndsAt)
	assert.Equal(t, "run c", a.Annotations["resolved_by"])
	sent := r.sends[id]
	r.pass(time.Hour)
	assert.Equal(t, 14, r.sends[id]-sent, "every minute for 15 minutes, without the last one")
	assert.Zero(t, r.w.ledger.alerts.Len())

	// When it fires again it is another one.
	r.script.runs["d"] = line{stage: "train"}
	r.whole(of{id: "d", trace: 10, date: "2026-11-24"}, run.Failure)
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"-JobFailed daily train", "+JobFailed daily train"}, r.all())
	assert.Equal(t, []string{"c"}, r.script.learned)
}

func TestFiresAgainWhileResolvedIsKept(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"], r.script.runs["c"] = line{stage: "train"}, line{stage: "train"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.pass(time.Minute)
	r.whole(of{id: "b", trace: 2}, run.Success)
	r.pass(time.Minute)
	r.whole(of{id: "c", trace: 3}, run.Failure)
	r.pass(time.Minute)
	assert.Equal(t, []string{"-JobFailed daily train", "+JobFailed daily train"}, r.all())
	assert.Equal(t, 1, r.w.ledger.alerts.Len())
}

func TestAnotherFaultSupersedes(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"], r.script.runs["b"] = line{stage: "train"}, line{stage: "publish"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.pass(time.Hour)
	r.whole(of{id: "b", trace: 2}, run.Failure)
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"-JobFailed daily train", "+JobFailed daily publish"}, r.all())
	a := r.last("JobFailed daily train")
	assert.Equal(t, "JobFailed of publish", a.Annotations["superseded_by"])
	assert.Equal(t, "run b", a.Annotations["superseded_by_run"])
}

// A mere cancellation says nothing about what was wrong before.
func TestCancellation(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.pass(time.Hour)
	r.whole(of{id: "b", trace: 2}, run.Cancellation)
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobCancelled daily", "JobFailed daily train"}, r.active())
	assert.Equal(t, alert.Warning, r.last("JobCancelled daily").Severity)
	r.pass(time.Hour)
	r.whole(of{id: "c", trace: 3}, run.Skip)
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobCancelled daily", "JobFailed daily train"}, r.active(), "a skipped run is no success")
	assert.Empty(t, r.script.learned)
	r.whole(of{id: "d", trace: 4}, run.Success)
	r.pass(time.Minute)
	assert.Empty(t, r.active())
}

// A slow run is a warning, resolves what was wrong before, counts as a success, and does not become
// history.
func TestSlow(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train"}
	slow := &judge.Fault{Kind: judge.JobSlow, Warning: true, Summary: "It was slow."}
	r.script.runs["b"], r.script.runs["c"] = line{fault: slow}, line{fault: slow}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.pass(time.Hour)
	r.whole(of{id: "b", trace: 2}, run.Success)
	success := r.now
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobSlow daily"}, r.active())
	assert.Equal(t, success, r.w.jobs[run.Key{Job: "daily"}].lastSuccess)
	r.pass(time.Hour)
	r.whole(of{id: "c", trace: 3}, run.Success)
	r.pass(time.Minute)
	assert.Len(t, r.order, 2, "the same alert goes on")
	assert.Empty(t, r.script.learned)
	r.whole(of{id: "d", trace: 4}, run.Success)
	r.pass(time.Minute)
	assert.Empty(t, r.active())
}

func TestWarningBesideGood(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{warnings: []judge.Fault{{Kind: judge.StageRetried, Stage: "train", Warning: true, Summary: "train needed two tries."}}}
	r.whole(of{id: "a", trace: 1}, run.Success)
	r.pass(time.Minute)
	assert.Equal(t, []string{"StageRetried daily train"}, r.active())
	assert.Equal(t, []string{"a"}, r.script.learned)
	r.whole(of{id: "b", trace: 2}, run.Success)
	r.pass(time.Minute)
	assert.Empty(t, r.active())
}

func TestAlsoIsAnAnnotation(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{
		fault: &judge.Fault{Kind: judge.StageRows, Stage: "query", Summary: "Rows fell."},
		also:  []judge.Fault{{Kind: judge.StageNulls, Stage: "transform", Summary: "Nulls rose."}, {Kind: judge.JobSlow, Summary: "Slow."}},
	}
	r.whole(of{id: "a", trace: 1}, run.Success)
	r.pass(time.Minute)
	require.Equal(t, []string{"StageRows daily query"}, r.active())
	assert.Equal(t, "StageNulls of transform: Nulls rose. JobSlow: Slow.", r.last("StageRows daily query").Annotations["also"])
}

func TestAbsenceAndLateSpan(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{missing: "publish"}
	o := of{id: "a", trace: 1}
	r.whole(o, run.Success)
	r.pass(2*time.Minute - 1)
	assert.Empty(t, r.all())
	r.pass(1)
	require.Equal(t, []string{"+StageMissing daily publish"}, r.all())
	assert.Equal(t, day0.Add(2*time.Minute), r.last("StageMissing daily publish").StartsAt)

	r.pass(time.Hour)
	o.start = day0
	r.observe(o.stage(3, "publish", run.Success, day0, day0.Add(time.Second)))
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"-StageMissing daily publish"}, r.all())
	assert.Equal(t, []string{"a"}, r.script.learned)
	stats := r.w.Stats(r.now)
	require.Len(t, stats, 1)
	assert.Equal(t, map[run.Outcome]uint64{run.Success: 1}, stats[0].Runs, "a run counts once")
	require.Len(t, stats[0].Stages, 2, "its late stage counts")
	for _, stage := range stats[0].Stages {
		assert.Equal(t, map[run.Outcome]uint64{run.Success: 1}, stage.Outcomes, stage.Name)
	}

	// The same span again changes nothing.
	batches := r.store.batches
	r.observe(o.stage(3, "publish", run.Success, day0, day0.Add(time.Second)))
	assert.Equal(t, batches, r.store.batches)
	assert.Equal(t, uint64(1), r.w.SelfStats().Duplicates)
}

// A late span shows that a good run was not: it alerts, and the history forgets it.
func TestLateFailure(t *testing.T) {
	r := newRig(t, options())
	o := of{id: "a", trace: 1}
	r.whole(o, run.Success)
	r.pass(time.Minute)
	require.Equal(t, []string{"a"}, r.script.learned)
	r.script.runs["a"] = line{fault: &judge.Fault{Kind: judge.StageFailed, Stage: "report", Summary: "report failed."}}
	r.observe(o.stage(3, "report", run.Failure, day0, day0.Add(time.Second)))
	r.start() // the wait goes on over a restart
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"+StageFailed daily report"}, r.all())
	assert.Empty(t, r.script.learned)
}

// What comes within the wait is judged with the rest, without a detour.
func TestAbsenceThatEndsInTime(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{missing: "publish"}
	o := of{id: "a", trace: 1}
	r.whole(o, run.Success)
	r.pass(time.Minute)
	r.observe(o.stage(3, "publish", run.Success, day0, day0.Add(time.Second)))
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"a"}, r.script.learned)
	r.pass(time.Hour)
	assert.Empty(t, r.all())
}

// A run that was closed without its root is judged again when the root comes, and that changes no
// identity.
func TestLateRoot(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train", ends: true}
	o := of{id: "a", trace: 1, start: day0}
	r.observe(o.stage(2, "train", run.Failure, day0, day0.Add(time.Second)))
	r.pass(2 * time.Minute)
	require.Equal(t, []string{"+JobFailed daily train"}, r.all())
	r.pass(time.Minute)
	r.observe(o.root(run.Failure, r.now))
	r.pass(time.Minute)
	assert.Equal(t, []string{"+JobFailed daily train"}, r.all())
	assert.NotEmpty(t, r.last("JobFailed daily train").Annotations["trace_url"])
}

// Signs of life put off the end of a run without a root.
func TestSilenceIsCountedFromTheLastSpan(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train", ends: true}
	o := of{id: "a", trace: 1, start: day0}
	r.observe(o.stage(2, "train", run.Failure, day0, day0.Add(time.Second)))
	for n := range 10 {
		r.pass(time.Minute)
		r.observe(o.inner(10+n, r.now))
	}
	assert.Empty(t, r.all())
	r.pass(2 * time.Minute)
	assert.Equal(t, []string{"+JobFailed daily train"}, r.all())
}

// Two runs overlap: the older one's good end does not resolve the newer one's failure.
func TestOverlap(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["new"] = line{stage: "train"}
	old, young := of{id: "old", trace: 1, date: "2026-11-20", start: day0}, of{id: "new", trace: 2, date: "2026-11-21", start: day0.Add(time.Hour)}
	r.observe(old.inner(5, day0))
	r.to(time.Hour)
	r.observe(young.inner(5, r.now))
	r.to(2 * time.Hour)
	r.observe(young.root(run.Failure, r.now))
	r.to(3 * time.Hour)
	r.observe(old.root(run.Success, r.now))
	r.pass(time.Minute)
	assert.Equal(t, []string{"+JobFailed daily train"}, r.all())
	assert.Equal(t, []string{"old"}, r.script.learned, "the older one is no backfill: it had begun first")
}

func TestBackfill(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["today"], r.script.runs["month"], r.script.runs["month2"] = line{stage: "train"}, line{stage: "query"}, line{stage: "train"}
	r.whole(of{id: "today", trace: 1, date: "2026-11-21"}, run.Failure)
	r.pass(time.Hour)
	today := r.last("JobFailed daily train")

	// It alerts, but supersedes nothing newer.
	r.whole(of{id: "month", trace: 2, date: "2026-10-21"}, run.Failure)
	r.pass(time.Hour)
	assert.Equal(t, []string{"JobFailed daily query", "JobFailed daily train"}, r.active())
	assert.Equal(t, "true", r.last("JobFailed daily query").Annotations["backfill"])
	// Where the identity is taken by a newer run, the newer one stays.
	r.whole(of{id: "month2", trace: 3, date: "2026-10-22"}, run.Failure)
	r.pass(time.Hour)
	assert.Equal(t, today.Annotations, r.last("JobFailed daily train").Annotations)
	// It has no alert of its own then, and supersedes none.
	assert.Equal(t, []string{"JobFailed daily query", "JobFailed daily train"}, r.active())

	// A good backfill resolves what is older, nothing newer, and feeds nothing.
	r.whole(of{id: "month3", trace: 4, date: "2026-10-22"}, run.Success)
	r.pass(time.Hour)
	assert.Equal(t, []string{"JobFailed daily train"}, r.active())
	assert.Empty(t, r.script.learned)
	assert.True(t, r.w.jobs[run.Key{Job: "daily"}].lastSuccess.IsZero())

	// The same date, run again, does.
	r.whole(of{id: "again", trace: 5, date: "2026-11-21"}, run.Success)
	r.pass(time.Hour)
	assert.Empty(t, r.active())
	assert.Equal(t, []string{"again"}, r.script.learned)
}

// A backfill that began after a failure of today, goes on over a restart, and ends well: it is of
// its date, not of its start.
func TestBackfillOverRestart(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["today"] = line{stage: "train"}
	r.whole(of{id: "today", trace: 1, date: "2026-11-21"}, run.Failure)
	r.pass(time.Hour)
	o := of{id: "month", trace: 2, date: "2026-10-21", start: r.now}
	r.observe(o.inner(2, r.now))
	r.start()
	r.pass(time.Hour)
	r.observe(o.root(run.Success, r.now))
	r.pass(time.Hour)
	assert.Equal(t, []string{"JobFailed daily train"}, r.active())
}

// A cancellation takes the place of a warning.
func TestCancellationAfterWarning(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{fault: &judge.Fault{Kind: judge.JobSlow, Warning: true, Summary: "It was slow."}}
	r.whole(of{id: "a", trace: 1}, run.Success)
	r.pass(time.Hour)
	r.whole(of{id: "b", trace: 2}, run.Cancellation)
	r.pass(time.Minute)
	assert.Equal(t, []string{"-JobSlow daily", "+JobCancelled daily"}, r.all())
}

func TestResumedRun(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train"}
	r.whole(of{id: "a", trace: 1, date: "2026-11-21"}, run.Failure)
	r.pass(time.Hour)
	r.whole(of{id: "b", trace: 2, resumes: "a"}, run.Success)
	success := r.now
	r.pass(time.Minute)
	assert.Empty(t, r.active(), "it is of the date of the run that it resumes")
	assert.Empty(t, r.script.learned)
	assert.Equal(t, success, r.w.jobs[run.Key{Job: "daily"}].lastSuccess)
}

// While a run goes on, its stages alert on their own; at its end there is one alert.
func TestRunning(t *testing.T) {
	r := newRig(t, options())
	r.options.NoTelemetry = 0
	r.start()
	rows := judge.Fault{Kind: judge.StageRows, Stage: "query", Summary: "Rows fell."}
	r.script.runs["a"] = line{stage: "query", during: func(*run.Run, time.Time) ([]judge.Fault, time.Time) { return []judge.Fault{rows}, time.Time{} }}
	o := of{id: "a", trace: 1, start: day0}
	r.observe(o.stage(2, "query", run.Success, day0, day0.Add(time.Second)))
	r.pass(10 * time.Second)
	require.Equal(t, []string{"+StageRows daily query"}, r.all())
	r.to(time.Hour)
	r.observe(o.root(run.Failure, r.now))
	r.pass(time.Minute)
	assert.Equal(t, []string{"-StageRows daily query", "+JobFailed daily query"}, r.all())
}

// The verdict's alert stays the same alert if the stage's fault is the one that the run has at its
// end.
func TestRunningTakesOver(t *testing.T) {
	r := newRig(t, options())
	rows := judge.Fault{Kind: judge.StageRows, Stage: "query", Summary: "Rows fell."}
	r.script.runs["a"] = line{fault: &rows, during: func(*run.Run, time.Time) ([]judge.Fault, time.Time) { return []judge.Fault{rows}, time.Time{} }}
	o := of{id: "a", trace: 1, start: day0}
	r.observe(o.stage(2, "query", run.Success, day0, day0.Add(time.Second)))
	r.to(time.Hour)
	r.observe(o.root(run.Success, r.now))
	r.pass(time.Minute)
	assert.Equal(t, []string{"+StageRows daily query"}, r.all())
	assert.Equal(t, day0.Add(10*time.Second), r.last("StageRows daily query").StartsAt)
}

// A stalled stage that lives again resolves its alert; one that was overdue keeps it until the run
// has ended well.
func TestStalledAndOverdue(t *testing.T) {
	r := newRig(t, options())
	o := of{id: "a", trace: 1, start: day0}
	r.script.runs["a"] = line{during: func(x *run.Run, now time.Time) ([]judge.Fault, time.Time) {
		var faults []judge.Fault
		stalls, overdue := x.LastSeen.Add(10*time.Minute), day0.Add(time.Hour)
		next := overdue
		if !now.Before(stalls) {
			faults = append(faults, judge.Fault{Kind: judge.StageStalled, Stage: "train", Summary: "No sign of life."})
		} else {
			next = earliest(next, stalls)
		}
		if !now.Before(overdue) && len(x.Stages) == 0 {
			faults = append(faults, judge.Fault{Kind: judge.StageOverdue, Stage: "train", Summary: "Overdue."})
		}
		return faults, next
	}}
	r.observe(o.inner(5, day0))
	r.to(10 * time.Minute)
	require.Equal(t, []string{"+StageStalled daily train"}, r.all())
	assert.Equal(t, r.now, r.last("StageStalled daily train").StartsAt)
	r.pass(time.Minute)
	r.observe(o.inner(6, r.now))
	r.pass(10 * time.Second)
	require.Equal(t, []string{"-StageStalled daily train"}, r.all())
	for n := range 6 {
		r.pass(9 * time.Minute)
		r.observe(o.inner(7+n, r.now))
	}
	require.Equal(t, []string{"StageOverdue daily train"}, r.active())
	r.observe(o.stage(20, "train", run.Success, day0, r.now))
	r.pass(time.Minute)
	require.Equal(t, []string{"StageOverdue daily train"}, r.active())
	r.observe(o.root(run.Success, r.now))
	r.pass(time.Minute)
	assert.Empty(t, r.active())
}

func TestSeverity(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Alerts: catalog.Alerts{Severity: "info"}}))
	r.whole(of{id: "a", trace: 1}, run.Cancellation)
	r.pass(time.Minute)
	assert.Equal(t, alert.Info, r.last("JobCancelled daily").Severity, "never more severe than the card's")
}

// At shutdown errors are decided at once, and absence is not.
func TestFlush(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"], r.script.runs["b"] = line{stage: "train"}, line{missing: "publish"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.whole(of{job: "other", id: "b", trace: 2}, run.Success)
	require.NoError(t, r.w.Flush(t.Context(), r.now))
	r.emit()
	assert.Equal(t, []string{"+JobFailed daily train"}, r.all())
	r.start()
	r.pass(2*time.Minute + 10*time.Second)
	assert.Equal(t, []string{"+JobFailed daily train", "+StageMissing other publish"}, r.all())
}
