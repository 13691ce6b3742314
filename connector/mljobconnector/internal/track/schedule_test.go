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
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// nightly is due at 03:00 UTC and has until 07:00. The tests begin at 01:00 of day0.
func nightly() *catalog.Job {
	return &catalog.Job{Name: "daily", Environment: "prod", Schedule: "0 3 * * *", FinishWithin: 4 * time.Hour}
}

func prod(id string, n int) of { return of{environment: "prod", id: id, trace: n} }

func TestMissedSchedule(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.to(6*time.Hour + 2*time.Minute - 1)
	assert.Empty(t, r.all())
	r.pass(1)
	require.Equal(t, []string{"+JobMissedSchedule daily prod"}, r.all(), "a job that never came")
	a := r.last("JobMissedSchedule daily prod")
	assert.Equal(t, "daily (prod) did not run: no run had come for 2026-11-22 03:00 UTC by 2026-11-22 07:00 UTC.", a.Summary)
	assert.Equal(t, "2026-11-22T03:00:00Z", a.Annotations["scheduled_at"])
	assert.Equal(t, "1", a.Annotations["missed"])

	r.pass(48 * time.Hour)
	a = r.last("JobMissedSchedule daily prod")
	assert.Equal(t, "3", a.Annotations["missed"])
	assert.Equal(t, "2026-11-24T03:00:00Z", a.Annotations["scheduled_at"])
	assert.Contains(t, a.Summary, "the 3rd time in a row since 2026-11-22 03:00 UTC")
	require.Len(t, r.order, 1)

	// A late run that fails is the more exact alert; a good one resolves it.
	r.script.runs["a"] = line{stage: "train"}
	r.whole(prod("a", 1), run.Failure)
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobFailed daily prod train"}, r.active())
	r.whole(prod("b", 2), run.Success)
	r.pass(time.Minute)
	assert.Empty(t, r.active())
}

func TestScheduleIsCovered(t *testing.T) {
	r := newRig(t, options(nightly()))
	for day := range 5 {
		r.to(time.Duration(day)*24*time.Hour + 2*time.Hour + 15*time.Minute)
		o := prod("", 1+day)
		o.date = day0.AddDate(0, 0, day-1).Format("2006-01-02")
		r.whole(o, run.Success)
	}
	assert.Empty(t, r.all())
	// The last day's run again, shortly before the next slot, is not the next slot's.
	r.to(4*24*time.Hour + 25*time.Hour + 58*time.Minute)
	again := prod("again", 20)
	again.date, again.start = "2026-11-25", r.now
	r.observe(again.root(run.Success, r.now))
	r.to(5*24*time.Hour + 7*time.Hour)
	assert.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active())
}

// A slot is missed; the run before it, run again for its own date, does not make up for that. A run
// of the next date does.
func TestMissedIsNotResolvedByTheRunBefore(t *testing.T) {
	r := newRig(t, options(nightly()))
	for n, date := range []string{"2026-11-21", "2026-11-22"} {
		r.to(time.Duration(n)*24*time.Hour + 2*time.Hour + 15*time.Minute)
		o := prod("", 1+n)
		o.date = date
		r.whole(o, run.Success)
	}
	r.to(56 * time.Hour)
	require.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active())
	again := prod("again", 5)
	again.date = "2026-11-22"
	r.whole(again, run.Success)
	r.pass(time.Hour)
	assert.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active())
	next := prod("next", 6)
	next.date = "2026-11-23"
	r.whole(next, run.Success)
	r.pass(time.Hour)
	assert.Empty(t, r.active())
}

