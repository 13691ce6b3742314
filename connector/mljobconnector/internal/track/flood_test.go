// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// newFloodRig has a tenth of ml_job's limits, and its judge.
func newFloodRig(t *testing.T, cards ...*catalog.Job) *rig {
	t.Helper()
	o := options(cards...)
	o.Limits.Jobs, o.Limits.Runs, o.Limits.Closed, o.Limits.Alerts, o.Limits.Pending = 100, 1000, 1000, 100, 100
	r := newRig(t, o)
	r.script = nil
	r.start()
	return r
}

// healthy are a job with a card and a schedule, one with a card, and one of which good runs are known.
func healthyCards() []*catalog.Job {
	return []*catalog.Job{
		{Name: "scheduled", Every: 24 * time.Hour, Timezone: time.UTC, Stages: []catalog.Stage{{Name: "build"}, {Name: "train"}}},
		{Name: "carded", Timezone: time.UTC, Stages: []catalog.Stage{{Name: "build"}, {Name: "train"}}},
	}
}

var healthyJobs = []string{"scheduled", "carded", "learned"}

// faults are the alerts that fire, but for JobOverdue, which made-up runs without an end may have.
func (r *rig) faults() []string {
	return slices.DeleteFunc(r.active(), func(s string) bool { return strings.HasPrefix(s, "JobOverdue") })
}

// healthy has a run of each healthy job. begun is called between the first stage and the last one.
func (r *rig) healthy(round int, outcome run.Outcome, begun func()) {
	r.t.Helper()
	var runs []of
	for n, job := range healthyJobs {
		o := of{job: job, environment: "prod", id: fmt.Sprintf("run-%d", round), trace: 1000*round + n + 1, start: r.now}
		runs = append(runs, o)
		r.observe(o.stage(2, "build", run.Success, r.now, r.now.Add(time.Minute)))
	}
	r.pass(10 * time.Minute)
	if begun != nil {
		begun()
	}
	for _, o := range runs {
		r.observe(o.stage(3, "train", outcome, o.start.Add(time.Minute), r.now), o.root(outcome, r.now))
	}
	r.pass(5 * time.Minute)
}

// flood sends spans in requests of 50, one a second.
func (r *rig) flood(n int, span func(n int) run.Span) {
	r.t.Helper()
	var batch []run.Span
	for i := range n {
		if batch = append(batch, span(i)); len(batch) == 50 || i == n-1 {
			r.observe(batch...)
			r.pass(time.Second)
			batch = batch[:0]
		}
	}
}

// madeUp are runs of one span without an end, under way. No trace is that of a healthy run.
var madeUp = map[string]func(r *rig, n int) of{
	"of made-up jobs":              func(_ *rig, n int) of { return of{job: fmt.Sprint("made-up-", n)} },
	"of ten made-up jobs":          func(_ *rig, n int) of { return of{job: fmt.Sprint("made-up-", n%10)} },
	"of a made-up job":             func(*rig, int) of { return of{job: "made-up"} },
	"of a job with a card":         func(*rig, int) of { return of{job: "carded", environment: "prod"} },
	"of a job that is vouched for": func(*rig, int) of { return of{job: "learned", environment: "prod"} },
	"of all":                       func(_ *rig, n int) of { return of{job: healthyJobs[n%3], environment: "prod"} },
	"in made-up environments":      func(_ *rig, n int) of { return of{job: "carded", environment: fmt.Sprint("env-", n)} },
}

// TestMadeUpRunsOfAnyJob has 1,050 made-up runs come while healthy ones are under way, which have
// been silent for hours: they are followed, and their failures are said.
func TestMadeUpRunsOfAnyJob(t *testing.T) {
	for name, made := range madeUp {
		for _, silent := range []time.Duration{0, 3 * time.Hour} {
			t.Run(fmt.Sprint(name, " ", silent), func(t *testing.T) {
				r := newFloodRig(t, healthyCards()...)
				for round := range 6 {
					r.healthy(round, run.Success, nil)
				}
				require.Empty(t, r.active())
				flood := func(trace int, silent time.Duration) func() {
					return func() {
						r.pass(silent)
						r.flood(1050, func(n int) run.Span {
							o := made(r, n)
							o.id, o.trace, o.start = fmt.Sprint("made-up-", trace, "-", n), trace+n, r.now
							return o.inner(5, r.now)
						})
						r.pass(silent)
					}
				}
				all := []string{"JobFailed carded prod train", "JobFailed learned prod train", "JobFailed scheduled prod train"}
				r.healthy(6, run.Failure, flood(1_000_000, silent))
				assert.Equal(t, all, r.faults())
				assert.LessOrEqual(t, r.w.index.open.Len(), 1000)

				// After a restart, and again.
				r.start()
				r.pass(time.Minute)
				r.healthy(7, run.Success, flood(2_000_000, 0))
				assert.Empty(t, r.faults(), "good runs are known, too, and nothing of them is missing")
				r.start()
				r.healthy(8, run.Failure, flood(3_000_000, silent))
				assert.Equal(t, all, r.faults())
				assert.Zero(t, r.w.SelfStats().Late)
			})
		}
	}
}

