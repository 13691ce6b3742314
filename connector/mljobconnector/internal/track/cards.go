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
func (tr *Tracker) refresh(now time.Time) {
	set := noCards
	if tr.options.Cards != nil {
		if set = tr.options.Cards(); set == nil {
			set = noCards
		}
	}
	if set == tr.cards {
		return
	}
	tr.cards = set
	clear(tr.environments)
	for _, j := range tr.jobs {
		tr.plan(j, now)
		if j.schedule == nil && !j.own { // known by its card alone, which is gone
			tr.dropJob(j)
		}
	}
	for _, j := range tr.jobs {
		if j.card == nil {
			tr.setCarded(j, false)
		}
	}
	for _, card := range set.Jobs {
		tr.vouch(card)
		if schedule.Of(card) == nil || card.Environment == "" && tr.armedElsewhere(card.Name) {
			continue
		}
		key := run.Key{Environment: card.Environment, Job: card.Name}
		if tr.jobs[key] == nil {
			tr.beginJob(key, now)
		}
	}
	for e := tr.index.open.Front(); e != nil; e = e.Next() {
		t := e.Value.(*tracked)
		if t.phase == running {
			tr.timers.advance(&t.timer, now)
		}
	}
}

// armedElsewhere reports whether the schedule of a card without an environment holds in some
// environment.
func (tr *Tracker) armedElsewhere(name string) bool {
	for key, j := range tr.jobs {
		if key.Job == name && key.Environment != "" && j.slots.armed && j.card != nil && j.card.Environment == "" {
			return true
		}
	}
	return false
}

// plan takes over the card of a job.
func (tr *Tracker) plan(j *job, now time.Time) {
	j.card = tr.cards.Job(j.key.Environment, j.key.Job)
	j.schedule = schedule.Of(j.card)
	tr.endDisabled(j, now)
	switch {
	case j.schedule == nil:
		for _, e := range tr.ledger.of(j.key) {
			if e.Kind == judge.JobMissedSchedule {
				tr.ledger.resolve(now, e, map[string]string{"resolved_by": "the card, which has no schedule any more"})
			}
		}
		if j.slots.spec != "" {
			j.slots = slots{}
			tr.records.Change(j)
		}
		tr.timers.stop(&j.timer)
	case j.schedule.String() != j.slots.spec:
		j.slots = slots{spec: j.schedule.String(), from: now, date: j.slots.date, armed: j.slots.armed}
		if !tr.scheduleApplies(j) {
			j.slots.from = now.Add(-tr.patience(j) - tr.options.Absence) // a run may cover what is open; nothing is missed here
		}
		tr.records.Change(j)
		tr.timers.set(&j.timer, now)
	default:
		tr.timers.advance(&j.timer, now)
	}
}

// beginJob makes a job known. If there is no room (roomForJob), it is refused and nil returned.
func (tr *Tracker) beginJob(key run.Key, now time.Time) *job {
	if !tr.roomForJob(key, now) {
		tr.exceeded(Notice{Limit: LimitRefused, Key: key})
		return nil
	}
	j := newJob(key)
	j.came = now
	tr.enterJob(j, now)
	tr.records.Change(j)
	tr.records.Change(j.past)
	tr.plan(j, now)
	tr.vouch(j.card)
	return j
}

func (tr *Tracker) enterJob(j *job, now time.Time) {
	tr.jobs[j.key], j.seen = j, now
	j.place = tr.byAge.PushBack(j)
}

// dropJob takes a job and its runs out of everything.
func (tr *Tracker) dropJob(j *job) {
	for t := range j.runs {
		tr.drop(t)
	}
	tr.timers.stop(&j.timer)
	tr.byAge.Remove(j.place)
	delete(tr.jobs, j.key)
	tr.counted.forget(&j.stats)
	if j.carded {
		tr.vouch(j.card)
	}
	delete(tr.outage.suspects, j.key)
	tr.records.Remove(j)
	tr.records.Remove(j.past)
}
