// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

const (
	// namelessFor is how long a run without a job is kept after its last span.
	namelessFor = 24 * time.Hour
	// closedFor is how long a run that was judged may be re-opened.
	closedFor = 6 * time.Hour
	// strangerFor is how long a run of a job that nothing vouches for is kept after its last span if it
	// has not ended; abandonedAfter one of a job that is vouched for, if nothing that is known of it takes
	// half as long, and abandonedAtLast at most.
	strangerFor     = 24 * time.Hour
	abandonedAfter  = 7 * 24 * time.Hour
	abandonedAtLast = 35 * 24 * time.Hour
)

// Observe takes in the spans of a batch and writes what they changed before it returns. An error is
// the store's: the spans are taken in nevertheless, and written with the next change; until then a
// kill loses them. Spans that come again are known, and the answer is then whether they were written.
func (tr *Tracker) Observe(ctx context.Context, now time.Time, spans []run.Span) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.refresh(now)
	for i := range spans {
		s := &spans[i]
		if i == 0 || s.Service != spans[i-1].Service {
			tr.liveness.note(now, s.Service)
		}
		tr.routeSpan(s, now)
	}
	for _, t := range tr.touched {
		tr.reindex(t, now)
	}
	tr.boundOpen(now)
	clear(tr.touched)
	tr.touched = tr.touched[:0]
	tr.endOutage(now)
	tr.evaluateShared(now)
	return tr.write(ctx, now)
}

// Alive notes that a batch without job spans came from a service.
func (tr *Tracker) Alive(now time.Time, service string) { tr.liveness.note(now, service) }

// routeSpan gives a span to its run.
func (tr *Tracker) routeSpan(s *run.Span, now time.Time) {
	if s.Job == "" {
		tr.routeNameless(s, now)
		return
	}
	key := run.Key{Environment: s.Environment, Job: s.Job}
	known := tr.index.inTrace(s.TraceID, key)
	if s.RunID == "" {
		if known == nil {
			if known = tr.begin(s, key, traceName(s.TraceID), true, now); known == nil {
				return
			}
		}
		tr.addSpan(known, s, now)
		return
	}
	t := tr.index.runs[runID{key, s.RunID}]
	if t == nil {
		if t = tr.begin(s, key, s.RunID, false, now); t == nil {
			return
		}
	}
	// The run was known by this trace alone until now.
	if known != nil && known != t && known.run.ByTrace && known.run.Key == key {
		tr.merge(t, known)
	}
	tr.addSpan(t, s, now)
}

// routeNameless gives a span without a job to the run of its trace.
func (tr *Tracker) routeNameless(s *run.Span, now time.Time) {
	switch t, nameless := tr.index.current(s.TraceID), tr.index.anonymous[s.TraceID]; {
	case t != nil:
		tr.addSpan(t, s, now)
	case nameless != nil:
		tr.addSpan(nameless, s, now)
	case s.Task != "":
		r := run.New(run.Key{}, traceName(s.TraceID), true, tr.options.Limits.Limits)
		t := tr.enter(r, nil)
		t.trace = s.TraceID
		tr.index.anonymous[t.trace] = t
		t.place = tr.index.nameless.PushBack(t)
		tr.touch(t)
		tr.addSpan(t, s, now)
		for _, waiting := range tr.index.pending.release(s.TraceID) {
			tr.addSpan(t, &waiting.span, now)
		}
		tr.boundNameless(now)
	case s.Outcome.Bad():
		if tr.index.pending.hold(s, now) {
			tr.exceeded(Notice{Limit: LimitPending})
		}
	}
}

// addSpan adds a span to a run.
func (tr *Tracker) addSpan(t *tracked, s *run.Span, now time.Time) {
	took, exceeded := t.run.Add(s, now), t.run.TakeExceeded()
	if exceeded != 0 {
		tr.exceededIn(t, s, exceeded)
	}
	if !took {
		if exceeded == 0 {
			tr.duplicates++
		}
		return
	}
	if t.job != nil {
		tr.countViolations(t.job, s)
		t.job.seen = now
		tr.byAge.MoveToBack(t.job.place)
	}
	tr.touch(t)
	tr.joinTraces(t, now)
}

