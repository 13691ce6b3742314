// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// TestRandomJobs plays jobs of chance, as different as they can be said in spans: eight good runs,
// one that fails at a stage, two good ones. The failure is the only alert, with its stage and its
// evidence, and is over with the next run.
func TestRandomJobs(t *testing.T) {
	const jobs = 40
	for seed := range uint64(jobs) {
		var total score
		var said string
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(1000 + seed)
				said = w.random()
				w.shake(seed)
				total = w.judge(t, w.play(t))
			})
		})
		if !ok || assert.Equal(t, score{right: 1}, total) {
			t.Logf("%d: %s: %v", seed, said, total)
		}
	}
}

// random builds the scenario and says what it is.
func (w *world) random() string {
	r := w.Rand
	chance := func(percent int) bool { return r.IntN(100) < percent }
	w.job = jobtest.Job{
		Name: "job", Process: jobtest.NewProcess("worker").In("production"),
		OnSpans: chance(50), Statuses: chance(30), Undated: chance(30),
	}
	w.job.Apart = w.job.OnSpans && chance(50)
	w.job.NoID = !w.job.Apart && chance(20)
	w.job.Process.NoFlags = chance(30)
	type step struct {
		name      string
		takes     time.Duration
		instances int
		parallel  bool // with the one before
		remote    bool
		rows      bool
	}
	var steps []step
	for i := range 2 + r.IntN(6) {
		s := step{name: fmt.Sprintf("stage_%d", i), takes: 5*time.Second + time.Duration(r.Int64N(int64(8*time.Minute))), remote: chance(30), rows: chance(40), parallel: i > 0 && chance(25)}
		if chance(20) {
			s.instances = 2 + r.IntN(30)
		}
		steps = append(steps, s)
	}
	carded := chance(50)
	if carded {
		card := &catalog.Job{Name: "job", Timezone: time.UTC}
		for _, s := range steps {
			card.Stages = append(card.Stages, catalog.Stage{Name: s.name, Instances: s.instances, Timeout: 6 * s.takes})
		}
		w.cards = append(w.cards, card)
	}
	skew := time.Duration(r.Int64N(int64(10*time.Minute))) - 5*time.Minute
	build := func(i int) *jobtest.Run {
		at := w.hours(float64(i)).Add(5 * time.Minute)
		run := w.Run(w.job, fmt.Sprintf("run-%d", i), at.Format(time.RFC3339), at)
		away := run.Also(jobtest.NewProcess("away").In("production").Host("away", skew))
		away.NoFlags = w.job.Process.NoFlags
		now, before := time.Duration(0), time.Duration(0)
		for _, s := range steps {
			if s.parallel {
				now, before = before, now
			}
			begin, end := now, now+time.Duration(w.Vary(float64(s.takes), 0.1))
			p := run.Process
			if s.remote {
				p = away
			}
			for k := range max(1, s.instances) {
				sp := run.StageOn(p, s.name, begin, end)
				sp.Child("call", 0.2, 0.7)
				if s.instances > 0 {
					sp.Instance(fmt.Sprint(k), s.instances)
				}
				if s.rows {
					sp.Rows(1000, 900)
				}
			}
			if s.parallel {
				end = max(end, before)
				begin = now
			}
			now, before = end, begin
		}
		run.Close(now + time.Second)
		return run
	}
	for i := range 8 {
		run := build(i)
		if chance(30) && !w.job.NoID {
			run.Root.Late(time.Duration(r.IntN(10)) * time.Second)
		}
	}
	broken := build(8)
	at := r.IntN(len(steps))
	deep := broken.Breaks(steps[at].name, "ValueError", "broken")
	// What ran beside it is at work until the run ends.
	end := broken.Root.End
	for _, sp := range broken.All() {
		if sp.End.After(end) {
			end = sp.End
		}
	}
	broken.Fails(end.Sub(broken.Start)+time.Second, "broken")
	next := build(9)
	build(10)
	from := broken.Get(steps[at].name).Arrives()
	x := w.expect("JobFailed", steps[at].name).fires(from, latest(broken.Root.Arrives(), from).Add(decision)).shows(deep)
	x.endsWith(next)
	w.lasting(13)
	return fmt.Sprintf("%d stages, %s breaks (of %d instances), card %v, skew %v, job %+v", len(steps), steps[at].name, steps[at].instances, carded, skew, w.job)
}
