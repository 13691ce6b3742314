// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var absent = []scenario{
	{"a stage is missing", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		r.Remove("publish")
		w.expect("StageMissing", "publish").missed(r).noting("run_id", r.ID.(string)).endsWith(w.run())
	}},
	{"a stage is missing, as learned", func(w *world) {
		w.fraud().history(20)
		r := w.run()
		r.Remove("evaluate")
		w.expect("StageMissing", "evaluate").warning().missed(r).saying("all of the last 20 good runs").
			noting("runs", "20").noting("runs_with_stage", "20").noting("absence_upper_bound", "0.139").endsWith(w.run())
	}},
	{"a stage is missing, before enough is learned", func(w *world) {
		w.fraud().history(19)
		w.run().Remove("evaluate")
	}},
	{"a stage is renamed for good", func(w *world) {
		w.fraud().history(20)
		rename := func() *jobtest.Run {
			r := w.run()
			r.Get("evaluate").Set(mlconv.AttrTaskName, "evaluate_v2")
			return r
		}
		x := w.expect("StageMissing", "evaluate").warning().missed(rename()).noting("absent_in_a_row", "4")
		for range 3 {
			rename()
		}
		fifth := rename() // of min_runs runs
		x.ends(fifth.Root.Arrives().Add(absence), fifth.Root.Arrives().Add(absence))
		for range 3 {
			rename()
		}
	}},
	{"a stage comes 90 seconds after the root", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		r.Get("publish").At(r.Root.Arrives().Add(90 * time.Second))
	}},
	{"a late span takes the alert back", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		late := r.Get("publish").At(r.Root.Arrives().Add(7 * time.Minute))
		w.expect("StageMissing", "publish").missed(r).ends(late.Arrives(), late.Arrives().Add(decision))
		w.run()
		w.counted = map[string]map[string]int{"fraud_training": {"success": 4}}
	}},
	{"a late try takes the alert back", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		first, second := w.retried(r, "publish")
		first.Unset(mlconv.AttrStageFinal)
		second.At(r.Root.Arrives().Add(5 * time.Minute))
		w.expect("StageFailed", "publish").decided(r).ends(second.Arrives(), second.Arrives().Add(decision))
		w.run()
	}},
}

