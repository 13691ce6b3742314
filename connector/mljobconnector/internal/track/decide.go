// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// saveEvery is how often it is stored that the tracker is alive, if nothing else is to be written.
const saveEvery = time.Minute

// Tick decides what has fallen due, and writes it.
func (w *Tracker) Tick(ctx context.Context, now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh(now)
	w.endOutage(now)
	for t := w.timers.due(now); t != nil; t = w.timers.due(now) {
		if t.job != nil {
			w.evaluateSlots(t.job, now)
		} else {
			w.evaluate(t.run, now)
		}
	}
	w.ledger.alerts.Tidy(now)
	return w.write(ctx, now)
}

// Flush decides, at shutdown, the errors that wait for DecisionWait; what is absent is decided
// after the restart.
func (w *Tracker) Flush(ctx context.Context, now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh(now)
	var next *tracked
	for e := w.index.open.Front(); e != nil; {
		next = e.Value.(*tracked)
		e = e.Next() // conclude moves the run to another list
		if next.phase != ended {
			continue
		}
		if v := w.judge.Judge(next.run, w.expect(next), false); v.Fault != nil && (!v.Waits || v.Outcome.Bad()) {
			w.conclude(next, v, now)
		}
	}
	w.saved = time.Time{} // the store shall know how long the tracker was alive
	return w.write(ctx, now)
}

// wake sets a run's timer, never to a time that has passed.
func (w *Tracker) wake(t *timer, at, now time.Time) {
	if !at.IsZero() && !at.After(now) {
		at = now.Add(time.Second)
	}
	w.timers.set(t, at)
}

// expect is what a run is held against.
func (w *Tracker) expect(t *tracked) judge.Expect {
	e := judge.Expect{Options: w.options.Options, Card: t.job.card, History: t.job.past.history}
	if resumed := w.resumed(t); resumed != nil {
		e.Resumed = resumed.run
	}
	_, e.Slotted = t.deadline()
	return e
}

// afterDowntime moves a deadline that passed while the collector was down to Absence after its
// start.
func (w *Tracker) afterDowntime(deadline time.Time) time.Time {
	if !w.down.IsZero() && deadline.After(w.down) && !deadline.After(w.started) {
		return w.started.Add(w.options.Absence)
	}
	return deadline
}

// evaluate decides what is due on a run.
func (w *Tracker) evaluate(t *tracked, now time.Time) {
	switch {
	case t.job == nil:
		if at := t.run.LastSeen.Add(namelessFor); now.Before(at) {
			w.wake(&t.timer, at, now)
			return
		}
		w.drop(t)
	case t.phase == closed:
		if at := t.closedAt.Add(closedFor); now.Before(at) {
			w.wake(&t.timer, at, now)
			return
		}
		w.forget(t)
	case t.phase == ended:
		w.decide(t, now)
	default:
		w.evaluateRunning(t, now)
	}
}

func (w *Tracker) evaluateRunning(t *tracked, now time.Time) {
	e := w.expect(t)
	isOver, at := w.judge.Ended(t.run, e, now)
	if isOver {
		// What is silent because the collector was down has not ended by that.
		deadline := t.run.LastSeen.Add(w.options.Absence)
		if until := w.afterDowntime(deadline); until.After(deadline) && now.Before(until) {
			w.wake(&t.timer, until, now)
			return
		}
		t.phase, t.since = ended, t.run.LastSeen
		w.records.Change(t)
		w.decide(t, now)
		return
	}
	if gone := t.run.LastSeen.Add(abandonedAfter); !now.Before(gone) {
		w.exceeded(Notice{Limit: LimitRun, Key: t.run.Key, Run: t.run.ID})
		w.forget(t)
		return
	}
	next := earliest(w.goingOn(t, e, now), t.run.LastSeen.Add(abandonedAfter))
	if at.After(now) {
		next = earliest(next, at)
	}
	w.wake(&t.timer, next, now)
}

// decide judges a run that has ended, if it is time.
func (w *Tracker) decide(t *tracked, now time.Time) {
	if at := t.since.Add(w.options.DecisionWait); now.Before(at) {
		w.wake(&t.timer, at, now)
		return
	}
	waitsUntil := w.afterDowntime(t.since.Add(w.options.Absence))
	deadlinePassed := !now.Before(waitsUntil)
	v := w.judge.Judge(t.run, w.expect(t), deadlinePassed)
	if v.Waits && !deadlinePassed && !v.Outcome.Bad() {
		w.wake(&t.timer, waitsUntil, now)
		return
	}
	w.conclude(t, v, now)
}

