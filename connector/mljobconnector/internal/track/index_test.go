// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

func (r *rig) runs() []string {
	var ids []string
	for e := r.w.index.open.Front(); e != nil; e = e.Next() {
		ids = append(ids, e.Value.(*tracked).run.ID)
	}
	return ids
}

// ofTrace returns the runs that have spans in a trace, the first one first.
func (x *index) ofTrace(trace run.TraceID) []*tracked {
	if several, ok := x.shared[trace]; ok {
		return slices.Clone(several)
	}
	if t := x.traces[trace]; t != nil {
		return []*tracked{t}
	}
	return nil
}

// A run is known by its trace until its run id shows up, and by several traces after that.
func TestRunIDShowsUp(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.to(2 * time.Hour)
	r.script.runs["a"] = line{stage: "train"}
	nameless := prod("", 1)
	nameless.start = r.now
	r.observe(nameless.inner(2, r.now))
	require.Equal(t, []string{traceName(trace(1))}, r.runs())
	slot := r.w.index.runs[runID{run.Key{Environment: "prod", Job: "daily"}, traceName(trace(1))}].slot
	assert.False(t, slot.IsZero())

	named := prod("a", 1)
	named.start = r.now
	r.observe(named.inner(3, r.now))
	require.Equal(t, []string{"a"}, r.runs())
	assert.Equal(t, slot, r.w.index.traces[trace(1)].slot)

	other := prod("a", 2)
	other.start = r.now
	r.observe(other.inner(4, r.now))
	require.Equal(t, []string{"a"}, r.runs())
	nameless.trace = 2
	r.observe(nameless.root(run.Failure, r.now)) // without the id, in the second trace
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"+JobFailed daily prod train"}, r.all())
	r.start()
	r.pass(time.Hour)
	assert.Len(t, r.order, 1)
	assert.Len(t, r.store.values, 64+2+1+1+1+1-(64-countIndex(r.store)), "one run, one job with its history, one alert, meta and services")
}

func countIndex(m *memory) int {
	n := 0
	for key := range m.values {
		if strings.HasPrefix(key, "index/") {
			n++
		}
	}
	return n
}

// One trace has the runs of two jobs, and spans that name neither.
func TestTraceOfTwoJobs(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"], r.script.runs["b"] = line{stage: "train"}, line{stage: "publish"}
	one, two := of{job: "one", id: "a", trace: 1, start: day0}, of{job: "two", id: "b", trace: 1, start: day0}
	r.observe(one.inner(2, day0), two.inner(3, day0))
	x := r.w.index.ofTrace(trace(1))
	require.Len(t, x, 2)
	loose := one.inner(4, day0.Add(time.Minute))
	loose.Job, loose.RunID = "", ""
	r.observe(loose)
	assert.Equal(t, day0.Add(time.Minute), x[0].run.End, "the first one")
	assert.Equal(t, day0, x[1].run.End)
	two.id = ""
	r.observe(two.root(run.Failure, day0))
	r.pass(time.Minute)
	assert.Equal(t, []string{"+JobFailed two publish"}, r.all())
	r.w.drop(x[0])
	assert.Equal(t, []*tracked{x[1]}, r.w.index.ofTrace(trace(1)))
	assert.Empty(t, r.w.index.shared)
}

// A span that names no environment belongs to the run of its job in the trace.
func TestSpanWithoutEnvironment(t *testing.T) {
	r := newRig(t, options())
	r.observe(of{environment: "prod", id: "a", trace: 1, start: day0}.inner(2, day0))
	r.observe(of{trace: 1, start: day0}.inner(3, day0))
	assert.Len(t, r.runs(), 1)
	r.observe(of{environment: "staging", trace: 1, start: day0}.inner(4, day0))
	assert.Len(t, r.runs(), 2)
}