// A backfill covers no slot, also if its date becomes known only when the slot was given to it.
func TestBackfillCoversNothing(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.to(2*time.Hour + 15*time.Minute)
	first := prod("first", 1)
	first.date = "2026-11-21"
	r.whole(first, run.Success)
	r.to(26 * time.Hour)
	o := prod("late", 2)
	o.start = r.now
	r.observe(o.inner(4, r.now))
	assert.Len(t, r.w.jobs[run.Key{Environment: "prod", Job: "daily"}].slots.covered, 1)
	r.pass(time.Minute)
	o.date = "2026-10-01"
	r.observe(o.root(run.Success, r.now))
	r.to(31 * time.Hour)
	assert.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active())
}

// Hourly runs of which one is left out: that slot is missed although later runs come on time.
func TestHourlyGap(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Environment: "prod", Schedule: "0 * * * *", FinishWithin: 3 * time.Hour}))
	for hour := 1; hour < 8; hour++ {
		r.to(time.Duration(hour)*time.Hour + 15*time.Minute)
		if hour != 3 {
			r.whole(prod("", hour), run.Success)
		}
	}
	require.Equal(t, []string{"-JobMissedSchedule daily prod"}, r.all())
	assert.Equal(t, "2026-11-22T04:00:00Z", r.last("JobMissedSchedule daily prod").Annotations["scheduled_at"])
}

// Runs that were queued and start in a row cover the slots that wait for them.
func TestQueuedRuns(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Environment: "prod", Schedule: "0 * * * *", FinishWithin: 4 * time.Hour}))
	r.to(4*time.Hour + 30*time.Minute) // slots of 02:00 to 05:00 are open
	for n := range 4 {
		r.pass(5 * time.Minute)
		r.whole(prod("", 1+n), run.Success)
	}
	r.to(5*time.Hour + 30*time.Minute)
	r.whole(prod("", 9), run.Success)
	r.to(6 * time.Hour)
	assert.Empty(t, r.all())
}

func TestJobOverdue(t *testing.T) {
	card := nightly()
	card.Stages = []catalog.Stage{{Name: "query"}, {Name: "train"}, {Name: "publish"}, {Name: "report", Optional: true}}
	r := newRig(t, options(card))
	o := prod("a", 1)
	r.to(2 * time.Hour)
	o.start = r.now
	r.observe(o.stage(2, "query", run.Success, r.now, r.now.Add(time.Minute)))
	r.to(6 * time.Hour)
	require.Equal(t, []string{"+JobOverdue daily prod"}, r.all())
	a := r.last("JobOverdue daily prod")
	assert.Equal(t, day0.Add(6*time.Hour), a.StartsAt)
	assert.Equal(t, "daily (prod), scheduled at 2026-11-22 03:00 UTC, should have ended within 4h; still missing: train and publish (run a).", a.Summary)
	assert.Equal(t, "train, publish", a.Annotations["missing"])
	r.to(7 * time.Hour)
	r.observe(o.root(run.Success, r.now))
	r.pass(time.Minute)
	assert.Equal(t, []string{"-JobOverdue daily prod"}, r.all())
}

// Where a stage of the run is known to hang, that is the alert.
func TestJobOverdueGivesWayToItsStage(t *testing.T) {
	r := newRig(t, options(nightly()))
	hangs := day0.Add(7 * time.Hour)
	r.script.runs["a"] = line{during: func(_ *run.Run, now time.Time) ([]judge.Fault, time.Time) {
		if now.Before(hangs) {
			return nil, hangs
		}
		return []judge.Fault{{Kind: judge.StageOverdue, Stage: "train", Summary: "train is overdue."}}, time.Time{}
	}}
	o := prod("a", 1)
	r.to(2 * time.Hour)
	o.start = r.now
	r.observe(o.inner(2, r.now))
	r.to(6 * time.Hour)
	require.Equal(t, []string{"JobOverdue daily prod"}, r.active())
	r.to(7*time.Hour + time.Minute)
	assert.Equal(t, []string{"-JobOverdue daily prod", "+StageOverdue daily prod train"}, r.all())
	assert.Equal(t, "StageOverdue of train", r.last("JobOverdue daily prod").Annotations["superseded_by"])
}