// conclude acts on a verdict: counts, alerts, history.
func (w *Tracker) conclude(t *tracked, v judge.Verdict, now time.Time) {
	w.count(t, v)
	t.judged, t.outcome, t.good = true, v.Outcome, v.Good
	w.records.Change(t)
	t.phase, t.closedAt = closed, now
	w.index.open.Remove(t.place)
	t.place = w.index.closed.PushBack(t)
	w.timers.set(&t.timer, now.Add(closedFor))

	raised := map[*entry]bool{}
	if v.Fault != nil {
		if e := w.raise(now, t, *v.Fault, v.Also, false); e != nil {
			raised[e] = true
		}
	}
	for _, f := range v.Warnings {
		if e := w.raise(now, t, f, nil, false); e != nil {
			raised[e] = true
		}
	}
	w.settleAlerts(t, v, raised, now)

	if endedWell(v) && !t.backfill {
		if end := t.run.End; end.After(t.job.lastSuccess) {
			t.job.lastSuccess = end
			if end.After(now) {
				t.job.lastSuccess = now // the clock of the job's host is ahead
			}
			w.records.Change(t.job)
		}
	}
	feeds := v.Good && !t.backfill && t.run.Resumes == ""
	switch {
	case feeds: // a run that was there is replaced
		w.judge.Learn(t.job.past.history, t.run)
		w.records.Change(t.job.past)
	case t.learned: // a late span has shown that it was not good
		w.judge.Forget(t.job.past.history, t.run)
		w.records.Change(t.job.past)
	}
	t.learned = feeds
	w.boundClosed()
}

// endedWell reports whether the run did what it is for: it is good, slow, or has only lost a stage
// that it can do without.
func endedWell(v judge.Verdict) bool {
	return v.Outcome == run.Success && (v.Good || v.Fault == nil || v.Fault.Warning)
}

// settleAlerts ends the alerts of the job that the run's verdict settles.
//
//	good (or slow)   those of the run itself, and of all runs that are not later: resolved
//	at fault         the same: superseded, except by a mere cancellation, which says nothing about older faults
//	skipped          those of the run itself
func (w *Tracker) settleAlerts(t *tracked, v judge.Verdict, raised map[*entry]bool, now time.Time) {
	well := endedWell(v)
	why := map[string]string{"resolved_by": runName(t)}
	if !well && v.Fault != nil {
		why = map[string]string{"superseded_by": faultName(v.Fault.Kind, v.Fault.Stage), "superseded_by_run": runName(t)}
	}
	// Where the run's own alert found no place beside that of a later run, it takes that of no
	// other.
	all := well || v.Fault != nil && !v.Fault.Warning && len(raised) > 0
	settle := func(key run.Key) {
		for _, e := range w.ledger.of(key) {
			if raised[e] {
				continue
			}
			if e.Run == t.stored.Key || e.settledBy(t.order()) && (all || v.Fault != nil && e.Warning) {
				w.ledger.resolve(now, e, why)
				w.settled(t, e)
			}
		}
	}
	settle(t.run.Key)
	if well && t.run.Key.Environment != "" && t.job.card != nil && t.job.card.Environment == "" {
		settle(run.Key{Job: t.run.Key.Job}) // what was said of the card, before it was known where the job runs
	}
}

// settled notes that a run has ended the alert of another one that goes on.
func (w *Tracker) settled(by *tracked, e *entry) {
	if !e.Running || e.Run == by.stored.Key {
		return
	}
	for t := range by.job.runs {
		if t.stored.Key == e.Run {
			t.settle(faultID{e.Kind, e.Stage})
			w.records.Change(t)
		}
	}
}