var overdue = []scenario{
	{"hang", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout = 40 * time.Minute })).history(2)
		r := w.run()
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(8*time.Minute + 30*time.Second)
		due := r.Start.Add(48 * time.Minute)
		w.expect("StageOverdue", "train").fires(due, due.Add(decision)).saying("40").noting("run_id", r.ID.(string)).endsWith(w.run())
		w.history(2)
		w.lasting(7)
	}},
	{"hang, without a marker", func(w *world) {
		// The start follows from the end of the stage before.
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout = 40 * time.Minute })).history(2)
		r := w.run()
		before := r.Get("transform")
		r.Dies(8*time.Minute + 30*time.Second)
		due := before.End.Add(40 * time.Minute)
		w.expect("StageOverdue", "train").fires(due, due.Add(absence+decision)).endsWith(w.run())
		w.lasting(6)
	}},
	{"hang on a host whose clock is three hours behind", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout = 40 * time.Minute })).history(2)
		w.skew = -3 * time.Hour
		r := w.run()
		r.MarkerOn(r.Get("train").Process, "train", "executing", 8*time.Minute)
		r.Dies(8*time.Minute + 30*time.Second)
		due := r.Start.Add(48 * time.Minute)
		w.expect("StageOverdue", "train").fires(due, due.Add(decision)).endsWith(w.run())
		w.lasting(6)
	}},
	{"hang, without a card", func(w *world) {
		// Half as long again as its history, and two minutes.
		w.fraud().history(7)
		r := w.run()
		r.Dies(8*time.Minute + 30*time.Second)
		from := r.Start.Add(lasts * 3 / 2)
		w.expect("JobOverdue", anyStage).fires(from, from.Add(absence+30*time.Second)).saying("train").endsWith(w.run())
		w.history(2)
		w.lasting(12)
	}},
	{"hang of the only sender", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout = 40 * time.Minute })).history(2)
		r := w.run()
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(8*time.Minute + 30*time.Second)
		due := r.Start.Add(48 * time.Minute)
		w.expect("StageOverdue", "train").fires(due, due.Add(decision))
		w.until = w.hours(6)
	}},
	{"hang of the only sender, a job of two services", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout = 40 * time.Minute }))
		warehouse := jobtest.NewProcess("warehouse").In("production")
		for range 3 {
			w.run().Get("feature_query").ChildOf(warehouse, "execute", 0.2, 0.8)
		}
		r := w.past[2]
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(8*time.Minute + 30*time.Second)
		due := r.Start.Add(48 * time.Minute)
		w.expect("StageOverdue", "train").fires(due, due.Add(decision))
		w.until = w.hours(6)
	}},
	{"kill", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Heartbeat = 10 * time.Minute })).history(2)
		r := w.run()
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(17 * time.Minute)
		quiet := w.lastSign(r).Add(10 * time.Minute)
		w.expect("StageStalled", "train").fires(quiet.Add(-jobtest.Export), quiet.Add(decision)).noting("run_id", r.ID.(string)).endsWith(w.run())
		w.lasting(6)
	}},
	{"a training of three days whose heartbeats stop", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Heartbeat = 30 * time.Minute }))
		r := w.threeDays(48*time.Hour, 72*time.Hour, false)
		r.Marker("train", "executing", 3*time.Minute)
		r.Dies(49 * time.Hour)
		quiet := w.lastSign(r).Add(30 * time.Minute)
		w.expect("StageStalled", "train").fires(quiet.Add(-jobtest.Export), quiet.Add(decision)).saying("30")
		w.lasting(52)
	}},
	{"a training that was silent for two hours and ends well", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Heartbeat = 30 * time.Minute }))
		r := w.threeDays(6*time.Hour, 10*time.Hour, false)
		r.Marker("train", "executing", 3*time.Minute)
		back := r.Marker("train", "executing", 8*time.Hour)
		for i := range 6 {
			r.Marker("train", "executing", 8*time.Hour+time.Duration(i+1)*20*time.Minute)
		}
		quiet := r.Start.Add(3*time.Minute + 6*time.Hour + 30*time.Minute)
		w.expect("StageStalled", "train").fires(quiet.Add(-jobtest.Export), quiet.Add(decision)).ends(back.Arrives(), r.Root.Arrives().Add(decision))
		w.lasting(11)
	}},
	{"overdue by finish_within, and done later", func(w *world) {
		job := nightly("scoring")
		w.job = job
		w.begin = inBerlin(2000, 2, 1, 12, 0)
		w.scheduled(job.Name, func(c *catalog.Job) { c.Schedule, c.FinishWithin = "0 3 * * *", 2*time.Hour })
		w.night(job, inBerlin(2000, 2, 2, 3, 0), "2000-02-02", 30*time.Minute)
		r := w.night(job, inBerlin(2000, 2, 3, 3, 0).Add(10*time.Second), "2000-02-03", 160*time.Minute)
		due := inBerlin(2000, 2, 3, 5, 0)
		w.expect("JobOverdue", anyStage).fires(due, due.Add(absence)).saying("load").noting("run_id", r.ID.(string)).endsWith(r)
		w.lasting(50)
	}},
	{"slower than its history", func(w *world) {
		// The card's deadline is far away.
		w.fraud().card(func(c *catalog.Job) { c.Schedule, c.FinishWithin = "0 * * * *", 3*time.Hour }).history(7)
		r := w.run()
		w.slow(r, 25*time.Minute)
		w.expect("JobSlow", anyStage).warning().decided(r).saying("train").endsWith(w.run())
		w.lasting(10)
	}},
	{"overdue, and then it fails", func(w *world) {
		job := nightly("scoring")
		w.job = job
		w.begin = inBerlin(2000, 2, 1, 12, 0)
		w.scheduled(job.Name, func(c *catalog.Job) { c.Schedule, c.FinishWithin = "0 3 * * *", time.Hour })
		r := w.night(job, inBerlin(2000, 2, 2, 3, 0).Add(10*time.Second), "2000-02-02", 160*time.Minute)
		deep := r.Breaks("score", oom, memory3)
		due := inBerlin(2000, 2, 2, 4, 0)
		w.expect("JobOverdue", anyStage).fires(due, due.Add(absence)).endsWith(r)
		w.failed(r, "score", deep).endsWith(w.night(job, inBerlin(2000, 2, 3, 3, 0).Add(10*time.Second), "2000-02-03", 40*time.Minute))
		w.lasting(42)
	}},
	{"killed, noticed by its heartbeat, and then reported as failed", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Heartbeat = 10 * time.Minute })).history(2)
		r := w.run()
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(17 * time.Minute)
		quiet := w.lastSign(r).Add(10 * time.Minute)
		controller := r.Also(jobtest.NewProcess("operator"))
		dead := r.StageOn(controller, "train", 8*time.Minute, 40*time.Minute).Result("error").Error("the pod was evicted")
		root := w.Span(controller, nil, "run", r.Start, r.Start.Add(40*time.Minute)).Error("train failed").
			Set(mlconv.AttrPipelineResult, "failure").At(dead.Arrives())
		w.expect("StageStalled", "train").fires(quiet.Add(-jobtest.Export), quiet.Add(decision)).ends(root.Arrives(), root.Arrives().Add(decision))
		w.expect("JobFailed", "train").fires(root.Arrives(), root.Arrives().Add(decision)).shows(dead).endsWith(w.run())
		w.lasting(6)
	}},
	{"a try hangs, the next one is good", func(w *world) {
		w.fraud().card(stage("feature_query", func(s *catalog.Stage) { s.Timeout = 20 * time.Minute }))
		r := w.run()
		r.Marker("feature_query", "executing", 0)
		for _, sp := range r.All() {
			if sp != r.Root && sp.Attributes[mlconv.AttrPipelineRunState] == nil {
				sp.Start, sp.End = sp.Start.Add(45*time.Minute), sp.End.Add(45*time.Minute)
			}
		}
		r.Get("feature_query").Attempt(2, true)
		r.Close(lasts + 45*time.Minute)
		due := r.Start.Add(20 * time.Minute)
		w.expect("StageOverdue", "feature_query").fires(due, due.Add(decision)).ends(r.Get("feature_query").Arrives(), r.Root.Arrives().Add(decision))
		w.lasting(4)
	}},
	{"a little slower than its history", func(w *world) {
		w.fraud().card().history(7)
		w.slow(w.run(), 5*time.Minute)
	}},
	{"slow, and overdue by what was learned on the way", func(w *world) {
		w.fraud().history(7)
		r := w.run()
		w.slow(r, 28*time.Minute)
		from := r.Start.Add(lasts * 3 / 2)
		w.expect("JobOverdue", anyStage).fires(from, from.Add(absence+30*time.Second)).endsWith(r)
		w.run()
		w.lasting(11)
	}},
	{"slower for good", func(w *world) {
		// It is said when the first such run is overdue, and no more.
		w.fraud().history(7)
		r := w.run()
		w.slow(r, 25*time.Minute)
		from := r.Start.Add(lasts * 3 / 2)
		w.expect("JobOverdue", anyStage).fires(from, from.Add(absence+30*time.Second)).endsWith(r)
		for range 10 {
			w.slow(w.run(), 25*time.Minute)
		}
		w.lasting(20)
	}},
	{"slower for good, with a deadline", func(w *world) {
		w.fraud().card(func(c *catalog.Job) { c.Schedule, c.FinishWithin = "0 * * * *", 3*time.Hour }).history(7)
		r := w.run()
		w.slow(r, 25*time.Minute)
		x := w.expect("JobSlow", anyStage).warning().decided(r).noting("in_a_row", "4")
		for range 3 {
			w.slow(w.run(), 25*time.Minute)
		}
		fifth := w.run()
		w.slow(fifth, 25*time.Minute)
		x.endsWith(fifth)
		for range 5 {
			w.slow(w.run(), 25*time.Minute)
		}
	}},
	{"slow and without a stage, which the card does not want to know", func(w *world) {
		w.fraud().card(func(c *catalog.Job) {
			c.Stages, c.Alerts.Disable = nil, []string{"JobSlow", "JobOverdue", "StageMissing"}
		}).history(20)
		r := w.run()
		w.slow(r, 25*time.Minute)
		r.Remove("evaluate")
		w.lasting(23)
	}},
	{"the job never runs again", func(w *world) {
		w.fraud().history(2)
		r := w.run()
		deep := r.Breaks("train", oom, memory3)
		x := w.failed(r, "train", deep)
		silent := r.Root.Arrives().Add(7 * 24 * time.Hour)
		x.ends(silent.Add(-time.Minute), silent.Add(decision))
		w.until = w.hours(7*24 + 5)
	}},
}

// slow lets the training take longer.
func (w *world) slow(r *jobtest.Run, by time.Duration) {
	end := r.Get("train").End
	for _, sp := range r.All() {
		if !sp.Start.Before(end) {
			sp.Start = sp.Start.Add(by)
		}
		if !sp.End.Before(end) && sp != r.Root {
			sp.End = sp.End.Add(by)
		}
	}
	r.Close(lasts + by)
}
