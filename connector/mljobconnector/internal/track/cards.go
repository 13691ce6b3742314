// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track/schedule"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// farAway is how far in the future a logical date may lie; a later one is a mistake that would make
// backfills of all runs to come.
const farAway = 366 * 24 * time.Hour

// noCards stands for a tracker without a catalog.
var noCards = catalog.NewSet(nil, nil)

// refresh takes over the cards if they have changed. A job on a card with a schedule is watched
// from then on, whether or not a span of it has come.
func (w *Tracker) refresh(now time.Time) {
	set := noCards
	if w.options.Cards != nil {
		if set = w.options.Cards(); set == nil {
			set = noCards
		}
	}
	if set == w.cards {
		return
	}
	w.cards = set
	for _, j := range w.jobs {
		w.plan(j, now)
		if j.schedule == nil && !j.own { // known by its card alone, which is gone
			w.dropJob(j)
		}
	}
	for _, card := range set.Jobs {
		if schedule.Of(card) == nil || card.Environment == "" && w.armedElsewhere(card.Name) {
			continue
		}
		key := run.Key{Environment: card.Environment, Job: card.Name}
		if w.jobs[key] == nil {
			w.beginJob(key, now)
		}
	}
	for e := w.index.open.Front(); e != nil; e = e.Next() {
		t := e.Value.(*tracked)
		if t.phase == running {
			w.timers.advance(&t.timer, now)
		}
	}
}

// armedElsewhere reports whether the schedule of a card without an environment holds in some
// environment.
func (w *Tracker) armedElsewhere(name string) bool {
	for key, j := range w.jobs {
		if key.Job == name && key.Environment != "" && j.slots.armed && j.card != nil && j.card.Environment == "" {
			return true
		}
	}
	return false
}

// plan takes over the card of a job.
func (w *Tracker) plan(j *job, now time.Time) {
	j.card = w.cards.Job(j.key.Environment, j.key.Job)
	j.schedule = schedule.Of(j.card)
	switch {
	case j.schedule == nil:
		for _, e := range w.ledger.of(j.key) {
			if e.Kind == judge.JobMissedSchedule {
				w.ledger.resolve(now, e, map[string]string{"resolved_by": "the card, which has no schedule any more"})
			}
		}
		if j.slots.spec != "" {
			j.slots = slots{}
			w.records.Change(j)
		}
		w.timers.stop(&j.timer)
	case j.schedule.String() != j.slots.spec:
		j.slots = slots{spec: j.schedule.String(), from: now, date: j.slots.date, armed: j.slots.armed}
		if !w.scheduleApplies(j) {
			j.slots.from = now.Add(-w.patience(j) - w.options.Absence) // a run may cover what is open; nothing is missed here
		}
		w.records.Change(j)
		w.timers.set(&j.timer, now)
	default:
		w.timers.advance(&j.timer, now)
	}
}

// beginJob makes a job known. If there is no room (roomForJob), it is refused and nil returned.
func (w *Tracker) beginJob(key run.Key, now time.Time) *job {
	if !w.roomForJob(key, now) {
		w.exceeded(Notice{Limit: LimitRefused, Key: key})
		return nil
	}
	j := newJob(key)
	w.enterJob(j, now)
	w.records.Change(j)
	w.records.Change(j.past)
	w.plan(j, now)
	return j
}

func (w *Tracker) enterJob(j *job, now time.Time) {
	w.jobs[j.key], j.seen = j, now
	j.place = w.byAge.PushBack(j)
}

// dropJob takes a job and its runs out of everything.
func (w *Tracker) dropJob(j *job) {
	for t := range j.runs {
		w.drop(t)
	}
	w.timers.stop(&j.timer)
	w.byAge.Remove(j.place)
	delete(w.jobs, j.key)
	delete(w.outage.suspects, j.key)
	w.records.Remove(j)
	w.records.Remove(j.past)
}
