// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// step is a batch of spans at a time.
type step struct {
	at    time.Duration
	spans []run.Span
}

// theStory has six hours of a job that is due every two hours, and of others: failures that are
// superseded and resolved, a missing stage that comes late, a run that is known by its trace first,
// a missed slot, a backfill, a resumed run, a stall, an overdue run and a silence.
func theStory() (script, Options, []step) {
	at := func(d time.Duration) time.Time { return day0.Add(d) }
	s := script{runs: map[string]line{
		"n1": {stage: "train"}, "n2": {stage: "publish"}, "h3": {missing: "publish"}, "b1": {stage: "query"}, "r1": {stage: "train"},
		"dead": {stage: "query", ends: true}, "long": {during: stalls}, "rows": {during: func(*run.Run, time.Time) ([]judge.Fault, time.Time) {
			return []judge.Fault{{Kind: judge.StageRows, Stage: "query", Summary: "Rows fell."}}, time.Time{}
		}},
	}}
	var steps []step
	add := func(d time.Duration, spans ...run.Span) { steps = append(steps, step{d, spans}) }
	whole := func(o of, d time.Duration, outcome run.Outcome) {
		o.start = at(d - 10*time.Minute)
		add(d-5*time.Minute, o.inner(4, at(d-5*time.Minute)))
		add(d, o.stage(2, "train", outcome, o.start, at(d)), o.root(outcome, at(d)))
	}
	night := func(id string, n int, date string) of {
		return of{environment: "prod", id: id, trace: n, date: date}
	}
	hourly := func(id string, n int) of { return of{job: "hourly", id: id, trace: n} }

	const h, m = time.Hour, time.Minute
	whole(night("n1", 1, "2026-11-21"), h+12*m, run.Failure)
	whole(hourly("h1", 10), h+15*m, run.Success)
	whole(hourly("h3", 11), h+30*m, run.Success) // publish is missing ...
	h3 := hourly("h3", 11)
	add(h+40*m, h3.stage(3, "publish", run.Success, at(h+30*m), at(h+31*m))) // ... and comes late
	nameless := hourly("", 12)
	nameless.start = at(h + 45*m)
	add(h+45*m, nameless.inner(2, at(h+45*m)))
	loose := nameless.inner(7, at(h+45*m))
	loose.Job, loose.Outcome, loose.TraceID = "", run.Error, trace(13)
	add(h+45*m+time.Second, loose)
	named := hourly("dead", 12)
	named.start = nameless.start
	add(h+46*m, named.stage(3, "query", run.Failure, at(h+45*m), at(h+46*m)))
	whole(night("b1", 20, "2026-10-21"), h+55*m, run.Failure)
	long := of{job: "long", id: "long", trace: 30, start: at(2 * h)}
	add(2*h, long.inner(2, at(2*h)))
	add(2*h+5*m, hourly("x", 14).inner(2, at(2*h+5*m)))
	add(2*h+9*m+30*time.Second, hourly("x", 14).inner(3, at(2*h+9*m)))
	add(2*h+20*m, long.inner(3, at(2*h+20*m)))
	add(2*h+25*m, long.root(run.Success, at(2*h+25*m)))
	rows := hourly("rows", 15)
	rows.start = at(2*h + 28*m)
	add(2*h+28*m, rows.stage(2, "query", run.Success, at(2*h+28*m), at(2*h+28*m)))
	add(2*h+45*m, rows.root(run.Success, at(2*h+45*m)))
	whole(of{environment: "prod", id: "n1b", trace: 21, resumes: "n1"}, 2*h+50*m, run.Success)
	// The second slot: late, and it fails elsewhere; then it is run again.
	slow := night("n2", 2, "2026-11-22")
	slow.start = at(3 * h)
	add(3*h+m, slow.inner(5, at(3*h)))
	add(4*h+20*m, slow.stage(2, "train", run.Success, at(3*h), at(4*h+20*m)), slow.root(run.Failure, at(4*h+20*m)))
	whole(night("n2b", 3, "2026-11-22"), 4*h+40*m, run.Success)
	// The third slot's run does not come, and then everything is silent while two jobs should be
	// heard of.
	silent1, silent2 := long, rows
	silent1.id, silent1.trace, silent1.start = "long2", 40, at(6*h+10*m)
	silent2.id, silent2.trace, silent2.start = "rows2", 41, at(6*h+10*m)
	s.runs["long2"], s.runs["rows2"] = line{during: stalls}, line{during: stalls}
	add(6*h+10*m, silent1.inner(2, at(6*h+10*m)), silent2.inner(2, at(6*h+10*m)))
	add(6*h+50*m, silent1.inner(3, at(6*h+50*m)))
	add(6*h+51*m, silent2.root(run.Success, at(6*h+51*m)))
	add(6*h+52*m, silent1.root(run.Success, at(6*h+52*m)))
	add(7*h, silent1.root(run.Success, at(6*h+52*m))) // twice
	card := nightly()
	card.Schedule, card.FinishWithin = "0 */2 * * *", h
	return s, options(card, &catalog.Job{Name: "long"}), steps
}