func TestEvery(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Environment: "prod", Every: time.Hour}))
	r.to(20 * time.Minute)
	for n := range 4 {
		r.whole(prod("", 1+n), run.Success) // began at 01:10, 02:10, ...
		r.pass(time.Hour)
	}
	assert.Empty(t, r.all())
	// The last one began at 04:10; the next was due at 05:10 and had until 05:40.
	r.until(day0.Add(4*time.Hour + 42*time.Minute - 1))
	assert.Empty(t, r.all())
	r.pass(1)
	require.Equal(t, []string{"+JobMissedSchedule daily prod"}, r.all())
	assert.Equal(t, "daily (prod) did not run: a run was due at 2026-11-22 05:10 UTC, 1h after the one before, and none had come by 2026-11-22 05:40 UTC.",
		r.last("JobMissedSchedule daily prod").Summary)
	r.whole(prod("", 9), run.Success)
	r.pass(time.Minute)
	assert.Empty(t, r.active())
}

// An extra run between the others does not put off the next one.
func TestEveryWithExtraRun(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Environment: "prod", Every: 4 * time.Hour}))
	r.to(10 * time.Minute)
	r.whole(prod("", 1), run.Success) // began at 01:00
	r.to(2 * time.Hour)
	r.whole(prod("", 2), run.Success)
	r.to(4*time.Hour + 32*time.Minute)
	assert.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active())
}

// A job in Berlin at 03:00, over both changes of the clock: its runs start at 03:00 by the clock on
// the wall.
func TestScheduleOverClockChanges(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, start := range []time.Time{time.Date(2026, 3, 27, 12, 0, 0, 0, berlin), time.Date(2026, 10, 23, 12, 0, 0, 0, berlin)} {
		card := nightly()
		card.Timezone, card.FinishWithin = berlin, time.Hour
		o := options(card)
		r := newRig(t, o)
		r.now = start
		r.start()
		for day := 1; day <= 4; day++ {
			slot := time.Date(start.Year(), start.Month(), start.Day()+day, 3, 0, 0, 0, berlin)
			r.until(slot.Add(11 * time.Minute))
			r.whole(prod("", day), run.Success) // began at 03:01
		}
		assert.Empty(t, r.all(), start)
		r.until(time.Date(start.Year(), start.Month(), start.Day()+5, 4, 1, 59, 0, berlin))
		assert.Empty(t, r.all(), start)
		r.pass(time.Second)
		assert.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active(), start)
	}
}

// The host's clock is behind by ten minutes, and spans come late: the run covers its slot
// nevertheless.
func TestSkewAndDelay(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.to(2*time.Hour + time.Minute)
	o := prod("a", 1)
	o.start = r.now.Add(-11 * time.Minute)
	r.observe(o.inner(2, o.start.Add(time.Second)))
	r.to(26*time.Hour + 3*time.Hour)
	late := prod("b", 2)
	late.start = day0.Add(26 * time.Hour)
	r.observe(late.root(run.Success, late.start.Add(time.Hour)))
	r.to(31 * time.Hour)
	assert.NotContains(t, r.all(), "+JobMissedSchedule daily prod")
	// What was delivered a day late does not stand for today.
	r.to(51 * time.Hour)
	yesterday := prod("c", 3)
	yesterday.start = day0.Add(26 * time.Hour)
	r.observe(yesterday.root(run.Success, yesterday.start.Add(time.Hour)))
	r.to(55 * time.Hour)
	assert.Contains(t, r.all(), "+JobMissedSchedule daily prod")
}

