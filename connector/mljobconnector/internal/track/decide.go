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

// Tick decides what has fallen due, and writes it. An error is the store's.
func (tr *Tracker) Tick(ctx context.Context, now time.Time) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.refresh(now)
	tr.endOutage(now)
	for t := tr.timers.due(now); t != nil; t = tr.timers.due(now) {
		if t.job != nil {
			tr.evaluateSlots(t.job, now)
		} else {
			tr.evaluate(t.run, now)
		}
	}
	tr.endSilent(now)
	tr.evaluateShared(now)
	tr.ledger.alerts.Tidy(now)
	return tr.write(ctx, now)
}

// Flush decides, at shutdown, the errors that wait for DecisionWait; what is absent is decided
// after the restart.
func (tr *Tracker) Flush(ctx context.Context, now time.Time) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.refresh(now)
	var next *tracked
	for e := tr.index.open.Front(); e != nil; {
		next = e.Value.(*tracked)
		e = e.Next() // conclude moves the run to another list
		if next.phase != ended {
			continue
		}
		if v := tr.judge.Judge(next.run, tr.expect(next), false); v.Fault != nil && (!v.Waits || v.Outcome.Bad()) {
			tr.conclude(next, v, now)
		}
	}
	tr.sayShared(now)
	tr.saved = time.Time{} // the store shall know how long the tracker was alive
	tr.refused = nil       // there is no later attempt
	return tr.write(ctx, now)
}

// wake sets a run's timer, never to a time that has passed.
func (tr *Tracker) wake(t *timer, at, now time.Time) {
	if !at.IsZero() && !at.After(now) {
		at = now.Add(time.Second)
	}
	tr.timers.set(t, at)
}

// expect is what a run is held against.
func (tr *Tracker) expect(t *tracked) judge.Expect {
	e := judge.Expect{Options: tr.options.Options, Card: t.job.card, History: t.job.past.history}
	if resumed := tr.resumed(t); resumed != nil {
		e.Resumed = resumed.run
	}
	_, e.Slotted = t.deadline()
	e.Partial = t.partial
	return e
}

// afterDowntime moves a deadline that passed while the collector was down to Absence after its
// start.
func (tr *Tracker) afterDowntime(deadline time.Time) time.Time {
	if !tr.down.IsZero() && deadline.After(tr.down) && !deadline.After(tr.started) {
		return tr.started.Add(tr.options.Absence)
	}
	return deadline
}

// evaluate decides what is due on a run.
func (tr *Tracker) evaluate(t *tracked, now time.Time) {
	switch {
	case t.job == nil:
		if at := t.run.LastSeen.Add(namelessFor); now.Before(at) {
			tr.wake(&t.timer, at, now)
			return
		}
		tr.drop(t)
	case t.phase == closed:
		if at := t.closedAt.Add(closedFor); now.Before(at) {
			tr.wake(&t.timer, at, now)
			return
		}
		tr.forget(t)
	case t.phase == ended:
		tr.decide(t, now)
	default:
		tr.evaluateRunning(t, now)
	}
}

func (tr *Tracker) evaluateRunning(t *tracked, now time.Time) {
	e := tr.expect(t)
	isOver, at := tr.judge.Ended(t.run, e, now)
	if isOver {
		// What is silent because the collector was down has not ended by that.
		deadline := t.run.LastSeen.Add(tr.options.Absence)
		if until := tr.afterDowntime(deadline); until.After(deadline) && now.Before(until) {
			tr.wake(&t.timer, until, now)
			return
		}
		t.phase, t.since = ended, t.run.LastSeen
		tr.records.Change(t)
		tr.decide(t, now)
		return
	}
	gone := t.run.LastSeen.Add(keeps(t))
	if !now.Before(gone) {
		tr.exceeded(Notice{Limit: LimitSilent, Key: t.run.Key, Run: t.run.ID})
		tr.forget(t)
		return
	}
	next := earliest(tr.goingOn(t, e, now), gone)
	if at.After(now) {
		next = earliest(next, at)
	}
	tr.wake(&t.timer, next, now)
}

