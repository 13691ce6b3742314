// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/list"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// unusedFor is how long a job or a run must not have been heard of before its place may be given to
// another one.
const unusedFor = time.Hour

// maxExamined bounds the search for what can make room.
const maxExamined = 1000

// What a limit has kept out or pushed out, as SelfStats.Evicted counts it and a Notice names it.
const (
	LimitRun       = "run"       // an open run made room or found none
	LimitClosed    = "closed"    // a run that had ended made room: its late spans are not known any more
	LimitJob       = "job"       // a job made room
	LimitRefused   = "refused"   // a span of a job that found no room
	LimitAlert     = "alert"     // a resolved alert made room early, or an alert found no room
	LimitPending   = "pending"   // an erring span of a trace without a run made room
	LimitStage     = "stage"     // the counts of a stage found no room
	LimitChecks    = "checks"    // the counts of a check of the job's contract found no room
	LimitStages    = "stages"    // a span of a stage that found no room in its run
	LimitInstances = "instances" // a span of an instance that found no room in its stage
	LimitAttempts  = "attempts"  // an earlier attempt of an instance made room
	LimitTraces    = "traces"    // a span of a run in more traces than are told apart
)

// Notice names what a limit has kept out or pushed out.
type Notice struct {
	// Limit is one of the Limit constants.
	Limit string
	Key   run.Key
	// Run, Stage and Alert are empty where they do not matter.
	Run, Stage, Alert string
}

// exceeded counts what a limit did and says it.
func (tr *Tracker) exceeded(n Notice) {
	tr.evicted[n.Limit]++
	tr.notice(n)
}

func (tr *Tracker) notice(n Notice) {
	if tr.options.Notice != nil {
		tr.options.Notice(n)
	}
}

// exceededIn says which limits of a run a span has met.
func (tr *Tracker) exceededIn(t *tracked, s *run.Span, e run.Exceeded) {
	for _, limit := range []struct {
		bit  run.Exceeded
		name string
	}{
		{run.ExceededStages, LimitStages},
		{run.ExceededInstances, LimitInstances},
		{run.ExceededAttempts, LimitAttempts},
		{run.ExceededTraces, LimitTraces},
	} {
		if e&limit.bit != 0 {
			tr.exceeded(Notice{Limit: limit.name, Key: t.run.Key, Run: t.run.ID, Stage: s.Task})
		}
	}
}

// carded reports whether a run is of a job with a card.
func (t *tracked) carded() bool { return t.job != nil && t.job.card != nil }

// roomForJob reports whether another job finds a place, if need be that of the job that was not
// heard of for longest. A job keeps its place while it has a card or an active alert, and for an
// hour after its last span. A job with a card finds one for each card beyond the limit.
func (tr *Tracker) roomForJob(key run.Key, now time.Time) bool {
	limit := max(tr.options.Limits.Jobs, 1)
	if len(tr.jobs) < limit || tr.evictJob(now) {
		return true
	}
	return tr.cards.Job(key.Environment, key.Job) != nil && len(tr.jobs) < limit+len(tr.cards.Jobs)
}

func (tr *Tracker) evictJob(now time.Time) bool {
	var next *list.Element
	for e := tr.byAge.Front(); e != nil; e = next {
		next = e.Next()
		j := e.Value.(*job)
		if j.card != nil || len(tr.ledger.of(j.key)) > 0 {
			continue
		}
		if now.Sub(j.seen) < unusedFor {
			return false // all that follow were heard of later
		}
		if tr.concludeFailed(j, now) {
			continue // it has an alert now
		}
		tr.exceeded(Notice{Limit: LimitJob, Key: j.key})
		tr.dropJob(j)
		return true
	}
	return false
}

// concludeFailed says what is known to be wrong with the open runs of a job, and reports whether
// that is anything.
func (tr *Tracker) concludeFailed(j *job, now time.Time) bool {
	for t := range j.runs {
		if t.phase == closed {
			continue
		}
		if v := tr.judge.Judge(t.run, tr.expect(t), false); v.Outcome.Bad() && v.Fault != nil {
			tr.conclude(t, v, now)
		}
	}
	return len(tr.ledger.of(j.key)) > 0
}

// boundOpen keeps the number of runs that have not ended within its limit. One that only waits for
// its judgement is judged now. Of one that has failed already that is said before it goes.
func (tr *Tracker) boundOpen(now time.Time) {
	for tr.index.open.Len() > max(tr.options.Limits.Runs, 1) {
		t := tr.makesRoom(now)
		v := tr.judge.Judge(t.run, tr.expect(t), false)
		bad := v.Outcome.Bad() && v.Fault != nil
		if bad || t.phase == ended && !v.Waits {
			early := t.phase == ended
			tr.conclude(t, v, now)
			if early {
				continue
			}
		}
		tr.exceeded(Notice{Limit: LimitRun, Key: t.run.Key, Run: t.run.ID})
		tr.forget(t)
	}
}

// makesRoom is the open run that goes where there are too many: of jobs without a card one that has
// ended, else one that was silent for an hour, else the one that came last, as what is active is
// not pushed out. Only runs of jobs with a card push out what is active: that of a job without a
// card that was silent for longest, else of all.
func (tr *Tracker) makesRoom(now time.Time) *tracked {
	var oldest *tracked
	examined := 0
	for e := tr.index.open.Front(); e != nil && examined < maxExamined; e = e.Next() {
		examined++
		t := e.Value.(*tracked)
		if t.carded() {
			continue
		}
		if t.phase == ended {
			return t
		}
		if oldest == nil {
			oldest = t
		}
	}
	if oldest != nil && now.Sub(oldest.run.LastSeen) >= unusedFor {
		return oldest
	}
	for _, t := range slices.Backward(tr.touched) {
		if t.fresh && !t.stored.Gone() && t.job != nil && !t.carded() && t.phase != closed {
			return t
		}
	}
	if oldest != nil {
		return oldest
	}
	return tr.index.open.Front().Value.(*tracked)
}

// boundClosed keeps the number of runs that late spans may re-open within its limit: the one that
// was closed first goes, rather one of a job without a card.
func (tr *Tracker) boundClosed() {
	for tr.index.closed.Len() > tr.options.Limits.Closed {
		t, examined := tr.index.closed.Front().Value.(*tracked), 0
		for e := tr.index.closed.Front(); e != nil && examined < maxExamined; e = e.Next() {
			examined++
			if other := e.Value.(*tracked); !other.carded() {
				t = other
				break
			}
		}
		tr.exceeded(Notice{Limit: LimitClosed, Key: t.run.Key, Run: t.run.ID})
		tr.forget(t)
	}
}
