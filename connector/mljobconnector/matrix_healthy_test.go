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

var healthy = []scenario{
	{"healthy, with a card", func(w *world) {
		w.fraud().card().history(9)
		last := w.run()
		w.counted = map[string]map[string]int{"fraud_training": {"success": 10}}
		w.lastSuccess = map[string]time.Time{"fraud_training": last.Root.End}
	}},
	{"healthy, without a card", func(w *world) { w.fraud().history(10) }},
	{"healthy, status only", func(w *world) {
		w.fraud().card()
		w.job.Statuses = true
		w.history(8)
		w.counted = map[string]map[string]int{"fraud_training": {"success": 8}}
	}},
	{"healthy, no run id", func(w *world) {
		w.fraud()
		w.job.NoID = true
		w.history(8)
		w.counted = map[string]map[string]int{"fraud_training": {"success": 8}}
	}},
	{"healthy, an SDK without flags", func(w *world) {
		w.fraud().card()
		w.job.Process.NoFlags = true
		w.history(8)
	}},
	{"retry then success", func(w *world) {
		w.fraud().card().history(5)
		w.retried(w.run(), "feature_query")
		w.run()
		w.counted = map[string]map[string]int{"fraud_training": {"success": 7}}
	}},
	{"retry then success, status only and without attempts", func(w *world) {
		w.fraud().card()
		w.job.Statuses = true
		w.history(5)
		first, second := w.retried(w.run(), "feature_query")
		for _, key := range []string{mlconv.AttrStageAttempt, mlconv.AttrStageFinal, mlconv.AttrTaskRunID} {
			first.Unset(key)
			second.Unset(key)
		}
		w.run()
	}},
	{"retry after a long silence, known not to be the last try", func(w *world) {
		// An attempt fails, the next one begins 25 minutes later: longer than any wait, and no sign
		// of life between.
		w.fraud().card(stage("feature_query", func(s *catalog.Stage) { s.Timeout = time.Hour }))
		r := w.Run(w.job, "r1", "2000-01-01T01:00:00Z", w.hours(0.1))
		r.Raise(r.Stage("feature_query", 0, 3*time.Minute).Attempt(1, false), "OperationalError", "deadlock detected")
		at := 28 * time.Minute
		for _, name := range stages {
			r.Stage(name, at, at+2*time.Minute).Metric("val_auc", 0.9)
			at += 2 * time.Minute
		}
		r.Close(at)
		w.lasting(2)
	}},
	{"an exception that was caught", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		r.Get("feature_query").Child("SELECT cache", 0, 0.1).Raise("CacheMiss", "no such key")
		r.Get("train").Child("checkpoint", 0.5, 0.6).Exception("IOError", "will try again")
	}},
	{"parallel stages", func(w *world) {
		w.shards()
		for i := range 7 {
			w.sharded(w.hours(float64(i) + 0.1))
		}
	}},
	{"out of order and twice", func(w *world) {
		w.fraud().card().history(6)
		w.Singly = true
		for range 2 {
			r := w.run()
			scramble(r, 60*time.Second)
			for _, sp := range r.All() {
				sp.Again(20*time.Second, 9*time.Minute)
			}
		}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 8}}
	}},
	{"out of order in the first run, without a card", func(w *world) {
		w.fraud()
		w.Singly, w.Shuffled = true, true
		scramble(w.run(), 100*time.Second)
		scramble(w.run(), 8*time.Second)
		w.history(2)
	}},
	{"late root", func(w *world) {
		w.fraud().card().history(6)
		w.run().Root.Late(40 * time.Minute)
		w.run()
		w.counted = map[string]map[string]int{"fraud_training": {"success": 8}}
	}},
	{"late root, without a card", func(w *world) {
		w.fraud().history(7)
		w.run().Root.Late(40 * time.Minute)
		w.run()
	}},
	{"no root at all", func(w *world) {
		w.fraud().card()
		for range 4 {
			w.run().Root.Lose()
		}
		w.lastSuccess = map[string]time.Time{"fraud_training": w.past[3].Get("publish").End}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 4}}
		w.lasting(6)
	}},
	{"no root at all, without a card", func(w *world) {
		w.fraud()
		for range 9 {
			w.run().Root.Lose()
		}
		w.lasting(10)
	}},
	{"clocks of two hosts", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout, s.Heartbeat = 30*time.Minute, 10*time.Minute }))
		w.history(7)
		for _, skew := range []time.Duration{-20 * time.Minute, 20 * time.Minute, -3 * time.Hour, 3 * time.Hour} {
			w.skew = skew
			r := w.run()
			r.MarkerOn(r.Get("train").Process, "train", "executing", 8*time.Minute+2*time.Second)
		}
		w.lasting(13)
	}},
	{"clocks of two hosts, without a card", func(w *world) {
		w.fraud().history(7)
		for _, skew := range []time.Duration{-20 * time.Minute, 20 * time.Minute} {
			w.skew = skew
			w.run()
		}
		w.lasting(10)
	}},
	{"run id as a number on some spans", func(w *world) {
		w.fraud().card()
		for i := range 3 {
			r := w.run()
			for _, p := range processes(r) {
				p.Attributes[mlconv.AttrPipelineRunID] = 9182736450 + i
			}
			r.Get("train").Set(mlconv.AttrPipelineRunID, fmt.Sprint(9182736450+i))
		}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 3}}
	}},
	{"every task its own trace, the run id on some spans, the root last", func(w *world) {
		w.fraud().card()
		w.job.OnSpans, w.job.Apart = true, true
		for range 7 {
			w.airflow(w.run())
		}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 7}}
	}},
	{"the run id on the root only, which comes last", func(w *world) {
		w.fraud()
		w.job.OnSpans = true
		for range 7 {
			w.rootOnly(w.run())
		}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 7}}
	}},
	{"skipped branches", func(w *world) {
		// explain runs in every second run, without a span in the others; export says that it is
		// skipped.
		w.fraud()
		for i := range 11 {
			w.branches(w.run(), i%2 == 0 && i < 8)
		}
	}},
	{"skipped branches, with a card", func(w *world) {
		w.fraud().card(
			stage("explain", func(s *catalog.Stage) { s.Optional = true }),
			stage("export", func(*catalog.Stage) {}),
		)
		for i := range 7 {
			w.branches(w.run(), i == 0)
		}
	}},
	{"a run that was skipped", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		for _, name := range stages {
			r.Remove(name)
		}
		r.Close(time.Second)
		r.Root.Set(mlconv.AttrPipelineResult, "skip")
		w.counted = map[string]map[string]int{"fraud_training": {"success": 2, "skip": 1}}
	}},
	{"started by a scheduler, in its trace", func(w *world) {
		w.fraud().card().history(1)
		for range 2 {
			r := w.run()
			tick := w.Span(jobtest.NewProcess("scheduler"), nil, "tick", r.Start.Add(-time.Second), r.Start)
			r.Root.Parent, r.Root.Remote = tick.ID, true
			r.TraceOf(r.Root.Trace, tick.Trace)
		}
		w.counted = map[string]map[string]int{"fraud_training": {"success": 3}}
	}},
	{"signs of life that come after the end", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout, s.Heartbeat = 40*time.Minute, 10*time.Minute }))
		for range 2 {
			r := w.run()
			r.Marker("train", "executing", 8*time.Minute+time.Second).Late(40 * time.Minute)
			r.Marker("", "executing", 10*time.Minute).Late(30 * time.Minute).Again(time.Hour)
			r.Marker("", "finalizing", 30*time.Minute+35*time.Second).Late(20 * time.Minute)
		}
		w.lasting(6)
	}},
	{"a resume of a run that is not known", func(w *world) {
		w.fraud().card().history(6)
		r := w.run()
		for _, name := range []string{"feature_query", "validate", "transform"} {
			r.Remove(name)
		}
		for _, p := range processes(r) {
			p.Attributes[mlconv.AttrJobResumes] = "lost"
		}
		w.run()
	}},
	{"rows minus 10 %", func(w *world) {
		w.fraud().card().history(7)
		w.shrink(w.run(), "feature_query", 0.9)
	}},
	{"at the limits exactly", func(w *world) {
		// rows minus 20 %, nulls plus 5 points, val_auc down by 0.02: not more than what is
		// allowed.
		w.fraud().card().history(8)
		for i, r := range w.past {
			rows, nulls, auc := 100000, 0.01, 0.905
			if i == 7 {
				rows, nulls, auc = 80000, 0.06, 0.885
			}
			for _, name := range []string{"feature_query", "validate", "transform"} {
				r.Get(name).Rows(-1, rows).Nulls("amount", nulls)
			}
			r.Get("evaluate").Metric("val_auc", auc)
		}
	}},
	{"rows minus 25 %, before there is a history", func(w *world) {
		w.fraud().card().history(4)
		w.shrink(w.run(), "feature_query", 0.75)
	}},
	{"rows minus 25 %, which the card allows", func(w *world) {
		w.fraud().card(func(c *catalog.Job) {
			for i := range c.Stages {
				c.Stages[i].MaxRowDrop = new(0.3)
			}
		}).history(7)
		w.shrink(w.run(), "feature_query", 0.75)
	}},
	{"nulls plus 4 points", func(w *world) {
		w.fraud().card().history(7)
		r := w.run()
		for _, name := range []string{"validate", "transform"} {
			r.Get(name).Nulls("amount", 0.05)
		}
	}},
	{"columns unknown, as the span lost attributes", func(w *world) {
		w.fraud().card().history(7)
		r := w.run()
		r.Get("transform").Unset(mlconv.PrefixStageNullRatio + "age").Dropped(1)
		r.Get("evaluate").Unset(mlconv.PrefixStageMetric + "val_auc").Dropped(1)
	}},
	{"val_auc falls slowly", func(w *world) {
		w.fraud().card()
		for _, v := range []float64{0.905, 0.89, 0.875, 0.86} {
			w.run().Get("evaluate").Metric("val_auc", v)
		}
	}},
	{"a training of three days that says that it lives", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Heartbeat = 30 * time.Minute }))
		w.threeDays(72*time.Hour, 72*time.Hour, true)
		w.lasting(74)
	}},
}