// keeps is how long a run that has not ended is kept after its last span. Spans are sent when they
// end, so that a job that trains for days is silent for days: of a job that is vouched for, twice what its
// card allows and what its longest good run took.
func keeps(t *tracked) time.Duration {
	if !t.job.standing().vouched() {
		return strangerFor
	}
	longest := t.job.past.history.Longest()
	if card := t.job.card; card != nil {
		longest = max(longest, card.FinishWithin)
		for i := range card.Stages {
			longest = max(longest, card.Stages[i].Timeout, card.Stages[i].Heartbeat)
		}
	}
	return min(max(abandonedAfter, 2*longest), abandonedAtLast)
}

// decide judges a run that has ended, if it is time.
func (tr *Tracker) decide(t *tracked, now time.Time) {
	if at := t.since.Add(tr.options.DecisionWait); now.Before(at) {
		tr.wake(&t.timer, at, now)
		return
	}
	waitsUntil := tr.afterDowntime(t.since.Add(tr.options.Absence))
	deadlinePassed := !now.Before(waitsUntil)
	v := tr.judge.Judge(t.run, tr.expect(t), deadlinePassed)
	if v.Waits && !deadlinePassed && !v.Outcome.Bad() {
		tr.wake(&t.timer, waitsUntil, now)
		return
	}
	tr.conclude(t, v, now)
}

// conclude acts on a verdict: counts, alerts, history.
func (tr *Tracker) conclude(t *tracked, v judge.Verdict, now time.Time) {
	tr.count(t, v)
	t.judged, t.outcome, t.good = true, v.Outcome, v.Good
	tr.records.Change(t)
	tr.unseat(t)
	t.phase, t.closedAt = closed, now
	tr.seat(t)
	tr.timers.set(&t.timer, now.Add(closedFor))

	raised := map[*entry]bool{}
	if f, also := tr.toSay(t, v); f != nil {
		if e := tr.raise(now, t, *f, also, false); e != nil {
			raised[e] = true
		}
	}
	for _, f := range v.Warnings {
		if e := tr.raise(now, t, f, nil, false); e != nil {
			raised[e] = true
		}
	}
	tr.settleAlerts(t, v, raised, now)
	tr.hearOf(t.run.Key, now)

	if endedWell(v) && !t.backfill {
		if end := t.run.End; end.After(t.job.lastSuccess) {
			t.job.lastSuccess = end
			if end.After(now) {
				t.job.lastSuccess = now // the clock of the job's host is ahead
			}
			tr.records.Change(t.job)
		}
	}
	feeds := v.Feeds && !t.backfill && t.run.Resumes == "" && !t.partial
	switch {
	case feeds: // a run that was there is replaced
		accepted := tr.judge.Learn(t.job.past.history, t.run, tr.expect(t), v)
		tr.records.Change(t.job.past)
		tr.prove(t.job, now)
		for _, a := range accepted {
			tr.accept(t, a, now)
		}
	case t.learned: // a late span has shown that it was not good
		tr.judge.Forget(t.job.past.history, t.run)
		tr.records.Change(t.job.past)
	}
	t.learned = feeds
	tr.boundClosed()
}

// toSay returns the fault of a verdict that is to be said, with the others: the first one that was
// not said before; nil if there is none.
func (tr *Tracker) toSay(t *tracked, v judge.Verdict) (f *judge.Fault, also []judge.Fault) {
	if v.Fault == nil || !tr.saidBefore(t, v.Fault) {
		return v.Fault, v.Also
	}
	i := slices.IndexFunc(v.Also, func(f judge.Fault) bool { return !tr.saidBefore(t, &f) })
	if i < 0 {
		return nil, nil
	}
	return &v.Also[i], slices.Concat([]judge.Fault{*v.Fault}, v.Also[:i], v.Also[i+1:])
}