func (tr *Tracker) touch(t *tracked) {
	if !t.changed {
		t.changed = true
		tr.touched = append(tr.touched, t)
	}
}

// joinTraces puts the run's new traces into the index, and takes over what waited for them.
func (tr *Tracker) joinTraces(t *tracked, now time.Time) {
	if t.job == nil {
		return
	}
	for t.traces < len(t.run.Traces) {
		trace := t.run.Traces[t.traces]
		t.traces++
		tr.index.join(trace, t)
		if nameless := tr.index.anonymous[trace]; nameless != nil {
			tr.merge(t, nameless)
		}
		for _, waiting := range tr.index.pending.release(trace) {
			if t.run.Add(&waiting.span, now) {
				tr.countViolations(t.job, &waiting.span)
				tr.touch(t)
			}
		}
	}
}

// begin starts a run of a job with a span. It returns nil where the job finds no place, and for a run
// that has been forgotten, of which the span says nothing new. One that was under way when it made
// room goes on, and one of which nothing was wrong may have failed after all.
func (tr *Tracker) begin(s *run.Span, key run.Key, id string, byTrace bool, now time.Time) *tracked {
	j := tr.jobs[key]
	var before fate
	forgotten := false
	if j != nil {
		before, forgotten = j.past.knew(id)
	}
	if forgotten && (before == fateJudged || before == fateClean && !fails(s)) {
		tr.late++
		return nil
	}
	if j == nil {
		if j = tr.beginJob(key, now); j == nil {
			if fails(s) {
				tr.share(now, faultOfSpan(s, key, id))
			}
			return nil
		}
	}
	if !j.own {
		j.own = true
		tr.records.Change(j)
	}
	t := tr.enter(run.New(key, id, byTrace, tr.options.Limits.Limits), j)
	if forgotten {
		t.partial, t.slotSought = true, true
		t.judged, t.learned = before == fateClean, before == fateClean
	}
	tr.seat(t)
	tr.index.runs[runID{key, id}] = t
	tr.touch(t)
	return t
}

// fails reports whether a span says that its run, or a stage of it, has failed for good.
func fails(s *run.Span) bool {
	return (s.Kind == run.KindRoot || s.Kind == run.KindStage) && s.Outcome.Bad() && !s.Retried
}

// enter makes a new run known to the store and its job.
func (tr *Tracker) enter(r *run.Run, j *job) *tracked {
	t := &tracked{stored: state.Place{Key: runKey(r)}, run: r, job: j, warm: true}
	t.timer.run = t
	if j != nil {
		j.runs[t] = struct{}{}
	}
	return t
}

// merge moves what is known of a run into another one that turned out to be the same.
func (tr *Tracker) merge(t, other *tracked) {
	counted := map[string]bool{}
	for i, stage := range other.run.Stages {
		counted[stage.Name] = other.counted&(1<<min(i, 64)) != 0
	}
	t.run.Merge(other.run)
	for i, stage := range t.run.Stages {
		if counted[stage.Name] {
			t.counted |= 1 << min(i, 64)
		}
	}
	t.judged, t.learned = t.judged || other.judged, t.learned || other.learned
	t.partial = t.partial || other.partial
	if t.slot.IsZero() {
		t.slot = other.slot
	}
	if other.dated && !t.dated {
		t.dated, t.date, t.backfill = true, other.date, other.backfill
	}
	if other.job != nil {
		for _, e := range tr.ledger.of(other.run.Key) {
			if e.Run == other.stored.Key {
				e.Run = t.stored.Key
				tr.records.Change(e)
			}
		}
	}
	tr.drop(other)
	tr.touch(t)
	tr.joinTraces(t, t.run.LastSeen)
}

// drop takes a run out of everything.
func (tr *Tracker) drop(t *tracked) {
	tr.timers.stop(&t.timer)
	tr.records.Remove(t)
	if t.job == nil {
		tr.index.nameless.Remove(t.place)
		delete(tr.index.anonymous, t.trace)
		return
	}
	tr.unseat(t)
	delete(t.job.runs, t)
	delete(tr.index.runs, runID{t.run.Key, t.run.ID})
	for _, trace := range t.run.Traces[:t.traces] {
		tr.index.leave(trace, t)
	}
}