// A card without an environment holds where runs have covered a slot, and in general until then.
func TestCardWithoutEnvironment(t *testing.T) {
	card := nightly()
	card.Environment = ""
	r := newRig(t, options(card))
	r.to(7 * time.Hour)
	require.Equal(t, []string{"+JobMissedSchedule daily"}, r.all())
	r.to(13 * time.Hour) // an attempt in staging, at no time in particular
	r.script.runs["x"] = line{stage: "train"}
	staging := of{environment: "staging", id: "x", trace: 50}
	r.whole(staging, run.Failure)
	r.pass(time.Hour)
	require.Equal(t, []string{"JobFailed daily staging train", "JobMissedSchedule daily"}, r.active())
	r.to(26*time.Hour + 10*time.Minute)
	r.whole(prod("a", 1), run.Success)
	r.pass(time.Minute)
	require.Equal(t, []string{"JobFailed daily staging train"}, r.active())
	r.to(50*time.Hour + 10*time.Minute)
	r.whole(prod("b", 2), run.Success)
	r.to(3 * 24 * time.Hour)
	assert.Equal(t, []string{"JobFailed daily staging train"}, r.active(), "staging is not expected to run every night")
	assert.Equal(t, 2, r.w.SelfStats().Jobs, "the job in general is gone")
	r.start()
	r.to(4 * 24 * time.Hour)
	assert.Equal(t, []string{"JobFailed daily staging train", "JobMissedSchedule daily prod"}, r.active())
}

// The card's schedule goes away while its alert fires, and comes back with another time.
func TestCardsChange(t *testing.T) {
	set := catalog.NewSet(nil, []*catalog.Job{nightly()})
	o := options()
	o.Cards = func() *catalog.Set { return set }
	r := newRig(t, o)
	r.to(7 * time.Hour)
	require.Equal(t, []string{"+JobMissedSchedule daily prod"}, r.all())
	set = catalog.NewSet(nil, nil)
	r.pass(time.Minute)
	require.Equal(t, []string{"-JobMissedSchedule daily prod"}, r.all())
	assert.Empty(t, r.w.jobs)
	r.to(24 * time.Hour)
	card := nightly()
	card.Schedule = "0 2 * * *"
	set = catalog.NewSet(nil, []*catalog.Job{card})
	r.pass(time.Minute)
	r.to(29 * time.Hour) // 06:00
	assert.Empty(t, r.active())
	r.to(29*time.Hour + 2*time.Minute)
	assert.Equal(t, []string{"JobMissedSchedule daily prod"}, r.active())
}

// The collector was down while the deadline passed: it is judged Absence after the start, and the
// alert says so.
func TestDownOverDeadline(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.to(5 * time.Hour)
	r.now = day0.Add(8 * time.Hour)
	r.start()
	r.pass(2*time.Minute - 1)
	assert.Empty(t, r.all())
	r.pass(1)
	require.Equal(t, []string{"+JobMissedSchedule daily prod"}, r.all())
	a := r.last("JobMissedSchedule daily prod")
	assert.Contains(t, a.Summary, "The collector was down from 2026-11-22 06:00 UTC to 2026-11-22 09:00 UTC and may not have seen it.")
	assert.Equal(t, "2026-11-22T06:00:00Z", a.Annotations["collector_down_since"])

	// The run's spans come within the two minutes: no alert.
	r = newRig(t, options(nightly()))
	r.to(5 * time.Hour)
	r.now = day0.Add(8 * time.Hour)
	r.start()
	r.pass(time.Minute)
	o := prod("a", 1)
	o.start = day0.Add(2 * time.Hour)
	r.observe(o.root(run.Success, day0.Add(3*time.Hour)))
	r.pass(time.Hour)
	assert.Empty(t, r.all())
}

// Down for a week of hourly slots: one alert that counts them.
func TestDownForLong(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Environment: "prod", Schedule: "0 * * * *"}))
	r.whole(prod("a", 1), run.Success)
	r.now = day0.Add(7 * 24 * time.Hour)
	r.start()
	r.pass(3 * time.Minute)
	require.Equal(t, []string{"+JobMissedSchedule daily prod"}, r.all())
	assert.Equal(t, "167", r.last("JobMissedSchedule daily prod").Annotations["missed"])
}
