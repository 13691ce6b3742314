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
	// abandonedAfter is how long a run that has not ended is kept after its last span.
	abandonedAfter = 35 * 24 * time.Hour
)

// Observe takes in the spans of a batch and writes what they changed before it returns. An error is
// the store's: the spans are taken in nevertheless, and written with the next change.
func (w *Tracker) Observe(ctx context.Context, now time.Time, spans []run.Span) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh(now)
	for i := range spans {
		s := &spans[i]
		if i == 0 || s.Service != spans[i-1].Service {
			w.liveness.note(now, s.Service)
		}
		w.routeSpan(s, now)
	}
	for _, t := range w.touched {
		w.reindex(t, now)
	}
	w.boundOpen(now)
	for _, t := range w.touched {
		t.fresh = false
	}
	clear(w.touched)
	w.touched = w.touched[:0]
	w.endOutage(now)
	return w.write(ctx, now)
}

// Alive notes that a batch without job spans came from a service.
func (w *Tracker) Alive(now time.Time, service string) { w.liveness.note(now, service) }

// routeSpan gives a span to its run.
func (w *Tracker) routeSpan(s *run.Span, now time.Time) {
	if s.Job == "" {
		w.routeNameless(s, now)
		return
	}
	key := run.Key{Environment: s.Environment, Job: s.Job}
	known := w.index.inTrace(s.TraceID, key)
	if s.RunID == "" {
		if known == nil {
			if known = w.begin(key, traceName(s.TraceID), true, now); known == nil {
				return
			}
		}
		w.addSpan(known, s, now)
		return
	}
	t := w.index.runs[runID{key, s.RunID}]
	if t == nil {
		if t = w.begin(key, s.RunID, false, now); t == nil {
			return
		}
	}
	// The run was known by this trace alone until now.
	if known != nil && known != t && known.run.ByTrace && known.run.Key == key {
		w.merge(t, known)
	}
	w.addSpan(t, s, now)
}

// routeNameless gives a span without a job to the run of its trace.
func (w *Tracker) routeNameless(s *run.Span, now time.Time) {
	switch t, nameless := w.index.current(s.TraceID), w.index.anonymous[s.TraceID]; {
	case t != nil:
		w.addSpan(t, s, now)
	case nameless != nil:
		w.addSpan(nameless, s, now)
	case s.Task != "":
		r := run.New(run.Key{}, traceName(s.TraceID), true, w.options.Limits.Limits)
		t := w.enter(r, nil)
		t.trace = s.TraceID
		w.index.anonymous[t.trace] = t
		t.place = w.index.nameless.PushBack(t)
		w.touch(t)
		w.addSpan(t, s, now)
		for _, waiting := range w.index.pending.release(s.TraceID) {
			w.addSpan(t, &waiting.span, now)
		}
		w.boundNameless()
	case s.Outcome.Bad():
		if w.index.pending.hold(s, now) {
			w.exceeded(Notice{Limit: LimitPending})
		}
	}
}

// addSpan adds a span to a run.
func (w *Tracker) addSpan(t *tracked, s *run.Span, now time.Time) {
	took, exceeded := t.run.Add(s, now), t.run.TakeExceeded()
	if exceeded != 0 {
		w.exceededIn(t, s, exceeded)
	}
	if !took {
		if exceeded == 0 {
			w.duplicates++
		}
		return
	}
	if t.job != nil {
		t.job.seen = now
		w.byAge.MoveToBack(t.job.place)
	}
	w.touch(t)
	w.joinTraces(t, now)
}

func (w *Tracker) touch(t *tracked) {
	if !t.changed {
		t.changed = true
		w.touched = append(w.touched, t)
	}
}

// joinTraces puts the run's new traces into the index, and takes over what waited for them.
func (w *Tracker) joinTraces(t *tracked, now time.Time) {
	if t.job == nil {
		return
	}
	for t.traces < len(t.run.Traces) {
		trace := t.run.Traces[t.traces]
		t.traces++
		w.index.join(trace, t)
		if nameless := w.index.anonymous[trace]; nameless != nil {
			w.merge(t, nameless)
		}
		for _, waiting := range w.index.pending.release(trace) {
			if t.run.Add(&waiting.span, now) {
				w.touch(t)
			}
		}
	}
}

// begin starts a run of a job. It returns nil for one that has been forgotten, and where the job
// finds no place.
func (w *Tracker) begin(key run.Key, id string, byTrace bool, now time.Time) *tracked {
	j := w.jobs[key]
	if j != nil && j.past.knew(id) {
		w.late++
		return nil
	}
	if j == nil {
		if j = w.beginJob(key, now); j == nil {
			return nil
		}
	}
	if !j.own {
		j.own = true
		w.records.Change(j)
	}
	t := w.enter(run.New(key, id, byTrace, w.options.Limits.Limits), j)
	t.fresh = true
	t.place = w.index.open.PushBack(t)
	w.index.runs[runID{key, id}] = t
	w.touch(t)
	return t
}