// TestRunsThatBeginInAFlood begin while the table is full of made-up runs of their own job, so that
// there is no place for them: what they say at their end counts.
func TestRunsThatBeginInAFlood(t *testing.T) {
	for name, made := range madeUp {
		t.Run(name, func(t *testing.T) {
			r := newFloodRig(t, healthyCards()...)
			for round := range 6 {
				r.healthy(round, run.Success, nil)
			}
			flood := func(trace int) {
				r.flood(1050, func(n int) run.Span {
					o := made(r, n)
					o.id, o.trace, o.start = fmt.Sprint("made-up-", trace, "-", n), trace+n, r.now
					return o.inner(5, r.now)
				})
			}
			flood(1_000_000)
			before := r.w.Stats(r.now)
			r.healthy(6, run.Success, nil)
			assert.Empty(t, r.faults())
			for i, s := range r.w.Stats(r.now) {
				if i < len(before) && slices.Contains(healthyJobs, s.Key.Job) && s.Key.Environment == "prod" {
					assert.Equal(t, uint64(7), s.Runs[run.Success], s.Key)
				}
			}
			r.healthy(7, run.Failure, func() { flood(2_000_000) })
			assert.Equal(t, []string{"JobFailed carded prod train", "JobFailed learned prod train", "JobFailed scheduled prod train"}, r.faults())
		})
	}
}

// TestLateFailureOfAForgottenRun has runs that made room, and that were forgotten when they had ended.
// What fails late is said, once; what was said is not said again.
func TestLateFailureOfAForgottenRun(t *testing.T) {
	for name, tt := range map[string]struct {
		late func(o of, now time.Time) run.Span
		want []string
	}{
		"root":       {func(o of, now time.Time) run.Span { return o.root(run.Failure, now) }, []string{"JobFailed daily"}},
		"stage":      {func(o of, now time.Time) run.Span { return o.stage(7, "train", run.Failure, o.start, now) }, []string{"JobFailed daily train"}},
		"good stage": {func(o of, now time.Time) run.Span { return o.stage(7, "train", run.Success, o.start, now) }, nil},
		"good root":  {func(o of, now time.Time) run.Span { return o.root(run.Success, now) }, nil},
		"a try that another one follows": {func(o of, now time.Time) run.Span {
			s := o.stage(7, "train", run.Failure, o.start, now)
			s.Retried = true
			return s
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFloodRig(t)
			under := of{id: "under-way", trace: 1, start: r.now}
			r.observe(under.inner(5, r.now))
			r.whole(of{id: "good", trace: 2}, run.Success)
			r.whole(of{job: "other", id: "bad", trace: 3}, run.Failure)
			r.pass(time.Minute)
			require.Equal(t, []string{"JobFailed other train"}, r.active())
			r.whole(of{job: "other", id: "better", trace: 4}, run.Success)
			r.pass(20 * time.Minute)
			require.Empty(t, r.active())
			for _, x := range r.w.index.runs {
				r.w.forget(x)
			}
			r.tick()
			r.start() // the memory is stored
			for n, id := range []string{"under-way", "good"} {
				o := of{id: id, trace: 1 + n, start: day0}
				r.observe(tt.late(o, r.now))
				r.pass(5 * time.Minute)
				assert.Equal(t, tt.want, r.active(), id)
				if tt.want != nil {
					r.whole(of{id: "better-" + id, trace: 10 + n}, run.Success)
					r.pass(20 * time.Minute)
					require.Empty(t, r.active())
				}
			}
			r.observe(tt.late(of{job: "other", id: "bad", trace: 3, start: day0}, r.now)) // it comes again
			r.pass(5 * time.Minute)
			assert.Empty(t, r.active())
		})
	}
}