// goingOn raises what is wrong with a run that goes on, and returns when to look again.
func (w *Tracker) goingOn(t *tracked, e judge.Expect, now time.Time) time.Time {
	if !t.warm {
		w.warmUp(t, e)
	}
	faults, next := w.judge.Running(t.run, e, now)
	overdue, at := w.overdue(t, e, now)
	next = earliest(next, at)
	if overdue != nil && !slices.ContainsFunc(faults, func(f judge.Fault) bool { return f.Kind == judge.JobOverdue }) {
		faults = append(faults, *overdue)
	}

	reported := map[faultID]time.Time{}
	firing, lasting := map[*entry]bool{}, map[faultID]bool{}
	var late *entry // says that a stage is overdue or stalled
	known := false  // said that, and was settled
	for _, f := range faults {
		id := faultID{f.Kind, f.Stage}
		lasting[id] = true
		if _, ok := t.settled[id]; ok {
			known = known || f.Kind == judge.StageOverdue || f.Kind == judge.StageStalled
			continue
		}
		if reportsMissing(f.Kind) {
			since, ok := t.reported[id]
			if !ok {
				since = now
			}
			reported[id] = since
			if !w.fires(t, f) {
				if until, held := w.heldFor(t, since, now); held {
					next = earliest(next, until)
					continue
				}
			}
			if f.Kind == judge.JobOverdue && (known || late != nil) {
				continue // that is said of its stage
			}
		}
		if r := w.raise(now, t, f, nil, true); r != nil {
			firing[r] = true
			if f.Kind == judge.StageOverdue || f.Kind == judge.StageStalled {
				late = r
			}
		}
	}
	t.reported = reported
	for id := range t.settled {
		if !lasting[id] {
			delete(t.settled, id)
			w.records.Change(t)
		}
	}
	for _, a := range w.ledger.of(t.run.Key) {
		if a.Run != t.stored.Key || !a.Running || firing[a] {
			continue
		}
		switch {
		case a.Kind == judge.JobOverdue && late != nil:
			w.ledger.resolve(now, a, map[string]string{"superseded_by": faultName(late.Kind, late.Stage)})
		case a.Kind == judge.JobOverdue || a.Kind == judge.StageOverdue:
			// It stays until the run has ended.
		default:
			w.ledger.resolve(now, a, map[string]string{"resolved_by": runName(t)})
		}
	}
	return next
}

// fires reports whether the fault of the run has an alert already.
func (w *Tracker) fires(t *tracked, f judge.Fault) bool {
	return slices.ContainsFunc(w.ledger.of(t.run.Key), func(e *entry) bool {
		return e.Run == t.stored.Key && e.Kind == f.Kind && e.Stage == f.Stage
	})
}

// heldFor reports whether a fault of absence that is known since a time is held, because the
// collector was down or nothing is received, and when to ask again.
func (w *Tracker) heldFor(t *tracked, since, now time.Time) (until time.Time, held bool) {
	until, held = w.hold(t.run.Key, since, now)
	if at := w.started.Add(w.options.Absence); !w.down.IsZero() && since.After(w.down) && now.Before(at) {
		return earliest(until, at), true
	}
	return until, held
}

// warmUp finds out what was known of a run when the collector went down.
func (w *Tracker) warmUp(t *tracked, e judge.Expect) {
	t.warm = true
	if w.down.IsZero() {
		return
	}
	since := w.down
	if !w.outage.resumedAt.IsZero() && w.down.Before(w.outage.resumedAt.Add(w.options.Absence)) {
		since = w.outage.resumedAt.Add(-minOutage) // it may have been held in the silence before
	}
	faults, _ := w.judge.Running(t.run, e, w.down)
	if f, _ := w.overdue(t, e, w.down); f != nil {
		faults = append(faults, *f)
	}
	t.reported = map[faultID]time.Time{}
	for _, f := range faults {
		if reportsMissing(f.Kind) {
			t.reported[faultID{f.Kind, f.Stage}] = since
		}
	}
}

// write writes what has changed. While the tracker is alive that is stored with it, and every
// minute.
func (w *Tracker) write(ctx context.Context, now time.Time) error {
	services := w.records.Stored() && !now.Before(w.saved.Add(saveEvery))
	if w.records.Stored() && (w.records.Pending() || services) {
		m := meta{alive: now, received: w.liveness.lastAt(), again: w.outage.resumedAt}
		w.records.Put(keyMeta, m.encode())
	}
	if services {
		w.records.Put(keyServices, w.liveness.encode())
	}
	w.wrote = now
	if err := w.records.Write(ctx); err != nil {
		return err
	}
	if services {
		w.saved = now
	}
	return nil
}

// Next is when Tick or Due have something to do if no span comes.
func (w *Tracker) Next() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := earliest(w.timers.next(), w.ledger.alerts.Next())
	switch {
	case w.records.Behind():
		next = earliest(next, w.wrote.Add(retryAfter))
	case w.records.Stored():
		next = earliest(next, w.saved.Add(saveEvery))
	}
	if !w.outage.since.IsZero() {
		next = earliest(next, w.wrote.Add(retryAfter)) // Alive ends a silence without a word
	}
	return next
}
