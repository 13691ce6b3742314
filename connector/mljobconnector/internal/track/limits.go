// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// unusedFor is how long a job or a run must not have been heard of before its place may be given to
// another one.
const unusedFor = time.Hour

// staleAfter is how long a job must not have been heard of for its good runs to count no more.
const staleAfter = 35 * 24 * time.Hour

// What a limit has kept out or pushed out, as SelfStats.Evicted counts it and a Notice names it.
const (
	LimitRun       = "run"       // an open run made room or found none
	LimitSilent    = "silent"    // an open run was silent for too long
	LimitClosed    = "closed"    // a run that had ended made room: its late spans are not known any more
	LimitJob       = "job"       // a job made room
	LimitRefused   = "refused"   // a span of a job that found no room
	LimitAlert     = "alert"     // a resolved alert made room early, or one found no room of its own
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

// roomForJob reports whether another job finds a place, if need be that of another one (evictJob).
// One of which a card speaks always does: there are few.
func (tr *Tracker) roomForJob(key run.Key, now time.Time) bool {
	return len(tr.jobs) < max(tr.options.Limits.Jobs, 1) || tr.evictJob(now) || tr.mayHaveCard(key)
}

// evictJob makes room for a job. The one that goes has been unused for an hour, and no card speaks of
// it: it is one without an alert rather than one with, then one that nothing vouches for, the one unused for
// longest first, then the one that has been known for the shortest time. What is known of good runs is
// worth nothing any more after staleAfter. One that is vouched for and has an alert keeps its place.
func (tr *Tracker) evictJob(now time.Time) bool {
	for {
		j := tr.leastUsed(now)
		if j == nil {
			return false
		}
		if tr.ledger.firing(j.key) == 0 && tr.concludeFailed(j, now) {
			continue // it has an alert now
		}
		for _, e := range tr.ledger.of(j.key) {
			tr.ledger.evict(now, e)
		}
		tr.exceeded(Notice{Limit: LimitJob, Key: j.key})
		tr.dropJob(j)
		return true
	}
}

// leastUsed is the job that evictJob takes, nil if all keep their places.
func (tr *Tracker) leastUsed(now time.Time) *job {
	var least *job
	var leastFires bool
	var leastKnown standing
	for e := tr.byAge.Front(); e != nil; e = e.Next() {
		j := e.Value.(*job)
		unused := now.Sub(j.seen)
		if unused < unusedFor {
			break // all that follow were heard of later
		}
		s := j.standing()
		if unused >= staleAfter {
			s.since = time.Time{}
		}
		fires := tr.ledger.firing(j.key) > 0
		if s.carded || s.vouched() && fires {
			continue
		}
		if !s.vouched() && !fires {
			return j
		}
		if least == nil || leastFires && !fires || leastFires == fires && leastKnown.above(s) {
			least, leastFires, leastKnown = j, fires, s
		}
	}
	return least
}

// concludeFailed says what is known to be wrong with the open runs of a job, and reports whether
// that is an alert of its own.
func (tr *Tracker) concludeFailed(j *job, now time.Time) bool {
	for t := range j.runs {
		if t.phase == closed {
			continue
		}
		if v := tr.judge.Judge(t.run, tr.expect(t), false); v.Outcome.Bad() && v.Fault != nil {
			tr.conclude(t, v, now)
		}
	}
	return tr.ledger.firing(j.key) > 0
}

// boundOpen keeps the number of runs that have not ended within its limit. One that has ended and
// only waits for its judgement is judged now, and so is one that has failed already.
func (tr *Tracker) boundOpen(now time.Time) {
	limit := max(tr.options.Limits.Runs, 1)
	for tr.index.open.Len() > limit {
		t := tr.leastNeeded(tr.crowded(running, limit), now)
		v := tr.judge.Judge(t.run, tr.expect(t), false)
		if t.phase == ended || v.Outcome.Bad() && v.Fault != nil {
			tr.conclude(t, v, now)
			continue
		}
		tr.exceeded(Notice{Limit: LimitRun, Key: t.run.Key, Run: t.run.ID})
		tr.forget(t)
	}
}

// boundClosed keeps the number of runs that late spans may re-open within its limit.
func (tr *Tracker) boundClosed() {
	limit := max(tr.options.Limits.Closed, 1)
	for tr.index.closed.Len() > limit {
		t := tr.crowded(closed, limit).closed.Front().Value.(*tracked)
		tr.exceeded(Notice{Limit: LimitClosed, Key: t.run.Key, Run: t.run.ID})
		tr.forget(t)
	}
}