// TestRunsWithoutAnEnd keeps a run that does not end by what is known of its job.
func TestRunsWithoutAnEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		job   string
		card  *catalog.Job
		lasts time.Duration
		keeps time.Duration
	}{
		"unknown":                  {job: "x", keeps: strangerFor},
		"with a card":              {job: "x", card: &catalog.Job{Name: "x"}, keeps: abandonedAfter},
		"with a long timeout":      {job: "x", card: &catalog.Job{Name: "x", Stages: []catalog.Stage{{Name: "train", Timeout: 10 * 24 * time.Hour}}}, keeps: 20 * 24 * time.Hour},
		"with a very long timeout": {job: "x", card: &catalog.Job{Name: "x", FinishWithin: 300 * 24 * time.Hour}, keeps: abandonedAtLast},
		"with short good runs":     {job: "x", lasts: time.Hour, keeps: abandonedAfter},
		"with long good runs":      {job: "x", lasts: 9 * 24 * time.Hour, keeps: 18 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var cards []*catalog.Job
			if tt.card != nil {
				tt.card.Timezone = time.UTC
				cards = append(cards, tt.card)
			}
			r := newFloodRig(t, cards...)
			if tt.lasts > 0 {
				o := of{job: "x", id: "good", trace: 1, start: r.now.Add(-tt.lasts)}
				r.observe(o.stage(2, "train", run.Success, o.start, r.now), o.root(run.Success, r.now))
				r.pass(time.Minute)
			}
			o := of{job: "x", id: "silent", trace: 2, start: r.now}
			marker := o.span(run.KindMarker, 3, r.now, r.now)
			r.observe(marker)
			began := r.now
			r.until(began.Add(tt.keeps - time.Minute))
			assert.Equal(t, 1, r.w.index.open.Len())
			assert.Zero(t, r.w.SelfStats().Evicted[LimitSilent])
			r.until(began.Add(tt.keeps + time.Minute))
			assert.Equal(t, 0, r.w.index.open.Len())
			assert.Equal(t, uint64(1), r.w.SelfStats().Evicted[LimitSilent])
			r.start()
			r.observe(o.root(run.Failure, r.now))
			r.pass(time.Minute)
			assert.Equal(t, []string{"JobFailed x"}, r.active(), "it fails all the same")
		})
	}
}

// failed is a run of one span that has failed.
func (o of) failed(now time.Time) run.Span {
	o.start = now
	s := o.root(run.Failure, now)
	s.Task, s.Kind = "train", run.KindStage
	return s
}

// TestMadeUpFailures has 150 made-up failures, in any shape, come where there is room for 100 alerts:
// the failures of jobs that are vouched for have alerts of their own, before and after it, and the others
// share one.
func TestMadeUpFailures(t *testing.T) {
	for name, made := range map[string]func(r *rig, n int) of{
		"of made-up jobs":               func(_ *rig, n int) of { return of{job: fmt.Sprint("made-up-", n)} },
		"in environments of a card":     func(_ *rig, n int) of { return of{job: "carded", environment: fmt.Sprint("env-", n)} },
		"in environments of a schedule": func(_ *rig, n int) of { return of{job: "scheduled", environment: fmt.Sprint("env-", n)} },
		"in environments of a known job": func(_ *rig, n int) of {
			return of{job: "learned", environment: fmt.Sprint("env-", n)}
		},
		"of jobs that were good once": func(r *rig, n int) of {
			o := of{job: fmt.Sprint("made-up-", n), id: "good", trace: 5_000_000 + n}
			r.whole(o, run.Success)
			return of{job: o.job}
		},
		"in environments of a card that were good once": func(r *rig, n int) of {
			o := of{job: "carded", environment: fmt.Sprint("env-", n), id: "good", trace: 5_000_000 + n}
			r.whole(o, run.Success)
			return of{job: o.job, environment: o.environment}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFloodRig(t, healthyCards()...)
			for round := range 6 {
				r.healthy(round, run.Success, nil)
			}
			seen := map[string]bool{}
			attack := func(trace int) func() {
				return func() {
					r.flood(150, func(n int) run.Span {
						o := made(r, n)
						o.id, o.trace = fmt.Sprint("made-up-", trace, "-", n), trace+n
						seen[o.job+" "+o.environment] = true
						return o.failed(r.now)
					})
					r.pass(5 * time.Minute)
				}
			}
			all := []string{"JobFailed carded prod train", "JobFailed learned prod train", "JobFailed scheduled prod train"}
			check := func() {
				t.Helper()
				active := r.active()
				assert.Subset(t, active, all)
				assert.Contains(t, active, "ManyJobsFailed")
				assert.LessOrEqual(t, len(active), 100+1)
				of := 0
				for _, a := range active {
					if strings.HasPrefix(a, "JobFailed ") && !slices.Contains(all, a) {
						of++
					}
				}
				shared := r.last("ManyJobsFailed")
				assert.GreaterOrEqual(t, of+len(r.w.shared.Jobs), 150, "each of them is in one or the other: %s", shared.Summary)
				assert.LessOrEqual(t, len(r.w.jobs), 100+2*(maxEnvironments+1))
			}
			attack(1_000_000)()
			r.healthy(6, run.Failure, nil)
			check()
			r.start()
			r.pass(time.Minute)
			check()
			r.healthy(7, run.Success, attack(2_000_000))
			for _, a := range all {
				assert.NotContains(t, r.active(), a)
			}
			r.start()
			attack(3_000_000)()
			r.healthy(8, run.Failure, attack(4_000_000))
			check()
			assert.Positive(t, r.w.SelfStats().Evicted[LimitAlert])
		})
	}
}

