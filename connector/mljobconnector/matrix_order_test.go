// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var order = []scenario{
	{"two runs overlap, the older one fails", func(w *world) {
		w.fraud().card().history(2)
		older := w.run()
		newer := w.runAt(older.Start.Add(22 * time.Minute))
		rename(newer, "newer", "2000-01-01T03:30:00Z")
		deep := older.Breaks("train", oom, memory3)
		w.failed(older, "train", deep).endsWith(newer)
		w.counted = map[string]map[string]int{"fraud_training": {"success": 3, "failure": 1}}
	}},
	{"two runs overlap, the newer one fails before the older one ends", func(w *world) {
		w.fraud().card().history(2)
		older := w.run()
		newer := w.runAt(older.Start.Add(5 * time.Minute))
		rename(newer, "newer", "2000-01-01T03:30:00Z")
		deep := newer.Breaks("validate", "DataError", "amount is negative in 3 rows")
		w.failed(newer, "validate", deep).endsWith(w.run())
	}},
	{"the same fault again is the same alert", func(w *world) {
		w.fraud().card().history(2)
		first := w.run()
		x := w.failed(first, "train", first.Breaks("train", oom, memory3))
		x.notes = map[string][]string{}
		for range 2 {
			again := w.run()
			x.shows(again.Breaks("train", "RuntimeError", "NCCL timeout"))
			x.notes["run_id"] = []string{again.ID.(string)}
		}
		x.saying("NCCL timeout").endsWith(w.run())
	}},
	{"a different fault supersedes", func(w *world) {
		w.fraud().card().history(2)
		first, second, third := w.run(), w.run(), w.run()
		deep := second.Breaks("validate", "DataError", "amount is negative in 3 rows")
		third.Remove("publish")
		w.failed(first, "train", first.Breaks("train", oom, memory3)).endsWith(second)
		w.failed(second, "validate", deep).ends(third.Root.Arrives(), third.Root.Arrives().Add(absence))
		w.expect("StageMissing", "publish").missed(third).endsWith(w.run())
	}},
	{"a skipped run takes nothing back", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		x := w.failed(r, "train", r.Breaks("train", oom, memory3))
		skipped := w.run()
		for _, name := range stages {
			skipped.Remove(name)
		}
		skipped.Close(time.Second)
		skipped.Root.Set(mlconv.AttrPipelineResult, "skip")
		x.endsWith(w.run())
	}},
	{"a fault that comes back is a new alert", func(w *world) {
		w.fraud().card().history(2)
		for range 2 {
			r := w.run()
			w.failed(r, "train", r.Breaks("train", oom, memory3)).endsWith(w.run())
		}
	}},
	{"the same day by hand takes the alert back", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		x := w.failed(r, "train", r.Breaks("train", oom, memory3))
		manual := w.train(w.job, r.Start.Add(35*time.Minute), r.Date)
		x.endsWith(manual)
		w.run()
	}},
	{"cleared and run again in the same run", func(w *world) {
		// As in Airflow: the failed task and those after it, hours later, with the run's own span
		// once more.
		w.fraud().card().history(2)
		r := w.run()
		deep := r.Breaks("train", oom, memory3)
		r.Get("train").Set(mlconv.AttrStageAttempt, 1)
		x := w.failed(r, "train", deep)
		at := 3 * time.Hour
		for _, name := range []string{"train", "evaluate", "publish"} {
			sp := r.Stage(name, at, at+10*time.Minute).Metric("val_auc", 0.9)
			if name == "train" {
				sp.Set(mlconv.AttrStageAttempt, 2)
			}
			at += 10 * time.Minute
		}
		again := w.Span(r.Process, nil, r.Name, r.Start, r.Start.Add(at+time.Second)).Set(mlconv.AttrPipelineResult, "success")
		x.ends(again.Arrives().Add(-jobtest.Export), again.Arrives().Add(decision))
		w.lasting(7)
	}},
	{"a host whose clock is two hours ahead fails, no dates", func(w *world) {
		w.fraud()
		w.job.Undated = true
		w.history(2)
		ahead := w.job
		ahead.Process = w.job.Process.Host("worker-2", 2*time.Hour)
		r := w.train(ahead, w.hours(2.1), "")
		w.runs++
		w.failed(r, "train", r.Breaks("train", oom, memory3)).endsWith(w.run())
		w.run()
	}},
	{"environments are apart", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		x := w.failed(r, "train", r.Breaks("train", oom, memory3))
		staging := w.job
		staging.Process = jobtest.NewProcess("training-job").In("staging")
		same := w.train(staging, r.Start.Add(20*time.Second), r.Date)
		for _, p := range processes(same) {
			p.Attributes[mlconv.AttrPipelineRunID] = r.ID
		}
		w.past = w.past[:len(w.past)-1]
		x.endsWith(w.run())
	}},
	{"a backfill of last month, good", func(w *world) {
		w.fraud().card().history(3)
		fresh := w.past[2]
		r := w.run()
		x := w.failed(r, "train", r.Breaks("train", oom, memory3))
		for i := range 2 {
			w.backfill(w.run(), i)
		}
		w.lastSuccess = map[string]time.Time{"fraud_training": fresh.Root.End}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 5, "failure": 1}}
		_ = x
	}},
	{"a backfill of last month, failed", func(w *world) {
		w.fraud().card().history(3)
		r := w.backfill(w.run(), 0)
		w.failed(r, "train", r.Breaks("train", oom, memory3)).endsWith(w.run())
	}},
	{"a backfill does not become normal", func(w *world) {
		w.fraud().card().history(7)
		for i := range 8 {
			w.backfill(w.shrink(w.run(), "feature_query", 0.85), i)
		}
		r := w.shrink(w.run(), "feature_query", 0.75)
		w.expect("StageRows", "feature_query").noticed(r.Get("feature_query"), r).endsWith(w.run())
	}},
	{"a resume from a checkpoint", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Heartbeat = 10 * time.Minute })).history(7)
		r := w.run()
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(17 * time.Minute)
		quiet := w.lastSign(r).Add(10 * time.Minute)
		x := w.expect("StageStalled", "train").fires(quiet.Add(-jobtest.Export), quiet.Add(decision))

		job := w.job
		job.Undated = true
		job.Process = job.Process.With(mlconv.AttrJobResumes, r.ID)
		resumed := w.Run(job, "resumed", "", r.Start.Add(38*time.Minute))
		resumed.Marker("train", "executing", time.Second)
		resumed.Stage("train", 0, 8*time.Minute).Metric("loss", 0.31)
		resumed.Stage("evaluate", 8*time.Minute, 9*time.Minute).Metric("val_auc", 0.9)
		resumed.Stage("publish", 9*time.Minute, 9*time.Minute+30*time.Second)
		resumed.Close(10 * time.Minute)
		x.endsWith(resumed)
		w.history(3)
		w.lasting(12.5)
	}},
}

func rename(r *jobtest.Run, id, date string) {
	r.ID, r.Date = id, date
	for _, p := range processes(r) {
		p.Attributes[mlconv.AttrPipelineRunID], p.Attributes[mlconv.AttrJobLogicalDate] = id, date
	}
}

// backfill makes it a run for a day of last month.
func (w *world) backfill(r *jobtest.Run, i int) *jobtest.Run {
	rename(r, fmt.Sprintf("backfill__%d", i), fmt.Sprintf("1999-12-%02dT03:00:00Z", i+1))
	return r
}
