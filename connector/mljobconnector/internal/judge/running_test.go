// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestLateStages(t *testing.T) {
	const minute, hour = 60, 3600
	timeout := catalog.Stage{Name: "train", After: []string{"load"}, Timeout: 20 * time.Minute}
	heartbeat := catalog.Stage{Name: "train", After: []string{"load"}, Heartbeat: 30 * time.Minute}
	both := catalog.Stage{Name: "train", After: []string{"load"}, Timeout: time.Hour, Heartbeat: 30 * time.Minute}
	load := catalog.Stage{Name: "load"}
	mapped := catalog.Stage{Name: "train", Instances: 4, Timeout: 20 * time.Minute}
	for _, test := range []struct {
		name   string
		card   *catalog.Job
		script *script
		// kinds are the faults at a second, due is that second: one second before there is none,
		// and next was then.
		kinds   string
		due     int
		summary string
		notes   map[string]string
	}{
		{
			name: "a marker, then nothing", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60).add(run.KindMarker, 60, 60, task("train")),
			kinds: "StageOverdue:train", due: 60 + 20*minute,
			summary: "recsys: train has been running since 2026-11-22 03:01 UTC, longer than its timeout of 20m (run r1).",
			notes:   map[string]string{"timeout": "20m", "running_since": "2026-11-22T03:01:00Z"},
		},
		{
			name: "no word of it, but the one before it has ended", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60),
			kinds: "StageOverdue:train", due: 60 + 22*minute,
			summary: "recsys: train has not come to an end within its timeout of 20m after load, at 2026-11-22 03:01 UTC (run r1).",
		},
		{
			name: "in the job's time zone", card: &catalog.Job{Name: "recsys", Timezone: time.FixedZone("CET", hour), Stages: []catalog.Stage{load, timeout}},
			script: scripted("r1").stage("load", 0, 60).add(run.KindMarker, 60, 60, task("train")), kinds: "StageOverdue:train", due: 60 + 20*minute,
			summary: "recsys: train has been running since 2026-11-22 04:01 CET, longer than its timeout of 20m (run r1).",
		},
		{name: "the one before it has not ended", card: card(load, timeout), script: scripted("r1").add(run.KindMarker, 0, 0, task("load"))},
		{name: "the one before it failed", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60, fails("E", "m"))},
		{name: "the one before it was skipped", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60, result(run.Skip)), kinds: "StageOverdue:train", due: 60 + 22*minute},
		{name: "it was skipped because of that", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60, result(run.Skip), cause("upstream_failed"))},
		{name: "it has ended", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60).stage("train", 60, 2*hour)},
		{
			name: "heartbeats that stop", card: card(load, heartbeat), script: beats(3*24*hour, 600), kinds: "StageStalled:train", due: 3*24*hour + 30*minute,
			summary: "recsys: no sign of life from train since 2026-11-25 03:00 UTC, longer than its heartbeat of 30m (run r1).",
			notes:   map[string]string{"last_sign": "2026-11-25T03:00:00Z", "heartbeat": "30m"},
		},
		{
			name: "spans that say nothing of their stage are signs of it", card: card(load, heartbeat),
			script: scripted("r1").stage("load", 0, 60).add(run.KindMarker, 60, 60, task("train")).add(run.KindInner, 100, 1000), kinds: "StageStalled:train", due: 1000 + 30*minute,
		},
		{
			name: "those of another stage are not", card: card(load, heartbeat, catalog.Stage{Name: "report"}),
			script: scripted("r1").stage("load", 0, 60).add(run.KindMarker, 60, 60, task("train")).stage("report", 60, 1000), kinds: "StageStalled:train", due: 60 + 30*minute,
		},
		{
			name: "never a sign", card: card(load, heartbeat), script: scripted("r1").stage("load", 0, 60), kinds: "StageStalled:train", due: 60 + 32*minute,
		},
		{name: "stalled before it is overdue", card: card(load, both), script: beats(10*minute, 300), kinds: "StageStalled:train", due: 40 * minute},
		{name: "overdue before it is stalled", card: card(load, both), script: beats(59*minute, 60), kinds: "StageOverdue:train", due: 60 + 60*minute},
		{
			name: "the second try hangs", card: card(load, timeout), script: scripted("r1").stage("load", 0, 60).stage("train", 60, 600, fails("E", "m"), retried),
			kinds: "StageOverdue:train", due: 600 + 20*minute,
		},
		{
			name: "one of four ranks is silent", card: card(mapped), script: ranks(3), kinds: "StageOverdue:train", due: 20 * minute,
			summary: "recsys: train has been running since 2026-11-22 03:00 UTC, longer than its timeout of 20m; 1 of 4 instances has not ended: 3 (run r1).",
			notes:   map[string]string{"instances": "1 of 4 instances has not ended: 3"},
		},
		{
			name: "an optional one hangs", card: card(load, catalog.Stage{Name: "explain", Optional: true, Timeout: time.Minute}),
			script: scripted("r1").stage("load", 0, 60).add(run.KindInner, 60, 61, task("explain")), kinds: "StageOverdue:explain?", due: 60 + 60,
		},
		{
			name: "an optional one may not run at all", card: card(load, catalog.Stage{Name: "explain", After: []string{"load"}, Optional: true, Timeout: time.Minute}),
			script: scripted("r1").stage("load", 0, 60),
		},
		{name: "it may begin at any time", card: card(load, catalog.Stage{Name: "train", Timeout: time.Minute}), script: scripted("r1").stage("load", 0, 60)},
		{name: "no deadline", card: card(load, catalog.Stage{Name: "train", After: []string{"load"}}), script: scripted("r1").stage("load", 0, 60)},
		{name: "no card", script: scripted("r1").stage("load", 0, 60).add(run.KindMarker, 60, 60, task("train"))},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRunning(t, test.script.run(), expect(test.card, &History{}), test.kinds, test.due, test.summary, test.notes)
		})
	}
}