// TestOneJobHasItsShare has a job with a card fail at 150 stages, each run before the last one.
func TestOneJobHasItsShare(t *testing.T) {
	r := newFloodRig(t, healthyCards()...)
	for round := range 6 {
		r.healthy(round, run.Success, nil)
	}
	r.flood(150, func(n int) run.Span {
		o := of{job: "carded", environment: "prod", id: fmt.Sprint("made-up-", n), trace: 1_000_000 + n, start: r.now.Add(-time.Duration(n) * time.Hour)}
		s := o.stage(2, fmt.Sprint("stage-", n), run.Failure, o.start, o.start)
		return s
	})
	r.pass(5 * time.Minute)
	assert.Len(t, r.active(), 10+1)
	assert.Contains(t, r.active(), "ManyJobsFailed")
	assert.Contains(t, r.last("ManyJobsFailed").Summary, "1 job has failed")
	r.healthy(7, run.Failure, nil)
	assert.Contains(t, r.active(), "JobFailed scheduled prod train")
	assert.Contains(t, r.active(), "JobFailed learned prod train")
}

// TestManyJobsFailed is the alert that the others share.
func TestManyJobsFailed(t *testing.T) {
	r := newFloodRig(t, &catalog.Job{Name: "carded", Timezone: time.UTC})
	began := r.now
	var notices int
	r.options.Notice = func(n Notice) {
		if n.Limit == LimitAlert {
			notices++
		}
	}
	r.start()
	for n := range 60 {
		r.observe(of{job: fmt.Sprint("made-up-", n), id: "a", trace: n + 1}.failed(r.now))
		r.pass(time.Second)
	}
	r.pass(5 * time.Minute)
	a := r.last("ManyJobsFailed")
	assert.Equal(t, "critical", string(a.Severity))
	assert.Empty(t, a.Labels)
	assert.Equal(t, "10 jobs have failed, or are otherwise at fault, and find no room for alerts of their own: "+
		"made-up-50, made-up-51, made-up-52, made-up-53, made-up-54 and 5 more. The latest is JobFailed of made-up-59 at train, run a.", a.Summary)
	assert.Equal(t, map[string]string{
		"jobs":       "made-up-50, made-up-51, made-up-52, made-up-53, made-up-54, made-up-55, made-up-56, made-up-57, made-up-58, made-up-59",
		"jobs_total": "10", "alerts": "JobFailed 10", "latest": "JobFailed of made-up-59 at train, run a", "limit": "100", "run_id": "a",
		"trace_url": a.Annotations["trace_url"],
	}, a.Annotations)
	assert.Contains(t, a.Annotations["trace_url"], fmt.Sprintf("%x", trace(60)))
	assert.Equal(t, 10, notices)
	assert.True(t, a.StartsAt.After(began))
	starts := a.StartsAt

	// It is the same alert after a restart, and what is known comes first among its examples.
	r.start()
	for n := range 12 { // a job has ten places
		o := of{job: "carded", id: fmt.Sprint("c-", n), trace: 1000 + n, start: r.now.Add(-time.Duration(n) * time.Hour)}
		r.observe(o.stage(2, fmt.Sprint("stage-", n), run.Failure, o.start, o.start))
		r.pass(time.Second)
	}
	r.pass(5 * time.Minute)
	a = r.last("ManyJobsFailed")
	assert.Equal(t, starts, a.StartsAt)
	assert.Contains(t, a.Summary, "11 jobs have failed, or are otherwise at fault, and find no room for alerts of their own: carded, made-up-50,")
	assert.Equal(t, "JobFailed 12", a.Annotations["alerts"])

	// It counts distinct jobs up to a bound, and does not write the store for each.
	batches := r.store.batches
	r.flood(2500, func(n int) run.Span {
		return of{job: fmt.Sprint("refused-", n), id: "a", trace: 10_000 + n}.failed(r.now)
	})
	r.pass(5 * time.Minute)
	a = r.last("ManyJobsFailed")
	assert.Contains(t, a.Summary, "more than 2,000 jobs have failed")
	assert.Equal(t, "> 2000", a.Annotations["jobs_total"])
	assert.LessOrEqual(t, len(a.Annotations["jobs"]), maxText)
	assert.Less(t, r.store.batches-batches, 250)

	// It ends an hour after the last.
	last := r.w.shared.Last
	r.until(last.Add(sharedFor - time.Second))
	assert.Contains(t, r.active(), "ManyJobsFailed")
	r.until(last.Add(sharedFor))
	assert.NotContains(t, r.active(), "ManyJobsFailed")
	assert.Contains(t, r.last("ManyJobsFailed").Annotations["resolved_by"], "silence")
	assert.Nil(t, r.w.shared)
	r.start()
	assert.Nil(t, r.w.shared)
}