// saidBefore reports whether nobody needs another alert on the fault: the runs before had it, or it
// was said that the run took too long while it went on. An alert that fires is kept up to date.
func (tr *Tracker) saidBefore(t *tracked, f *judge.Fault) bool {
	overdue := false
	for _, e := range tr.ledger.of(t.run.Key) {
		if e.Kind == f.Kind && e.Stage == f.Stage {
			return false
		}
		overdue = overdue || e.Kind == judge.JobOverdue && e.Run == t.stored.Key
	}
	return f.Repeats || f.Kind == judge.JobSlow && overdue
}

// accept ends the alert on what has become the new normal, and says so once.
func (tr *Tracker) accept(t *tracked, a judge.Accepted, now time.Time) {
	for _, e := range tr.ledger.of(t.run.Key) {
		if e.Kind == a.Kind && e.Stage == a.Stage {
			tr.ledger.resolve(now, e, map[string]string{"resolved_by": "the new normal: " + a.Text})
		}
	}
	tr.accepted[a.Kind]++
	if tr.options.Accepted != nil {
		tr.options.Accepted(t.run.Key, a)
	}
}

// endedWell reports whether the run did what it is for: it is good, slow, without a stage that no
// card names, or has only lost a stage that it can do without.
func endedWell(v judge.Verdict) bool {
	return v.Outcome == run.Success && (v.Good || v.Fault == nil || v.Fault.Warning)
}

// settleAlerts ends the alerts of the job that the run's verdict settles.
//
//	good (or slow)   those of the run itself, and of all runs that are not later: resolved
//	at fault         the same: superseded, except by a mere cancellation, which says nothing about older faults
//	skipped          those of the run itself
func (tr *Tracker) settleAlerts(t *tracked, v judge.Verdict, raised map[*entry]bool, now time.Time) {
	well := endedWell(v)
	why := map[string]string{"resolved_by": runName(t)}
	if !well && v.Fault != nil {
		why = map[string]string{"superseded_by": faultName(v.Fault.Kind, v.Fault.Stage), "superseded_by_run": runName(t)}
	}
	// Where the run's own alert found no place beside that of a later run, it takes that of no
	// other.
	all := well || v.Fault != nil && !v.Fault.Warning && len(raised) > 0
	settle := func(key run.Key) {
		for _, e := range tr.ledger.of(key) {
			if raised[e] {
				continue
			}
			if e.Run == t.stored.Key || e.settledBy(t.order()) && (all || v.Fault != nil && e.Warning) {
				tr.ledger.resolve(now, e, why)
				tr.settled(t, e)
			}
		}
	}
	settle(t.run.Key)
	if well && t.run.Key.Environment != "" && t.job.card != nil && t.job.card.Environment == "" {
		settle(run.Key{Job: t.run.Key.Job}) // what was said of the card, before it was known where the job runs
	}
}

// settled notes that a run has ended the alert of another one that goes on.
func (tr *Tracker) settled(by *tracked, e *entry) {
	if !e.Running || e.Run == by.stored.Key {
		return
	}
	for t := range by.job.runs {
		if t.stored.Key == e.Run {
			t.settle(faultID{e.Kind, e.Stage})
			tr.records.Change(t)
		}
	}
}

// goingOn raises what is wrong with a run that goes on, and returns when to look again.
func (tr *Tracker) goingOn(t *tracked, e judge.Expect, now time.Time) time.Time {
	if !t.warm {
		tr.warmUp(t, e)
	}
	faults, next := tr.judge.Running(t.run, e, now)
	overdue, at := tr.overdue(t, e, now)
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
			if !tr.fires(t, f) {
				if until, held := tr.heldFor(t, since, now); held {
					next = earliest(next, until)
					continue
				}
			}
			if f.Kind == judge.JobOverdue && (known || late != nil) {
				continue // that is said of its stage
			}
		}
		if r := tr.raise(now, t, f, nil, true); r != nil {
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
			tr.records.Change(t)
		}
	}
	for _, a := range tr.ledger.of(t.run.Key) {
		if a.Run != t.stored.Key || !a.Running || firing[a] {
			continue
		}
		switch {
		case a.Kind == judge.JobOverdue && late != nil:
			tr.ledger.resolve(now, a, map[string]string{"superseded_by": faultName(late.Kind, late.Stage)})
		case a.Kind == judge.JobOverdue || a.Kind == judge.StageOverdue:
			// It stays until the run has ended.
		default:
			tr.ledger.resolve(now, a, map[string]string{"resolved_by": runName(t)})
		}
	}
	return next
}

