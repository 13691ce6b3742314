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
func (w *Tracker) scheduleApplies(j *job) bool {
	switch {
	case j.schedule == nil:
		return false
	case j.card.Environment != "" || j.slots.armed:
		return true
	default:
		return j.key.Environment == "" && !w.armedElsewhere(j.key.Job)
	}
}

// patience is how long after its slot a run may be missing.
func (w *Tracker) patience(j *job) time.Duration {
	if j.card.FinishWithin > 0 {
		return j.card.FinishWithin
	}
	return w.options.ScheduleGrace
}

// coverSlot gives a new run the slot that it covers.
func (w *Tracker) coverSlot(t *tracked) {
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
	w.records.Change(j)
	w.timers.advance(&j.timer, began)
	if general := w.jobs[run.Key{Job: j.key.Job}]; general != nil && general != j && general.schedule != nil {
		w.timers.advance(&general.timer, began) // it is known now where it runs
	}
}

// evaluateSlots judges the slots of a job whose time is over.
func (w *Tracker) evaluateSlots(j *job, now time.Time) {
	if j.schedule == nil {
		return
	}
	for t := range j.runs {
		w.coverSlot(t)
	}
	missed, latest := 0, time.Time{}
	for n := 0; ; n++ {
		slot := j.schedule.Next(j.slots.from)
		if slot.IsZero() {
			break
		}
		deadline := slot.Add(w.patience(j))
		due := w.afterDowntime(deadline.Add(w.options.Absence))
		if now.Before(due) {
			w.wake(&j.timer, due, now)
			break
		}
		holds := w.scheduleApplies(j)
		if holds && !j.slots.has(slot) && w.passedInOutage(j, deadline) {
			holds = false
		}
		if holds && !j.slots.has(slot) {
			if until, held := w.hold(j.key, deadline, now); held {
				w.wake(&j.timer, until, now)
				break
			}
		}
		if n == maxSlots { // the rest of a very long time is not gone through slot by slot
			j.slots.from = now.Add(-w.patience(j) - w.options.Absence)
			j.slots.covered = nil
			w.wake(&j.timer, now, now)
			break
		}
		w.records.Change(j)
		if !j.slots.pass(slot) {
			continue
		}
		if !holds {
			j.slots.missed, j.slots.firstMissed = 0, time.Time{}
			continue
		}
		missed, latest = missed+1, slot
	}
	if missed > 0 {
		w.raiseMissed(j, latest, now)
	}
	if !j.own && !w.scheduleApplies(j) && len(w.ledger.of(j.key)) == 0 {
		w.dropJob(j) // other environments have taken its place
	}
}

// raiseMissed says that no run came for a slot.
func (w *Tracker) raiseMissed(j *job, slot, now time.Time) {
	deadline := slot.Add(w.patience(j))
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
	if !w.down.IsZero() && deadline.Add(w.options.Absence).After(w.down) && !deadline.Add(w.options.Absence).After(w.started) {
		fmt.Fprintf(&s, " The collector was down from %s to %s and may not have seen it.", j.schedule.Format(w.down), j.schedule.Format(w.started))
		annotations["collector_down_since"] = w.down.UTC().Format(time.RFC3339)
		annotations["collector_down_until"] = w.started.UTC().Format(time.RFC3339)
	}
	if !j.lastSuccess.IsZero() {
		annotations["last_success"] = j.lastSuccess.UTC().Format(time.RFC3339)
	}
	w.describe(j, annotations)
	earliestStart := slot.Add(-j.schedule.Early(slot) - j.schedule.Skew(slot))
	w.ledger.raise(now, alert.Alert{
		Name: string(judge.JobMissedSchedule), Severity: w.severity(j, false), Labels: labels(j.key, ""),
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
func (w *Tracker) overdue(t *tracked, e judge.Expect, now time.Time) (f *judge.Fault, at time.Time) {
	deadline, ok := t.deadline()
	if !ok || now.Before(deadline) {
		return nil, deadline
	}
	late := w.judge.Overdue(t.run, e, t.slot, deadline)
	return &late, time.Time{}
}