// TestSeriesAreBounded has made-up jobs with made-up stages and checks: what is counted of all of them
// is bounded, and leaves room for what is known.
func TestSeriesAreBounded(t *testing.T) {
	r := newFloodRig(t, healthyCards()...)
	r.w.options.Limits.Stages = 20
	r.healthy(0, run.Success, nil)
	var batch []run.Span
	for n := range 95 {
		o := of{job: fmt.Sprint("made-up-", n), id: "a", trace: 1_000_000 + n, start: r.now}
		for i := range 20 {
			s := o.stage(2+i, fmt.Sprint("stage-", i), run.Success, r.now, r.now)
			for v := range 100 {
				s.Violations = append(s.Violations, run.Violation{ID: fmt.Sprint("c", v), Rows: 1})
			}
			batch = append(batch, s)
		}
		batch = append(batch, o.root(run.Success, r.now))
	}
	r.observe(batch...)
	r.pass(5 * time.Minute)
	count := func() (stages, checks, jobs int) {
		for _, s := range r.w.Stats(r.now) {
			stages, checks, jobs = stages+len(s.Stages), checks+len(s.Violations), jobs+1
		}
		return stages, checks, jobs
	}
	stages, checks, jobs := count()
	assert.LessOrEqual(t, jobs, 100)
	assert.LessOrEqual(t, stages, 20*allJobs)
	assert.LessOrEqual(t, checks, MaxBroken*allJobs+jobs, "and one for the others of each job")
	assert.Equal(t, stages, r.w.counted.stages)
	assert.Equal(t, checks, r.w.counted.checks)
	assert.Positive(t, r.w.SelfStats().Evicted[LimitStage])
	assert.Positive(t, r.w.SelfStats().Evicted[LimitChecks])

	o := of{job: "carded", environment: "prod", id: "new", trace: 9, start: r.now}
	s := o.stage(2, "another", run.Success, r.now, r.now)
	s.Violations = []run.Violation{{ID: "mine", Rows: 1}}
	r.observe(s, o.root(run.Success, r.now))
	r.pass(5 * time.Minute)
	for _, s := range r.w.Stats(r.now) {
		if s.Key.Job == "carded" {
			assert.True(t, slices.ContainsFunc(s.Stages, func(s StageStats) bool { return s.Name == "another" }))
			assert.True(t, slices.ContainsFunc(s.Violations, func(v ViolationStats) bool { return v.Check == "mine" }))
		}
	}
	for _, j := range slices.Collect(maps.Values(r.w.jobs)) {
		r.w.dropJob(j)
	}
	assert.Equal(t, counted{}, r.w.counted)
}