// theEnd is when the story ends.
const theEnd = 7*time.Hour + 15*time.Minute

// tell runs the story from where it stands.
func (r *rig) tell(steps []step, end time.Duration) {
	r.t.Helper()
	for r.now.Before(day0.Add(end)) {
		target := day0.Add(end)
		if r.next < len(steps) {
			target = day0.Add(steps[r.next].at)
		}
		if wake := r.w.Next(); !wake.IsZero() && wake.Before(target) {
			r.now = latest(r.now, wake)
			r.tick()
			continue
		}
		r.now = target
		if r.next == len(steps) {
			break
		}
		require.NoError(r.t, r.w.Observe(context.Background(), r.now, steps[r.next].spans))
		r.next++
		r.emit()
	}
}

// killed is the rig as a kill leaves it: what is in the store, what was emitted, and the step that
// was not acknowledged. All that the process held in memory is gone.
func (r *rig) killed() *rig {
	k := *r
	k.w = nil
	k.store = newMemory()
	k.store.values = maps.Clone(r.store.values) // values are never changed in place
	k.emitted, k.order, k.sends = maps.Clone(r.emitted), slices.Clone(r.order), maps.Clone(r.sends)
	if r.script != nil {
		k.script = &script{runs: r.script.runs, learned: slices.Clone(r.script.learned)}
	}
	return &k
}

// ending is what a story comes to.
type ending struct {
	alerts  []string
	open    []string
	closed  []string
	state   []string
	learned []string
}

func (r *rig) ending() ending {
	e := ending{alerts: r.all()}
	if r.script != nil {
		e.learned = r.script.learned
	}
	slices.Sort(e.alerts)
	for x := r.w.index.open.Front(); x != nil; x = x.Next() {
		e.open = append(e.open, x.Value.(*tracked).run.ID)
	}
	for x := r.w.index.closed.Front(); x != nil; x = x.Next() {
		t := x.Value.(*tracked)
		e.closed = append(e.closed, fmt.Sprint(t.run.ID, t.outcome, t.good, t.learned, t.backfill, t.slot))
	}
	slices.Sort(e.open)
	slices.Sort(e.closed)
	for _, s := range r.w.Stats(r.now) {
		j := r.w.jobs[s.Key]
		e.state = append(e.state, fmt.Sprint(s.Key, s.LastSuccess, s.Active, j.newest, j.slots, len(j.past.forgotten), j.past.history.Len()))
	}
	return e
}

// The story is killed at every single batch in turn, before and after it is written; then the
// process starts again on what is stored, and the spans that were not acknowledged are sent again.
// Whatever the moment: the same alerts as in the story that is left alone, none lost, none twice
// with another StartsAt, and the same state in the end.
func TestKilledAtEveryBatch(t *testing.T) {
	s, o, steps := theStory()
	r := newRig(t, o)
	r.script.runs = s.runs
	killAtEveryBatch(r, steps, theEnd)
	assert.Equal(t, []string{
		"+JobMissedSchedule daily prod", "-JobFailed daily prod publish", "-JobFailed daily prod query", "-JobFailed daily prod train",
		"-JobFailed hourly query", "-JobOverdue daily prod", "-NoTelemetry", "-StageMissing hourly publish", "-StageRows hourly query",
		"-StageStalled long train",
	}, r.ending().alerts)
}

// killAtEveryBatch tells a story as it is, and goes on from a kill at each of its batches, on
// either side of it.
func killAtEveryBatch(whole *rig, steps []step, end time.Duration) {
	t := whole.t
	type kill struct {
		rig  *rig
		name string
	}
	var kills []kill
	whole.store.at = func(before, quiet bool) {
		if before && quiet {
			return // that the tracker was alive is all that was to be written
		}
		kills = append(kills, kill{whole.killed(), fmt.Sprintf("killed at batch %d, before it was written: %v", whole.store.batches, before)})
	}
	whole.tell(steps, end)
	whole.store.at = nil
	want := whole.ending()
	for _, k := range kills {
		r := k.rig
		r.start()
		r.tick()
		r.tell(steps, end)
		require.Equal(t, want, r.ending(), k.name)
		require.Len(t, r.order, len(whole.order), k.name)
		for _, id := range r.order {
			// What is absent is decided up to Absence later after a restart.
			assert.True(t, slices.ContainsFunc(whole.order, func(other identity) bool {
				return id.fingerprint == other.fingerprint && id.starts.Sub(other.starts).Abs() <= r.options.Absence
			}), "%s: %s of %s", k.name, id.starts, r.emitted[id].Name)
		}
	}
	require.Greater(t, len(kills), 100)
	t.Logf("%d batches, %d kills", whole.store.batches, len(kills))
}
