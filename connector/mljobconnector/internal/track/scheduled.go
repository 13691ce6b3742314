// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// scheduleApplies reports whether the schedule of the job's card is held against it. That of a card
// without an environment holds for the job in general until it is known where it runs, and then in
// every environment where a run has covered a slot: an attempt in staging does not make staging a
// place that is expected to run every night.
func (tr *Tracker) scheduleApplies(j *job) bool {
	switch {
	case j.schedule == nil:
		return false
	case j.card.Environment != "" || j.slots.armed:
		return true
	default:
		return j.key.Environment == "" && !tr.armedElsewhere(j.key.Job)
	}
}

// patience is how long after its slot a run may be missing.
func (tr *Tracker) patience(j *job) time.Duration {
	if j.card.FinishWithin > 0 {
		return j.card.FinishWithin
	}
	return tr.options.ScheduleGrace
}

// coverSlot gives a new run the slot that it covers.
func (tr *Tracker) coverSlot(t *tracked) {
	j := t.job
	if j.schedule == nil || !t.slot.IsZero() || t.slotSought || t.backfill {
		return
	}
	t.slotSought = true
	if t.dated && !t.date.After(j.slots.date) {
		return // the date has covered a slot before: it is run again
	}
	began := t.run.Began()
	slot := j.slots.open(j.schedule, began, t.run.Start)
	if slot.IsZero() {
		return
	}
	t.slot = slot
	if j.key.Environment != "" && j.card.Environment == "" && !j.slots.armed {
		j.slots.from, j.slots.covered = slot.Add(-time.Nanosecond), nil // what was before was not known to be expected here
	}
	j.slots.cover(j.schedule, slot, began, t.date)
	tr.records.Change(j)
	tr.timers.advance(&j.timer, began)
	if general := tr.jobs[run.Key{Job: j.key.Job}]; general != nil && general != j && general.schedule != nil {
		tr.timers.advance(&general.timer, began) // it is known now where it runs
	}
}

// evaluateSlots judges the slots of a job whose time is over.
func (tr *Tracker) evaluateSlots(j *job, now time.Time) {
	if j.schedule == nil {
		return
	}
	for t := range j.runs {
		tr.coverSlot(t)
	}
	missed, latest := 0, time.Time{}
	for n := 0; ; n++ {
		slot := j.schedule.Next(j.slots.from)
		if slot.IsZero() {
			break
		}
		deadline := slot.Add(tr.patience(j))
		due := tr.afterDowntime(deadline.Add(tr.options.Absence))
		if now.Before(due) {
			tr.wake(&j.timer, due, now)
			break
		}
		holds := tr.scheduleApplies(j)
		if holds && !j.slots.has(slot) && tr.passedInOutage(j, deadline) {
			holds = false
		}
		if holds && !j.slots.has(slot) {
			if until, held := tr.hold(j.key, deadline, now); held {
				tr.wake(&j.timer, until, now)
				break
			}
		}
		if n == maxSlots { // the rest of a very long time is not gone through slot by slot
			j.slots.from = now.Add(-tr.patience(j) - tr.options.Absence)
			j.slots.covered = nil
			tr.wake(&j.timer, now, now)
			break
		}
		tr.records.Change(j)
		if !j.slots.pass(slot) {
			continue
		}
		if !holds {
			j.slots.missed, j.slots.firstMissed = 0, time.Time{}
			continue
		}
		missed, latest = missed+1, slot
	}
	if missed > 0 && !j.disabled(judge.JobMissedSchedule) {
		tr.raiseMissed(j, latest, now)
	}
	if !j.own && !tr.scheduleApplies(j) && len(tr.ledger.of(j.key)) == 0 {
		tr.dropJob(j) // other environments have taken its place
	}
}

// raiseMissed says that no run came for a slot.
func (tr *Tracker) raiseMissed(j *job, slot, now time.Time) {
	deadline := slot.Add(tr.patience(j))
	at, by := j.schedule.Format(slot), j.schedule.Format(deadline)
	var s strings.Builder
	if j.schedule.Interval() {
		fmt.Fprintf(&s, "%s did not run: a run was due at %s, %s after the one before, and none had come by %s", words.Title(j.key), at, round(j.card.Every), by)
	} else {
		fmt.Fprintf(&s, "%s did not run: no run had come for %s by %s", words.Title(j.key), at, by)
	}
	annotations := map[string]string{
		"scheduled_at": slot.UTC().Format(time.RFC3339), "waited_until": deadline.UTC().Format(time.RFC3339),
		"schedule": j.slots.spec, "missed": strconv.Itoa(j.slots.missed),
	}
	if j.slots.missed > 1 {
		fmt.Fprintf(&s, ", the %s time in a row since %s", humanize.Ordinal(j.slots.missed), j.schedule.Format(j.slots.firstMissed))
		annotations["missed_since"] = j.slots.firstMissed.UTC().Format(time.RFC3339)
	}
	s.WriteString(".")
	if !tr.down.IsZero() && deadline.Add(tr.options.Absence).After(tr.down) && !deadline.Add(tr.options.Absence).After(tr.started) {
		fmt.Fprintf(&s, " The collector was down from %s to %s and may not have seen it.", j.schedule.Format(tr.down), j.schedule.Format(tr.started))
		annotations["collector_down_since"] = tr.down.UTC().Format(time.RFC3339)
		annotations["collector_down_until"] = tr.started.UTC().Format(time.RFC3339)
	}
	if !j.lastSuccess.IsZero() {
		annotations["last_success"] = j.lastSuccess.UTC().Format(time.RFC3339)
	}
	tr.describe(j, annotations)
	earliestStart := slot.Add(-j.schedule.Early(slot) - j.schedule.Skew(slot))
	tr.ledger.raise(now, alert.Alert{
		Name: string(judge.JobMissedSchedule), Severity: tr.severity(j, false), Labels: labels(j.key, ""),
		Summary: s.String(), Annotations: annotations,
	}, detail{
		Key: j.key, Kind: judge.JobMissedSchedule, Missed: j.slots.missed,
		// A run that resolves it is of a later date than those before the slot, or has begun after
		// it.
		Order: order{Date: j.slots.passed, Start: earliestStart}, Strict: true,
	})
}

// deadline is when a run that covers a slot should have ended; false if it has no such time.
func (t *tracked) deadline() (time.Time, bool) {
	j := t.job
	if t.slot.IsZero() || j.card == nil || j.card.FinishWithin <= 0 || j.schedule == nil {
		return time.Time{}, false
	}
	return t.slot.Add(j.card.FinishWithin), true
}

// overdue returns the fault of a run that should have ended by now; else at is when to look.
func (tr *Tracker) overdue(t *tracked, e judge.Expect, now time.Time) (f *judge.Fault, at time.Time) {
	deadline, ok := t.deadline()
	if t.job.disabled(judge.JobOverdue) {
		return nil, time.Time{}
	}
	if !ok || now.Before(deadline) {
		return nil, deadline
	}
	late := tr.judge.Overdue(t.run, e, t.slot, deadline)
	return &late, time.Time{}
}