// forget drops a run of a job and remembers that it was.
func (tr *Tracker) forget(t *tracked) {
	m := fateJudged
	switch {
	case t.phase != closed:
		m = fateCut
	case !t.run.Failed():
		m = fateClean
	}
	t.job.past.forget(t.run.ID, m)
	if !t.run.ByTrace && len(t.run.Traces) > 0 {
		t.job.past.forget(traceName(t.run.Traces[0]), m) // for spans that do not name the run
	}
	tr.records.Change(t.job.past)
	tr.drop(t)
}

// reindex puts right a run that the batch has changed.
func (tr *Tracker) reindex(t *tracked, now time.Time) {
	t.changed = false
	if t.stored.Gone() {
		return // merged into another one
	}
	tr.records.Change(t)
	if t.job == nil {
		tr.index.nameless.MoveToBack(t.place)
		tr.timers.set(&t.timer, t.run.LastSeen.Add(namelessFor))
		return
	}
	tr.readDate(t, now)
	tr.coverSlot(t)
	judgeAt := now.Add(tr.options.DecisionWait)
	hasEnded := func() bool { // a root may speak of a former attempt of the run
		is, _ := tr.judge.Ended(t.run, tr.expect(t), now)
		return is
	}
	switch {
	case t.phase == closed:
		tr.unseat(t)
		t.phase, t.since = running, time.Time{} // it goes on, unless it is still at its end
		if hasEnded() {
			t.phase, t.since = ended, now
		}
		tr.seat(t)
		tr.timers.set(&t.timer, judgeAt)
	case t.phase == running && t.run.Root != nil && hasEnded():
		t.phase, t.since = ended, t.run.Root.Arrived
		tr.timers.set(&t.timer, t.since.Add(tr.options.DecisionWait))
	case t.phase == ended && t.run.Root == nil:
		t.phase, t.since = running, time.Time{} // it goes on
		tr.timers.advance(&t.timer, judgeAt)
	default:
		tr.timers.advance(&t.timer, judgeAt)
	}
	tr.index.open.MoveToBack(t.place)
}

// readDate finds out which date the run is for, once.
func (tr *Tracker) readDate(t *tracked, now time.Time) {
	if t.dated {
		return
	}
	date, _ := run.ParseDate(t.run.LogicalDate, zone(t.job.card))
	if t.run.LogicalDate == "" && t.run.Resumes != "" {
		if resumed := tr.resumed(t); resumed != nil {
			date = resumed.date
		}
	}
	if date.IsZero() || date.After(now.Add(farAway)) {
		return
	}
	t.dated, t.date = true, date
	if date.Before(t.job.newest) {
		t.backfill = true
		if !t.slot.IsZero() {
			t.job.slots.uncover(t.slot)
			tr.records.Change(t.job)
			t.slot = time.Time{}
		}
		return
	}
	if date.After(t.job.newest) {
		t.job.newest = date
		tr.records.Change(t.job)
	}
	t.slotSought = !t.slot.IsZero()
}

// zone is the one in which a job's dates are read.
func zone(card *catalog.Job) *time.Location {
	if card == nil {
		return nil
	}
	return card.Timezone
}

// resumed returns the run that a run resumes; nil if it resumes none, or one that is not known.
func (tr *Tracker) resumed(t *tracked) *tracked {
	if t.run.Resumes == "" || t.run.Resumes == t.run.ID {
		return nil
	}
	return tr.index.runs[runID{t.run.Key, t.run.Resumes}]
}

// boundNameless keeps the number of runs without a job within its limit: the one that was silent for
// longest goes if that is an hour, else the one that came last.
func (tr *Tracker) boundNameless(now time.Time) {
	for tr.index.nameless.Len() > max(tr.options.Limits.Runs, 1) {
		t := tr.index.nameless.Front().Value.(*tracked)
		if now.Sub(t.run.LastSeen) < unusedFor {
			t = tr.index.nameless.Back().Value.(*tracked)
		}
		tr.exceeded(Notice{Limit: LimitRun, Run: t.run.ID})
		tr.drop(t)
	}
}