// enter makes a new run known to the store and its job.
func (w *Tracker) enter(r *run.Run, j *job) *tracked {
	t := &tracked{stored: state.Place{Key: runKey(r)}, run: r, job: j, warm: true}
	t.timer.run = t
	if j != nil {
		j.runs[t] = struct{}{}
	}
	return t
}

// merge moves what is known of a run into another one that turned out to be the same.
func (w *Tracker) merge(t, other *tracked) {
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
	if t.slot.IsZero() {
		t.slot = other.slot
	}
	if other.dated && !t.dated {
		t.dated, t.date, t.backfill = true, other.date, other.backfill
	}
	if other.job != nil {
		for _, e := range w.ledger.of(other.run.Key) {
			if e.Run == other.stored.Key {
				e.Run = t.stored.Key
				w.records.Change(e)
			}
		}
	}
	w.drop(other)
	w.touch(t)
	w.joinTraces(t, t.run.LastSeen)
}

// drop takes a run out of everything.
func (w *Tracker) drop(t *tracked) {
	w.timers.stop(&t.timer)
	w.records.Remove(t)
	if t.job == nil {
		w.index.nameless.Remove(t.place)
		delete(w.index.anonymous, t.trace)
		return
	}
	if t.phase == closed {
		w.index.closed.Remove(t.place)
	} else {
		w.index.open.Remove(t.place)
	}
	delete(t.job.runs, t)
	delete(w.index.runs, runID{t.run.Key, t.run.ID})
	for _, trace := range t.run.Traces[:t.traces] {
		w.index.leave(trace, t)
	}
}

// forget drops a run and remembers that it was.
func (w *Tracker) forget(t *tracked) {
	if t.job != nil {
		t.job.past.forget(t.run.ID)
		if !t.run.ByTrace && len(t.run.Traces) > 0 {
			t.job.past.forget(traceName(t.run.Traces[0])) // for spans that do not name the run
		}
		w.records.Change(t.job.past)
	}
	w.drop(t)
}

// reindex puts right a run that the batch has changed.
func (w *Tracker) reindex(t *tracked, now time.Time) {
	t.changed = false
	if t.stored.Gone() {
		return // merged into another one
	}
	w.records.Change(t)
	if t.job == nil {
		w.index.nameless.MoveToBack(t.place)
		w.timers.set(&t.timer, t.run.LastSeen.Add(namelessFor))
		return
	}
	w.readDate(t, now)
	w.coverSlot(t)
	judgeAt := now.Add(w.options.DecisionWait)
	hasEnded := func() bool { // a root may speak of a former attempt of the run
		is, _ := w.judge.Ended(t.run, w.expect(t), now)
		return is
	}
	switch {
	case t.phase == closed:
		w.index.closed.Remove(t.place)
		t.place = w.index.open.PushBack(t)
		t.phase, t.since = running, time.Time{} // it goes on, unless it is still at its end
		if hasEnded() {
			t.phase, t.since = ended, now
		}
		w.timers.set(&t.timer, judgeAt)
	case t.phase == running && t.run.Root != nil && hasEnded():
		t.phase, t.since = ended, t.run.Root.Arrived
		w.timers.set(&t.timer, t.since.Add(w.options.DecisionWait))
	case t.phase == ended && t.run.Root == nil:
		t.phase, t.since = running, time.Time{} // it goes on
		w.timers.advance(&t.timer, judgeAt)
	default:
		w.timers.advance(&t.timer, judgeAt)
	}
	w.index.open.MoveToBack(t.place)
}

// readDate finds out which date the run is for, once.
func (w *Tracker) readDate(t *tracked, now time.Time) {
	if t.dated {
		return
	}
	date, _ := run.ParseDate(t.run.LogicalDate, zone(t.job.card))
	if t.run.LogicalDate == "" && t.run.Resumes != "" {
		if resumed := w.resumed(t); resumed != nil {
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
			w.records.Change(t.job)
			t.slot = time.Time{}
		}
		return
	}
	if date.After(t.job.newest) {
		t.job.newest = date
		w.records.Change(t.job)
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
func (w *Tracker) resumed(t *tracked) *tracked {
	if t.run.Resumes == "" || t.run.Resumes == t.run.ID {
		return nil
	}
	return w.index.runs[runID{t.run.Key, t.run.Resumes}]
}

func (w *Tracker) boundNameless() {
	for w.index.nameless.Len() > max(w.options.Limits.Runs, 1) {
		w.exceeded(Notice{Limit: LimitRun, Run: w.index.nameless.Front().Value.(*tracked).run.ID})
		w.drop(w.index.nameless.Front().Value.(*tracked))
	}
}