// beats is a training that sends a span every so many seconds, the last one at a second.
func beats(last, every int) *script {
	s := scripted("r1").stage("load", 0, 60).add(run.KindMarker, 60, 60, task("train"))
	for end := every; end <= last; end += every {
		s.add(run.KindInner, max(60, end-every), end, task("train"))
	}
	return s
}

// wantRunning checks that faults come at a second and not before, and that next says so; none at
// all if there are no kinds.
func wantRunning(t *testing.T, r *run.Run, e Expect, wantKinds string, due int, summary string, notes map[string]string) {
	t.Helper()
	if wantKinds == "" {
		faults, next := Running(r, e, at(1e8))
		if len(faults) > 0 || !next.IsZero() {
			t.Errorf("%s, next %v", sentences(faults), next)
		}
		return
	}
	faults, next := Running(r, e, at(due).Add(-time.Nanosecond))
	if len(faults) > 0 || !next.Equal(at(due)) {
		t.Errorf("too early: %q; next %v, want %v", sentences(faults), next, at(due))
	}
	for _, now := range []time.Time{at(due), at(due + 1e6)} {
		faults, _ = Running(r, e, now)
		if got := kinds(faults); got != wantKinds {
			t.Fatalf("faults %q, want %s", sentences(faults), wantKinds)
		}
		if summary != "" {
			wantSummary(t, summary, &faults[0])
		}
		wantAnnotations(t, &faults[0], notes)
	}
}

func TestLateStageOfAResumedRun(t *testing.T) {
	c := card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "clean"}, catalog.Stage{Name: "train", After: []string{"load", "clean"}, Timeout: 20 * time.Minute})
	e := expect(c, &History{})
	e.Resumed = scripted("r0").stage("load", -900, -800).root(-900, -700, result(run.Failure)).run()
	again := scripted("r1").stage("clean", 0, 60, resumes("r0")).run()
	wantRunning(t, again, e, "StageOverdue:train", 60+22*60, "", nil) // load is done, clean came at second 60
	without := scripted("r1").add(run.KindMarker, 0, 0, resumes("r0")).run()
	wantRunning(t, without, e, "", 0, "", nil)
	e.Resumed = scripted("r0").stage("load", -900, -800).stage("clean", -900, -800).stage("train", -800, -700).run()
	wantRunning(t, without, e, "", 0, "", nil) // train is done as well
	e.Resumed = scripted("r0").stage("load", -900, -800).stage("clean", -900, -800).run()
	wantRunning(t, without, e, "StageOverdue:train", 22*60, "", nil) // since the run began
}