// fires reports whether the fault of the run has an alert already.
func (tr *Tracker) fires(t *tracked, f judge.Fault) bool {
	return slices.ContainsFunc(tr.ledger.of(t.run.Key), func(e *entry) bool {
		return e.Run == t.stored.Key && e.Kind == f.Kind && e.Stage == f.Stage
	})
}

// heldFor reports whether a fault of absence that is known since a time is held, because the
// collector was down or nothing is received, and when to ask again.
func (tr *Tracker) heldFor(t *tracked, since, now time.Time) (until time.Time, held bool) {
	until, held = tr.hold(t.run.Key, since, now)
	if at := tr.started.Add(tr.options.Absence); !tr.down.IsZero() && since.After(tr.down) && now.Before(at) {
		return earliest(until, at), true
	}
	return until, held
}

// warmUp finds out what was known of a run when the collector went down.
func (tr *Tracker) warmUp(t *tracked, e judge.Expect) {
	t.warm = true
	if tr.down.IsZero() {
		return
	}
	since := tr.down
	if !tr.outage.resumedAt.IsZero() && tr.down.Before(tr.outage.resumedAt.Add(tr.options.Absence)) {
		since = tr.outage.resumedAt.Add(-minOutage) // it may have been held in the silence before
	}
	faults, _ := tr.judge.Running(t.run, e, tr.down)
	if f, _ := tr.overdue(t, e, tr.down); f != nil {
		faults = append(faults, *f)
	}
	t.reported = map[faultID]time.Time{}
	for _, f := range faults {
		if reportsMissing(f.Kind) {
			t.reported[faultID{f.Kind, f.Stage}] = since
		}
	}
}

// againAfter is how soon a store that refuses is asked again by a batch: each asks with all that has
// changed since.
const againAfter = time.Second

// write writes what has changed. While the tracker is alive that is stored with it, and every
// minute. What the store refuses stays to be written, and alerts do not wait for it.
func (tr *Tracker) write(ctx context.Context, now time.Time) error {
	if since := now.Sub(tr.wrote); tr.refused != nil && since >= 0 && since < againAfter {
		tr.ledger.alerts.ReleaseUnstored()
		return tr.refused
	}
	tr.refused = tr.writeNow(ctx, now)
	if tr.refused != nil {
		tr.ledger.alerts.ReleaseUnstored()
	}
	return tr.refused
}

func (tr *Tracker) writeNow(ctx context.Context, now time.Time) error {
	services := tr.records.Stored() && !now.Before(tr.saved.Add(saveEvery))
	if tr.records.Stored() && (tr.records.Pending() || services) {
		m := meta{alive: now, received: tr.liveness.lastAt(), again: tr.outage.resumedAt}
		tr.records.Put(keyMeta, m.encode())
	}
	if services {
		tr.records.Put(keyServices, tr.liveness.encode())
	}
	tr.wrote = now
	if err := tr.records.Write(ctx); err != nil {
		return err
	}
	if services {
		tr.saved = now
	}
	return nil
}

// Next is when Tick or Due have something to do if no span comes.
func (tr *Tracker) Next() time.Time {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	next := earliest(earliest(tr.timers.next(), tr.ledger.alerts.Next()), earliest(tr.nextSilent(), tr.nextShared()))
	switch {
	case tr.records.Behind():
		next = earliest(next, tr.wrote.Add(retryAfter))
	case tr.records.Stored():
		next = earliest(next, tr.saved.Add(saveEvery))
	}
	if !tr.outage.since.IsZero() {
		next = earliest(next, tr.wrote.Add(retryAfter)) // Alive ends a silence without a word
	}
	return next
}