// A stage whose spans name no job waits for the trace's job; without one it is dropped after a day.
func TestAnonymousRun(t *testing.T) {
	r := newRig(t, options())
	loose := of{trace: 1, start: day0}.stage(2, "train", run.Failure, day0, day0.Add(time.Minute))
	loose.Job = ""
	lost := of{trace: 2, start: day0}.stage(3, "train", run.Failure, day0, day0.Add(time.Minute))
	lost.Job = ""
	r.observe(loose, lost)
	assert.Empty(t, r.runs())
	assert.Equal(t, 2, r.w.SelfStats().OpenRuns)
	r.pass(time.Hour)
	r.start() // they are stored
	assert.Equal(t, 2, r.w.SelfStats().OpenRuns)
	r.observe(of{id: "a", trace: 1, start: day0}.inner(5, day0))
	require.Equal(t, []string{"a"}, r.runs())
	assert.Len(t, r.w.index.runs[runID{run.Key{Job: "daily"}, "a"}].run.Stages, 1)
	assert.Len(t, r.w.index.anonymous, 1)
	r.to(24 * time.Hour)
	assert.Empty(t, r.w.index.anonymous)
	assert.Equal(t, 0, r.w.index.nameless.Len())
	assert.Empty(t, r.all())
}

// The failing query of another service is evidence, also if it comes before any span of the job.
func TestPending(t *testing.T) {
	o := options()
	o.Limits.Pending = 2
	r := newRig(t, o)
	query := func(n, id int) run.Span {
		s := of{trace: n, start: day0}.inner(id, day0)
		s.Job, s.Outcome = "", run.Error
		return s
	}
	fine := query(1, 8)
	fine.Outcome = run.Success
	r.observe(query(1, 2), fine)
	assert.Empty(t, r.runs())
	r.observe(of{id: "a", trace: 1, start: day0}.inner(5, day0))
	a := r.w.index.traces[trace(1)]
	assert.False(t, a.run.Add(&run.Span{TraceID: trace(1), SpanID: span(2)}, day0), "it was added")
	assert.Empty(t, r.w.index.pending.held)

	r.observe(query(2, 1), query(3, 2), query(4, 3)) // the first place is free
	assert.Equal(t, map[string]uint64{"pending": 1}, r.w.SelfStats().Evicted)
	assert.Len(t, r.w.index.pending.held, 2)
	r.observe(of{id: "b", trace: 2, start: day0}.inner(5, day0))
	assert.True(t, r.w.index.traces[trace(2)].run.Add(new(query(2, 1)), day0), "it had to go")
}

// A run that has been forgotten does not come back with a late span.
func TestLateAfterForgotten(t *testing.T) {
	r := newRig(t, options())
	r.whole(of{id: "a", trace: 1}, run.Success)
	r.pass(closedFor + time.Minute)
	assert.Equal(t, 0, r.w.SelfStats().ClosedRuns)
	r.start()
	r.observe(of{id: "a", trace: 1, start: day0}.inner(9, r.now))
	r.observe(of{trace: 1, start: day0}.inner(10, r.now)) // without its id, in its trace
	assert.Empty(t, r.runs())
	assert.Equal(t, uint64(2), r.w.SelfStats().Late)
	assert.Equal(t, 0, r.w.SelfStats().OpenRuns)
}