func TestLateRuns(t *testing.T) {
	within := &catalog.Job{Name: "recsys", FinishWithin: 2 * time.Hour}
	h := threes(7) // of 180 s: slow from 270 s on, overdue two minutes later
	for _, test := range []struct {
		name    string
		card    *catalog.Job
		history *History
		script  *script
		slotted bool
		kinds   string
		due     int
		summary string
	}{
		{
			name: "longer than usual", history: h, script: scripted("r1").stage("load", 0, 60), kinds: "JobOverdue", due: 270 + 120,
			summary: "recsys has been running since 2026-11-22 03:00 UTC, longer than its limit of 4m30s (median of the last 7 good runs: 3m); still missing: train and publish (run r1).",
		},
		{name: "too few good runs", history: threes(4), script: scripted("r1").stage("load", 0, 60)},
		{name: "the caller has a slot", history: h, script: scripted("r1").stage("load", 0, 60), slotted: true},
		{
			name: "no slot, but a time it has", card: within, history: h, script: scripted("r1").stage("load", 0, 60), kinds: "JobOverdue", due: 7200 + 120,
			summary: "recsys has been running since 2026-11-22 03:00 UTC, longer than the 2h that it has; still missing: train and publish (run r1).",
		},
		{
			name: "a stage is overdue: said there", card: card(catalog.Stage{Name: "train", Timeout: time.Second}), history: h,
			script: scripted("r1").add(run.KindMarker, 0, 0, task("train")), kinds: "StageOverdue:train", due: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := expect(test.card, test.history)
			e.Slotted = test.slotted
			wantRunning(t, test.script.run(), e, test.kinds, test.due, test.summary, nil)
		})
	}
}

func TestOverdue(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	c := card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "train"}, catalog.Stage{Name: "publish"})
	c.Timezone = zone
	f := Overdue(scripted("r1").stage("load", 0, 60).run(), expect(c, &History{}), at(0), at(7200))
	wantSummary(t, "recsys, scheduled at 2026-11-22 04:00 CET, should have ended within 2h; still missing: train and publish (run r1).", &f)
	wantAnnotations(t, &f, map[string]string{"scheduled_at": "2026-11-22T03:00:00Z", "deadline": "2026-11-22T05:00:00Z", "finish_within": "2h", "missing": "train, publish"})
	if f.Kind != JobOverdue || f.Stage != "" || f.TraceID == (run.TraceID{}) {
		t.Errorf("%+v", f)
	}
}

func TestDataWhileTheRunGoesOn(t *testing.T) {
	h := pipelines(7)
	bad := changes{"query": {wrote(75_000)}, "clean": {read(75_000), wrote(75_000)}}
	spans := pipeline("today", bad).spans
	faults := func(n ...int) string {
		s := scripted("today")
		for _, i := range n {
			s.spans = append(s.spans, spans[i])
		}
		got, _ := Running(s.run(), expect(nil, h), at(200))
		return kinds(got)
	}
	if got := faults(0); got != "StageRows:query" {
		t.Errorf("after the first stage: %s", got)
	}
	if got := faults(0, 1); got != "StageRows:query" {
		t.Errorf("after the second, which inherited it: %s", got)
	}
	if got := faults(1); got != "" {
		t.Errorf("the second came first, and nobody knows yet whose fault it is: %s", got)
	}
	s := scripted("today").stage("train", 0, 10, metric("loss", math.NaN()))
	if got, _ := Running(s.run(), expect(nil, &History{}), at(11)); kinds(got) != "" {
		t.Errorf("a loss of NaN is said when the run has ended: %s", kinds(got))
	}
	unreported := card(catalog.Stage{Name: "train", Metrics: map[string]catalog.StageMetric{"auc": {Min: new(0.5)}}}, catalog.Stage{Name: "publish"})
	s = scripted("today").stage("train", 0, 10)
	if got, _ := Running(s.run(), expect(unreported, &History{}), at(9999)); kinds(got) != "" {
		t.Errorf("a metric that was not reported is a fault at the end only: %s", kinds(got))
	}
	s = scripted("today").stage("load", 0, 10, fails("E", "m"))
	if got, _ := Running(s.run(), expect(nil, &History{}), at(9999)); kinds(got) != "" {
		t.Errorf("a failed stage is the verdict's: %s", kinds(got))
	}
}

func TestManySilentInstances(t *testing.T) {
	c := card(catalog.Stage{Name: "score", Instances: 1000, Timeout: time.Minute})
	s := scripted("r1").stage("score", 0, 10, instance("0"))
	faults, _ := Running(s.run(), expect(c, &History{}), at(600))
	wantSummary(t, "recsys: score has been running since 2026-11-22 03:00 UTC, longer than its timeout of 1m; 999 of 1,000 instances have not ended: 1, 2, 3, 4, 5 and 994 more (run r1).", &faults[0])
	if got := faults[0].Annotations["instances"]; len(got) > maxAnnotation || !strings.HasPrefix(got, "999 of 1,000 instances have not ended: 1, 2, 3") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if got := fmt.Sprint(len(faults)); got != "1" {
		t.Errorf("%s faults", got)
	}
}
