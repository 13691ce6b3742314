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
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// When nothing at all is received, what is absent says nothing about a single job: one alert, NoTelemetry, is raised in place of one per
// job. A fault of absence whose deadline passes in a silence is held while the silence may be everybody's: two services were
// heard steadily in the hour before it, or two jobs are waited for. After NoTelemetry (15 min) of silence it is, if there were two such services
// or two jobs have such a fault; else the one fault is raised after all. With the next span the silence is over, and what is
// still absent Absence later is raised.

// shortest is how long before a deadline a silence must have begun to explain what is absent.
const shortest = time.Minute

// absent reports whether a fault is one of absence.
func absent(k judge.Kind) bool {
	switch k {
	case judge.JobMissedSchedule, judge.JobOverdue, judge.StageOverdue, judge.StageStalled:
		return true
	default:
		return false
	}
}

// silentSince is when something was last heard, or when the tracker began to listen. What was sent while it was down for a moment
// is sent again, so that a silence goes on over that.
func (w *Tracker) silentSince() time.Time {
	heard := w.hearing.at()
	if heard.After(w.started) || !w.down.IsZero() && !heard.IsZero() && w.started.Sub(w.down) <= w.options.Absence {
		return heard
	}
	return w.started
}

// hold reports whether a fault of absence is to be held, and when to ask again.
func (w *Tracker) hold(key run.Key, deadline, now time.Time) (until time.Time, held bool) {
	if w.options.NoTelemetry <= 0 {
		return time.Time{}, false
	}
	w.listen(now)
	if deadline.Before(w.heardAgain) && now.Before(w.heardAgain.Add(w.options.Absence)) {
		return w.heardAgain.Add(w.options.Absence), true
	}
	if w.silentAlert() != nil {
		return now.Add(time.Minute), true
	}
	since := w.silentSince()
	if deadline.Sub(since) < shortest || !w.plausible(now) {
		return time.Time{}, false
	}
	w.silent = since
	if _, ok := w.suspects[key]; !ok {
		w.suspects[key] = now
	}
	// A fault that is new, also after a restart, waits for others of the same moment.
	decides := since.Add(w.options.NoTelemetry)
	if at := w.suspects[key].Add(w.options.DecisionWait); at.After(decides) {
		decides = at
	}
	if now.Before(decides) {
		return earliest(now.Add(time.Minute), decides), true
	}
	if !w.silence(now, since) {
		return time.Time{}, false
	}
	return now.Add(time.Minute), true
}

// plausible reports whether a silence may be everybody's. The answer is kept for the moment: it is asked for every fault that is due.
func (w *Tracker) plausible(now time.Time) bool {
	if !now.Equal(w.askedAt) {
		w.askedAt, w.answer = now, len(w.hearing.steady(w.hearing.at())) >= 2 || w.waitedFor() >= 2
	}
	return w.answer
}

// waitedFor counts the jobs of which something is to be heard, up to two.
func (w *Tracker) waitedFor() int {
	waited := map[*job]bool{}
	for e := w.index.open.Front(); e != nil && len(waited) < 2; e = e.Next() {
		if t := e.Value.(*tracked); t.phase == running {
			waited[t.job] = true
		}
	}
	for _, j := range w.jobs {
		if len(waited) >= 2 {
			break
		}
		if w.holds(j) {
			waited[j] = true
		}
	}
	return len(waited)
}

// silence raises NoTelemetry if the silence is everybody's, in place of the faults that were raised in it.
func (w *Tracker) silence(now, since time.Time) bool {
	services := w.hearing.steady(w.hearing.at())
	if len(w.suspects) < 2 && len(services) < 2 {
		return false
	}
	var names []string
	for _, key := range slices.SortedFunc(maps.Keys(w.suspects), compareKeys) {
		names = append(names, title(key))
	}
	summary := fmt.Sprintf("Nothing at all has been received since %s (%s), by which time %s should have been heard of: the path of the telemetry may be broken, and nothing is known of any job.",
		since.UTC().Format("2006-01-02 15:04:05 MST"), round(now.Sub(since)), listed(names))
	e := w.ledger.raise(now, alert.Alert{
		Name: string(judge.NoTelemetry), Severity: w.options.Severity, Summary: summary,
		Annotations: map[string]string{
			"silent_since": since.UTC().Format(time.RFC3339), "jobs": clip(strings.Join(names, ", ")),
			"services": clip(strings.Join(services, ", ")), "services_heard": strconv.Itoa(len(services)),
		},
	}, detail{Kind: judge.NoTelemetry})
	if e == nil {
		return false // the ledger is full
	}
	w.silent = since
	for _, other := range w.ledger.alerts.All() {
		if other.Firing() && absent(other.Kind) && other.Alert.StartsAt.After(since) {
			w.ledger.resolve(now, other, map[string]string{"superseded_by": string(judge.NoTelemetry)})
		}
	}
	return true
}

// unknown reports whether a deadline that passed in a silence of everything says nothing about the job: it has been heard of since.
func (w *Tracker) unknown(j *job, deadline time.Time) bool {
	if deadline.Before(w.silentFrom) || !deadline.Before(w.silentTo) {
		return false
	}
	for t := range j.runs {
		if !t.run.LastSeen.Before(w.silentTo.Truncate(time.Second)) {
			return true
		}
	}
	return false
}

// silentAlert returns NoTelemetry's alert while it fires.
func (w *Tracker) silentAlert() *entry {
	for _, e := range w.ledger.of(run.Key{}) {
		if e.Kind == judge.NoTelemetry {
			return e
		}
	}
	return nil
}

// listen notices that a silence is over.
func (w *Tracker) listen(now time.Time) {
	if w.silent.IsZero() {
		return
	}
	heard := w.hearing.at()
	if !heard.After(w.silent) {
		return
	}
	if w.silentAlert() != nil {
		w.silentFrom, w.silentTo = w.silent, heard
	}
	w.silent, w.heardAgain = time.Time{}, heard
	clear(w.suspects)
	if e := w.silentAlert(); e != nil {
		w.ledger.resolve(now, e, map[string]string{"heard_at": heard.Format(time.RFC3339)})
	}
}

func compareKeys(a, b run.Key) int {
	if c := strings.Compare(a.Environment, b.Environment); c != 0 {
		return c
	}
	return strings.Compare(a.Job, b.Job)
}
