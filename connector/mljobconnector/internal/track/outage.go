// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// When nothing at all is received, what is absent says nothing about a single job: one alert,
// NoTelemetry, is raised in place of one per job. A fault of absence whose deadline passes in a
// silence is held while the silence may be everybody's: two services were heard steadily in the
// hour before it, or two jobs are waited for. After NoTelemetry (15 min) of silence it is, if there
// were two such services or two jobs have such a fault; else the one fault is raised after all.
// With the next span the silence is over, and what is still absent Absence later is raised.

// outage is what is known of silences.
type outage struct {
	// suspects are the jobs with a fault of absence that is held because everything is silent since
	// since, and when it was first held.
	suspects map[run.Key]time.Time
	since    time.Time
	// resumedAt is when the latest silence in which something was held was over.
	resumedAt time.Time
	// lastFrom and lastTo are the latest silence that was an alert. They are not stored.
	lastFrom, lastTo time.Time
	// answer is whether a silence at askedAt may be everybody's.
	askedAt time.Time
	answer  bool
}

// minOutage is how long before a deadline a silence must have begun to explain what is absent.
const minOutage = time.Minute

// reportsMissing reports whether a fault is one of absence.
func reportsMissing(k judge.Kind) bool {
	switch k {
	case judge.JobMissedSchedule, judge.JobOverdue, judge.StageOverdue, judge.StageStalled:
		return true
	default:
		return false
	}
}

// quietSince is when something was last heard, or when the tracker began to listen. What was sent
// while it was down for a moment is sent again, so that a silence goes on over that.
func (tr *Tracker) quietSince() time.Time {
	received := tr.liveness.lastAt()
	if received.After(tr.started) || !tr.down.IsZero() && !received.IsZero() && tr.started.Sub(tr.down) <= tr.options.Absence {
		return received
	}
	return tr.started
}

// hold reports whether a fault of absence is to be held, and when to ask again.
func (tr *Tracker) hold(key run.Key, deadline, now time.Time) (until time.Time, held bool) {
	if tr.options.NoTelemetry <= 0 {
		return time.Time{}, false
	}
	tr.endOutage(now)
	if deadline.Before(tr.outage.resumedAt) && now.Before(tr.outage.resumedAt.Add(tr.options.Absence)) {
		return tr.outage.resumedAt.Add(tr.options.Absence), true
	}
	if tr.outageAlert() != nil {
		return now.Add(time.Minute), true
	}
	since := tr.quietSince()
	if deadline.Sub(since) < minOutage || !tr.plausible(now) {
		return time.Time{}, false
	}
	tr.outage.since = since
	if _, ok := tr.outage.suspects[key]; !ok {
		tr.outage.suspects[key] = now
	}
	// A fault that is new, also after a restart, waits for others of the same moment.
	decides := since.Add(tr.options.NoTelemetry)
	if at := tr.outage.suspects[key].Add(tr.options.DecisionWait); at.After(decides) {
		decides = at
	}
	if now.Before(decides) {
		return earliest(now.Add(time.Minute), decides), true
	}
	if !tr.raiseOutage(now, since) {
		return time.Time{}, false
	}
	return now.Add(time.Minute), true
}

// plausible reports whether a silence may be everybody's. The answer is kept for the moment: it is
// asked for every fault that is due.
func (tr *Tracker) plausible(now time.Time) bool {
	if !now.Equal(tr.outage.askedAt) {
		tr.outage.askedAt, tr.outage.answer = now, len(tr.liveness.steady(tr.liveness.lastAt())) >= 2 || tr.waitedFor() >= 2
	}
	return tr.outage.answer
}

// waitedFor counts the jobs of which something is to be heard, up to two.
func (tr *Tracker) waitedFor() int {
	waited := map[*job]bool{}
	for e := tr.index.open.Front(); e != nil && len(waited) < 2; e = e.Next() {
		if t := e.Value.(*tracked); t.phase == running {
			waited[t.job] = true
		}
	}
	for _, j := range tr.jobs {
		if len(waited) >= 2 {
			break
		}
		if tr.scheduleApplies(j) {
			waited[j] = true
		}
	}
	return len(waited)
}

// raiseOutage raises NoTelemetry if the silence is everybody's, in place of the faults that were
// raised in it.
func (tr *Tracker) raiseOutage(now, since time.Time) bool {
	services := tr.liveness.steady(tr.liveness.lastAt())
	if len(tr.outage.suspects) < 2 && len(services) < 2 {
		return false
	}
	var names []string
	for _, key := range slices.SortedFunc(maps.Keys(tr.outage.suspects), compareKeys) {
		names = append(names, words.Title(key))
	}
	summary := fmt.Sprintf("Nothing at all has been received since %s (%s), by which time %s should have been heard of: the path of the telemetry may be broken, and nothing is known of any job.",
		since.UTC().Format("2006-01-02 15:04:05 MST"), round(now.Sub(since)), words.List(names))
	e := tr.ledger.raise(now, alert.Alert{
		Name: string(judge.NoTelemetry), Severity: tr.options.Severity, Summary: summary,
		Annotations: map[string]string{
			"silent_since": since.UTC().Format(time.RFC3339), "jobs": words.Cut(strings.Join(names, ", "), maxText),
			"services": words.Cut(strings.Join(services, ", "), maxText), "services_heard": strconv.Itoa(len(services)),
		},
	}, detail{Kind: judge.NoTelemetry})
	if e == nil {
		return false // the ledger is full
	}
	tr.outage.since = since
	for _, other := range tr.ledger.alerts.All() {
		if other.Firing() && reportsMissing(other.Kind) && other.Alert.StartsAt.After(since) {
			tr.ledger.resolve(now, other, map[string]string{"superseded_by": string(judge.NoTelemetry)})
		}
	}
	return true
}

// passedInOutage reports whether a deadline that passed in a silence of everything says nothing
// about the job: it has been heard of since.
func (tr *Tracker) passedInOutage(j *job, deadline time.Time) bool {
	if deadline.Before(tr.outage.lastFrom) || !deadline.Before(tr.outage.lastTo) {
		return false
	}
	for t := range j.runs {
		if !t.run.LastSeen.Before(tr.outage.lastTo.Truncate(time.Second)) {
			return true
		}
	}
	return false
}

// outageAlert returns NoTelemetry's alert while it fires.
func (tr *Tracker) outageAlert() *entry {
	for _, e := range tr.ledger.of(run.Key{}) {
		if e.Kind == judge.NoTelemetry {
			return e
		}
	}
	return nil
}

// endOutage notices that a silence is over.
func (tr *Tracker) endOutage(now time.Time) {
	if tr.outage.since.IsZero() {
		return
	}
	received := tr.liveness.lastAt()
	if !received.After(tr.outage.since) {
		return
	}
	if tr.outageAlert() != nil {
		tr.outage.lastFrom, tr.outage.lastTo = tr.outage.since, received
	}
	tr.outage.since, tr.outage.resumedAt = time.Time{}, received
	clear(tr.outage.suspects)
	if e := tr.outageAlert(); e != nil {
		tr.ledger.resolve(now, e, map[string]string{"heard_at": received.Format(time.RFC3339)})
	}
}

func compareKeys(a, b run.Key) int {
	if c := strings.Compare(a.Environment, b.Environment); c != 0 {
		return c
	}
	return strings.Compare(a.Job, b.Job)
}
