// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// TestMadeUpJobs sends 25,000 jobs that nobody knows, three a second, beside one with a card and
// one without that runs every half hour: both keep their places and their failures are said.
func TestMadeUpJobs(t *testing.T) {
	o := options(&catalog.Job{Name: "carded", Timezone: time.UTC})
	o.Limits.Jobs, o.Limits.Runs, o.Limits.Closed = 20, 50, 50
	notices := map[string]Notice{}
	o.Notice = func(n Notice) { notices[n.Limit] = n }
	r := newRig(t, o)
	r.whole(of{job: "carded", id: "first", trace: 1}, run.Success)
	r.whole(of{job: "steady", id: "steady", trace: 2}, run.Success)
	own := len(r.w.jobs)
	for n := range 25_000 {
		job := fmt.Sprintf("made-up-%d", n)
		r.observe(of{job: job, id: job, trace: 100 + n, start: r.now}.inner(5, r.now))
		if n%5400 == 5399 { // half an hour has passed
			r.whole(of{job: "steady", id: job, trace: 100_000 + n}, run.Success)
		}
		if n%3 == 2 {
			r.now = r.now.Add(time.Second)
		}
	}
	r.tick()
	assert.LessOrEqual(t, len(r.w.jobs), 20+1)
	assert.Equal(t, 2, own)
	assert.NotNil(t, r.w.jobs[run.Key{Job: "carded"}], "a job with a card keeps its place")
	assert.NotNil(t, r.w.jobs[run.Key{Job: "steady"}], "what is active is not pushed out")
	assert.Positive(t, r.w.SelfStats().Evicted[LimitRefused])
	assert.Positive(t, r.w.SelfStats().Evicted[LimitJob], "what was unused for an hour makes room")
	assert.Contains(t, notices[LimitRefused].Key.Job, "made-up-")

	for _, job := range []string{"carded", "steady"} {
		r.script.runs["bad-"+job] = line{stage: "train"}
		r.whole(of{job: job, id: "bad-" + job, trace: 200_000 + len(job)}, run.Failure)
	}
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobFailed carded train", "JobFailed steady train"}, r.active())
}

// TestCardsFindRoom has the tables full of jobs that all fail: one with a card is watched
// nevertheless, there is a place for its alert, and the others share one.
func TestCardsFindRoom(t *testing.T) {
	o := options(&catalog.Job{Name: "carded", Timezone: time.UTC})
	o.Limits.Jobs, o.Limits.Alerts = 3, 3
	lost := map[string]int{}
	o.Notice = func(n Notice) {
		if n.Limit == LimitAlert {
			lost[n.Alert+" "+n.Key.Job+" "+n.Run]++
		}
	}
	r := newRig(t, o)
	for n, job := range []string{"a", "b", "c", "d", "carded"} {
		r.script.runs[job] = line{stage: "train"}
		r.whole(of{job: job, id: job, trace: 1 + n}, run.Failure)
		r.pass(time.Minute)
	}
	var firing []string
	for _, e := range r.w.ledger.alerts.All() {
		firing = append(firing, e.Key.Job)
	}
	assert.ElementsMatch(t, []string{"a", "b", "carded", ""}, firing)
	assert.Equal(t, map[string]int{"JobFailed c c": 1, "StageFailed d d": 1, "JobFailed d d": 1}, lost, "by name")
	assert.Contains(t, r.last("ManyJobsFailed").Summary, "2 jobs have failed")
	assert.Len(t, r.w.jobs, 4, "three, and one with a card")
}

// TestRunsThatWaitAreJudgedEarly fills the table with runs that have ended: nothing is lost, they
// are judged before their time.
func TestRunsThatWaitAreJudgedEarly(t *testing.T) {
	o := options()
	o.Limits.Runs = 2
	r := newRig(t, o)
	for n := range 10 {
		id := fmt.Sprint(n)
		if n == 3 {
			r.script.runs[id] = line{stage: "train"}
			r.whole(of{id: id, trace: 1 + n}, run.Failure)
			continue
		}
		r.whole(of{id: id, trace: 1 + n}, run.Success)
	}
	r.pass(time.Minute)
	assert.Equal(t, uint64(9), r.w.Stats(r.now)[0].Runs[run.Success])
	assert.Equal(t, uint64(1), r.w.Stats(r.now)[0].Runs[run.Failure])
	assert.Zero(t, r.w.SelfStats().Evicted[LimitRun])
}

// TestSpansBeyondLimitsAreNoDuplicates names the limit that a span has met.
func TestSpansBeyondLimitsAreNoDuplicates(t *testing.T) {
	o := options()
	o.Limits.Stages, o.Limits.Instances, o.Limits.Attempts, o.Limits.Traces = 2, 2, 2, 2
	var notices []Notice
	o.Notice = func(n Notice) { notices = append(notices, n) }
	r := newRig(t, o)
	spans := of{id: "a", trace: 1, start: r.now}
	instance := func(n int, name string) run.Span {
		s := spans.stage(n, "map", run.Success, r.now, r.now)
		s.Instance = name
		return s
	}
	r.observe(instance(2, "0"), instance(3, "1"), instance(4, "2"), instance(5, "0"), instance(6, "0"),
		spans.stage(7, "b", run.Success, r.now, r.now), spans.stage(8, "c", run.Success, r.now, r.now))
	for n := range 2 {
		r.observe(of{id: "a", trace: 2 + n, start: r.now}.inner(9, r.now))
	}
	key := run.Key{Job: "daily"}
	assert.Equal(t, []Notice{
		{Limit: LimitInstances, Key: key, Run: "a", Stage: "map"},
		{Limit: LimitAttempts, Key: key, Run: "a", Stage: "map"},
		{Limit: LimitStages, Key: key, Run: "a", Stage: "c"},
		{Limit: LimitTraces, Key: key, Run: "a"},
	}, notices)
	assert.Equal(t, map[string]uint64{LimitInstances: 1, LimitAttempts: 1, LimitStages: 1, LimitTraces: 1}, r.w.SelfStats().Evicted)
	assert.Zero(t, r.w.SelfStats().Duplicates)
}