func TestLimits(t *testing.T) {
	o := options()
	o.Limits.Runs, o.Limits.Closed, o.Limits.Jobs, o.Limits.Alerts = 3, 2, 2, 2
	r := newRig(t, o)
	for n := range 5 {
		r.observe(of{id: string(rune('a' + n)), trace: n, start: r.now}.inner(5, r.now))
		r.pass(time.Second)
	}
	assert.Equal(t, []string{"a", "b", "c"}, r.runs(), "what is active is not pushed out")
	assert.Equal(t, map[string]uint64{"run": 2}, r.w.SelfStats().Evicted)
	r.pass(unusedFor)
	for n, id := range []string{"f", "g"} {
		r.observe(of{id: id, trace: 6 + n, start: r.now}.inner(5, r.now))
	}
	assert.Equal(t, []string{"c", "f", "g"}, r.runs(), "what was silent for an hour goes")
	// a was under way, and goes on in the place of c.
	r.observe(of{id: "a", trace: 0, start: r.now}.inner(2, r.now))
	assert.Equal(t, []string{"f", "g", "a"}, r.runs())
	assert.Zero(t, r.w.SelfStats().Late)

	for n, id := range []string{"a", "f", "g"} {
		r.observe(of{id: id, trace: 20 + n, start: r.now}.root(run.Success, r.now))
		r.pass(time.Minute)
	}
	assert.Equal(t, uint64(1), r.w.SelfStats().Evicted["closed"])
	assert.Equal(t, 2, r.w.SelfStats().ClosedRuns)

	// Jobs: those that are in use stay, and the next ones are refused. That they failed is one alert.
	for n, job := range []string{"daily", "two", "three", "four"} {
		r.script.runs[job] = line{stage: job}
		r.whole(of{job: job, id: job, trace: 10 + n}, run.Failure)
		r.pass(time.Minute)
	}
	assert.Equal(t, 2, r.w.SelfStats().Jobs)
	assert.Equal(t, []string{"+JobFailed daily daily", "+JobFailed two two", "+ManyJobsFailed"}, r.all())
	assert.Equal(t, uint64(4), r.w.SelfStats().Evicted["refused"])

	// Alerts: another fault of a job that is vouched for takes the place of one that is not.
	r.script.runs["x"] = line{stage: "x"}
	r.whole(of{id: "x", trace: 30}, run.Failure)
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobFailed daily x", "ManyJobsFailed"}, r.active())
	assert.Equal(t, uint64(1), r.w.SelfStats().Evicted["alert"])
	assert.Equal(t, "ManyJobsFailed", r.last("JobFailed two two").Annotations["superseded_by"])
	r.whole(of{job: "two", id: "y", trace: 31}, run.Success)
	r.pass(time.Minute)
	r.script.runs["z"] = line{stage: "z"}
	r.whole(of{id: "z", trace: 32}, run.Failure)
	r.pass(time.Minute)
	assert.Equal(t, []string{"JobFailed daily z", "ManyJobsFailed"}, r.active())
	assert.Equal(t, 2+2, r.w.ledger.alerts.Len(), "as many as were resolved lately")
}

// A run that has failed already is not dropped without a word.
func TestEvictedRunThatFailed(t *testing.T) {
	o := options()
	o.Limits.Runs = 1
	r := newRig(t, o)
	r.script.runs["a"] = line{stage: "train"}
	r.observe(of{id: "a", trace: 1, start: day0}.root(run.Failure, day0))
	r.observe(of{id: "b", trace: 2, start: day0}.inner(5, day0))
	assert.Equal(t, []string{"+JobFailed daily train"}, r.all())
	assert.Equal(t, []string{"b"}, r.runs())
}

// Everything that is removed is removed everywhere.
func TestNothingIsLeft(t *testing.T) {
	r := newRig(t, options())
	for n := range 50 {
		o := of{id: "", trace: n, start: r.now}
		r.observe(o.inner(5, r.now))
		r.pass(time.Second)
		o.id = string(rune('a' + n))
		r.observe(o.inner(2, r.now), o.root(run.Success, r.now))
	}
	r.pass(closedFor + time.Hour)
	x := &r.w.index
	assert.Empty(t, x.runs)
	assert.Empty(t, x.traces)
	assert.Empty(t, x.shared)
	assert.Equal(t, 0, x.open.Len()+x.closed.Len()+x.nameless.Len())
	assert.Empty(t, r.w.timers)
	assert.Empty(t, r.w.jobs[run.Key{Job: "daily"}].runs)
	for key := range r.store.values {
		assert.NotContains(t, key, prefixRun)
	}
}
