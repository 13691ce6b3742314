// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// An alert lasts until a good run ends it. That of a job that never runs again ends when nothing was
// heard of the job for Options.EndAfter: nobody is to be told for ever of what was given up.

const (
	// hearEvery is how much later a job must have been heard of for that to be stored.
	hearEvery = time.Hour
	// afterStart is how long a job may be silent after a start of the collector, which may have
	// missed its runs.
	afterStart = 24 * time.Hour
)

// hearOf notes on the alerts of a job that it was heard of.
func (tr *Tracker) hearOf(key run.Key, at time.Time) {
	for _, e := range tr.ledger.of(key) {
		if at.Sub(e.Heard) >= hearEvery {
			e.Heard = at
			tr.records.Change(e)
		}
	}
}

// silentFrom is when an alert ends if nothing is heard of its job; zero for never.
func (tr *Tracker) silentFrom(e *entry) time.Time {
	if tr.options.EndAfter <= 0 || e.Key.Job == "" {
		return time.Time{}
	}
	at := e.Heard.Add(tr.options.EndAfter)
	if soonest := tr.started.Add(min(afterStart, tr.options.EndAfter)); !tr.down.IsZero() && at.After(tr.down) && at.Before(soonest) {
		at = soonest
	}
	return at
}

// nextSilent is when the next alert ends if nothing is heard of its job.
func (tr *Tracker) nextSilent() (next time.Time) {
	if tr.outageAlert() != nil {
		return time.Time{}
	}
	for _, e := range tr.ledger.alerts.All() {
		if e.Firing() {
			next = earliest(next, tr.silentFrom(e))
		}
	}
	return next
}

// endSilent ends the alerts of the jobs of which nothing was heard for long. While nothing at all is
// received that says nothing of a job.
func (tr *Tracker) endSilent(now time.Time) {
	if tr.outageAlert() != nil {
		return
	}
	for _, e := range tr.ledger.alerts.All() {
		if at := tr.silentFrom(e); !e.Firing() || at.IsZero() || now.Before(at) {
			continue
		}
		of, heard := (*tracked)(nil), e.Heard
		if j := tr.jobs[e.Key]; j != nil {
			for t := range j.runs {
				heard = latest(heard, t.run.LastSeen)
				if t.stored.Key == e.Run {
					of = t
				}
			}
		}
		if heard.After(e.Heard) {
			e.Heard = heard
			tr.records.Change(e)
			if now.Before(tr.silentFrom(e)) {
				continue
			}
		}
		tr.ledger.resolve(now, e, map[string]string{"resolved_by": "silence: nothing was heard of the job for " + words.Duration(tr.options.EndAfter)})
		if of != nil && e.Running { // it is not raised again while the run lasts
			of.settle(faultID{e.Kind, e.Stage})
			tr.records.Change(of)
		}
	}
}

// endDisabled ends the alerts that the job's card turns off.
func (tr *Tracker) endDisabled(j *job, now time.Time) {
	if j.card == nil || len(j.card.Alerts.Disable) == 0 {
		return
	}
	for _, e := range tr.ledger.of(j.key) {
		if j.card.Disabled(string(e.Kind)) {
			tr.ledger.resolve(now, e, map[string]string{"resolved_by": "the card, which turns off " + string(e.Kind)})
		}
	}
}

// disabled reports whether the job's card turns off a kind of alert.
func (j *job) disabled(kind judge.Kind) bool { return j.card != nil && j.card.Disabled(string(kind)) }
