// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// failures are of stages and jobs.
func failures() []scenario {
	list := []scenario{}
	for _, name := range stages {
		list = append(list, scenario{"job fails at " + name, func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			deep := r.Breaks(name, oom, memory3)
			w.failed(r, name, deep).saying(oom, memory3).noting("exception_type", oom).noting("exception_message", memory3).endsWith(w.run())
			w.counted = map[string]map[string]int{"fraud_training": {"success": 3, "failure": 1}}
		}})
	}
	return append(list, []scenario{
		{"failure without a card or a history", func(w *world) {
			w.fraud()
			r := w.run()
			w.failed(r, "transform", r.Breaks("transform", "KeyError", "'merchant_id'")).endsWith(w.run())
		}},
		{"all tries fail", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			r.Get("feature_query").Attempt(3, true).Start = r.Start.Add(3 * time.Minute)
			for i := range 2 {
				attempt := r.Stage("feature_query", time.Duration(i)*time.Minute, time.Duration(i)*time.Minute+50*time.Second).Attempt(i+1, false)
				r.Raise(attempt, "OperationalError", "connection refused")
			}
			r.Stages = append(r.Stages[1:], r.Stages[0]) // the third attempt is the last one
			deep := r.Breaks("feature_query", "OperationalError", "connection refused")
			w.failed(r, "feature_query", deep).noting("attempt", "3").endsWith(w.run())
		}},
		{"retries that are to be warned of", func(w *world) {
			w.fraud().card().history(2)
			w.config["warn_on_retries"] = true
			r := w.run()
			_, good := w.retried(r, "feature_query")
			w.expect("StageRetried", "feature_query").warning().noticed(good, r).endsWith(w.run())
		}},
		{"failure, out of order and twice", func(w *world) {
			w.fraud().card().history(3)
			w.Singly = true
			r := w.run()
			deep := r.Breaks("train", oom, memory3)
			scramble(r, 8*time.Second)
			for _, sp := range r.All() {
				sp.Again(3*time.Second, 4*time.Minute, 40*time.Minute)
			}
			w.failed(r, "train", deep).endsWith(w.run())
			w.counted = map[string]map[string]int{"fraud_training": {"success": 4, "failure": 1}}
		}},
		{"evidence in another service, without a job on it", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			call := r.Breaks("feature_query", "TimeoutException", "the warehouse did not answer")
			database := jobtest.NewProcess("warehouse").In("production")
			deep := call.ChildOf(database, "execute", 0.1, 0.9).Raise("DiskFull", "could not extend file base/16384/2601: No space left on device")
			w.failed(r, "feature_query", deep).noting("exception_type", "DiskFull").endsWith(w.run())
		}},
		{"evidence that comes a minute late", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			call := r.Breaks("feature_query", "TimeoutException", "the warehouse did not answer")
			deep := call.ChildOf(jobtest.NewProcess("warehouse"), "execute", 0.1, 0.9).Raise("DiskFull", "No space left on device").Late(70 * time.Second)
			w.failed(r, "feature_query", deep).endsWith(w.run())
		}},
		{"another stage recovered before, and an exception was caught in the one that fails", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			w.retried(r, "feature_query")
			r.Get("train").Child("checkpoint", 0.1, 0.15).Raise("IOError", "will try again")
			w.failed(r, "train", r.Breaks("train", oom, memory3)).endsWith(w.run())
		}},
		{"a timeout", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			deep := r.Breaks("publish", "DeadlineExceeded", "no answer within 30 s")
			r.Get("publish").Result("timeout")
			r.Root.Set(mlconv.AttrPipelineResult, "timeout")
			w.failed(r, "publish", deep).endsWith(w.run())
		}},
		{"two runs in one trace", func(w *world) {
			// A driver runs two days after one another; calls below the stages name no run.
			w.ordered = true
			w.fraud()
			w.job.OnSpans = true
			w.history(2)
			good := w.run()
			r := w.runAt(good.Start.Add(32 * time.Minute))
			for _, sp := range r.All() {
				if sp == r.Root || slices.Contains(r.Stages, sp) {
					sp.Set(mlconv.AttrPipelineRunID, "second").Set(mlconv.AttrJobLogicalDate, "2000-01-01T03:30:00Z")
				}
			}
			r.ID = "second"
			r.TraceOf(r.Root.Trace, good.Root.Trace)
			w.failed(r, "transform", r.Breaks("transform", "KeyError", "'merchant_id'")).endsWith(w.run())
		}},
		{"upstream_failed", func(w *world) {
			w.fraud().card().history(3)
			r := w.run()
			deep := r.Breaks("transform", "AnalysisException", "cannot resolve column merchant_id")
			for _, name := range []string{"train", "evaluate", "publish"} {
				r.Skip(name, 8*time.Minute+time.Second, "upstream_failed").Error("upstream_failed")
			}
			r.Fails(8*time.Minute+2*time.Second, "3 tasks did not run")
			w.failed(r, "transform", deep).endsWith(w.run())
		}},
		{"one of parallel stages fails, the others are cancelled", func(w *world) {
			w.shards()
			for i := range 3 {
				w.sharded(w.hours(float64(i) + 0.1))
			}
			r := w.sharded(w.hours(3.1))
			deep := r.Raise(r.Get("shard_b"), oom, memory3)
			for _, name := range []string{"shard_a", "shard_c"} {
				sp := r.Get(name).Result("cancellation").Raise("CancelledError", "the run is cancelled")
				sp.End = r.Get("shard_b").End.Add(-500 * time.Millisecond) // the clock of another host
			}
			r.Remove("merge")
			r.Fails(8*time.Minute, "a shard failed")
			w.failed(r, "shard_b", deep).endsWith(w.sharded(w.hours(4.1)))
		}},
		{"a branch fails, another goes on for long", func(w *world) {
			// The run is decided when nothing more comes, or when the root does: one alert.
			w.fraud()
			r := w.run()
			deep := r.Raise(r.Get("validate"), "DataError", "amount is negative in 3 rows")
			r.Fails(lasts, "validate failed")
			w.expect("JobFailed", "validate").fires(r.Get("validate").Arrives(), r.Root.Arrives().Add(decision)).shows(deep).endsWith(w.run())
		}},
		{"explicit success of the root", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			deep := r.Raise(r.Get("evaluate"), "DataError", "amount is negative in 3 rows")
			w.expect("StageFailed", "evaluate").decided(r).shows(deep).saying("amount is negative in 3 rows").endsWith(w.run())
		}},
		{"status OK of the root", func(w *world) {
			w.fraud().card()
			w.job.Statuses = true
			w.history(2)
			r := w.run()
			r.Root.OK()
			deep := r.Raise(r.Get("publish"), "HTTPError", "503 Service Unavailable")
			w.expect("StageFailed", "publish").decided(r).shows(deep).endsWith(w.run())
		}},
		{"status only", func(w *world) {
			w.fraud().card()
			w.job.Statuses = true
			w.history(2)
			r := w.run()
			w.failed(r, "train", r.Breaks("train", oom, memory3)).endsWith(w.run())
		}},
		{"status only, and no status but an exception", func(w *world) {
			w.fraud().card()
			w.job.Statuses = true
			w.history(2)
			r := w.run()
			sp := r.Get("publish").Exception("HTTPError", "503 Service Unavailable")
			w.failed(r, "publish", sp).endsWith(w.run())
		}},
		{"the root fails alone", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			r.Fails(lasts, "cannot write to the registry")
			w.failed(r, "", r.Root).saying("cannot write to the registry").endsWith(w.run())
		}},
		{"the root fails alone, late", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			r.Fails(lasts, "cannot write to the registry").Late(20 * time.Minute)
			w.failed(r, "", r.Root).endsWith(w.run())
		}},
		{"cancelled", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			r.Breaks("train", "CancelledError", "cancelled by alice")
			r.Get("train").Result("cancellation")
			r.Root.Set(mlconv.AttrPipelineResult, "cancellation")
			w.expect("JobCancelled", anyStage).warning().decided(r).endsWith(w.run())
		}},
		{"every task its own trace, and one fails", func(w *world) {
			w.fraud().card()
			w.job.OnSpans, w.job.Apart = true, true
			for range 3 {
				w.airflow(w.run())
			}
			r := w.airflow(w.run())
			deep := r.Breaks("transform", "SparkException", "Job aborted due to stage failure")
			w.failed(r, "transform", deep).endsWith(w.airflow(w.run()))
			w.counted = map[string]map[string]int{"fraud_training": {"success": 4, "failure": 1}}
		}},
		{"the run id on the root only, and a stage fails", func(w *world) {
			w.fraud()
			w.job.OnSpans = true
			w.rootOnly(w.run())
			r := w.run()
			deep := r.Breaks("evaluate", "ValueError", "y_true has one class only")
			w.failed(w.rootOnly(r), "evaluate", deep).endsWith(w.rootOnly(w.run()))
		}},
		{"the process dies after a failed stage", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			deep := r.Breaks("evaluate", "AssertionError", "val_auc is 0.61")
			r.Root.Lose()
			last := r.Get("evaluate").Arrives()
			w.expect("JobFailed", "evaluate").fires(last, last.Add(absence)).shows(deep).endsWith(w.run())
			w.lasting(6)
			w.counted = map[string]map[string]int{"fraud_training": {"success": 3, "failure": 1}}
		}},
		{"the process dies after a failed stage, the root comes late", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			deep := r.Breaks("evaluate", "AssertionError", "val_auc is 0.61")
			last := r.Get("evaluate").Arrives()
			r.Root.Late(15 * time.Minute)
			w.expect("JobFailed", "evaluate").fires(last, last.Add(absence)).shows(deep).endsWith(w.run())
			w.counted = map[string]map[string]int{"fraud_training": {"success": 3, "failure": 1}}
		}},
		{"a failure is over with a good run that has no root", func(w *world) {
			w.fraud().card().history(2)
			r := w.run()
			x := w.failed(r, "train", r.Breaks("train", oom, memory3))
			next := w.run()
			next.Root.Lose()
			end := next.Get("publish").Arrives()
			x.ends(end, end.Add(decision))
		}},
		{"no root at all, without a card, and a stage fails", func(w *world) {
			w.fraud()
			for range 8 {
				w.run().Root.Lose()
			}
			r := w.run()
			deep := r.Breaks("train", oom, memory3)
			r.Root.Lose()
			last := r.Get("train").Arrives()
			x := w.expect("JobFailed", "train").fires(last, last.Add(absence)).shows(deep)
			next := w.run()
			next.Root.Lose()
			end := next.Get("publish").Arrives()
			x.ends(end, end.Add(decision))
			w.lasting(11)
		}},
		{"bad rows and then a failure: one alert", func(w *world) {
			w.fraud().card().history(7)
			r := w.shrink(w.run(), "feature_query", 0.6)
			deep := r.Breaks("train", "ValueError", "too few positives")
			w.expect("StageRows", "feature_query").fires(r.Get("feature_query").Arrives(), r.Get("transform").Arrives().Add(decision)).endsWith(r)
			w.failed(r, "train", deep).endsWith(w.run())
		}},
		{"a stage fails for another one, clocks disagree", func(w *world) {
			w.fraud().card().history(3)
			w.skew = -25 * time.Minute
			w.twoFail()
		}},
		{"a stage fails for another one, clocks disagree, without a card", func(w *world) {
			w.fraud().history(7)
			w.skew = -25 * time.Minute
			w.twoFail()
		}},
		{"a job that another one starts in its trace fails, which that one takes", func(w *world) {
			w.fraud().card().history(2)
			outer := w.run()
			inner := nightly("warehouse_refresh")
			child := func(r *jobtest.Run) *jobtest.Run {
				run := w.night(inner, r.Start.Add(time.Minute), r.Date, 2*time.Minute)
				run.Root.Parent, run.Root.Remote = r.Get("feature_query").ID, true
				run.TraceOf(run.Root.Trace, r.Root.Trace)
				return run
			}
			broken := child(outer)
			deep := broken.Breaks("score", "LockTimeout", "table payments is locked")
			w.failed(broken, "score", deep).of(inner).endsWith(child(w.run()))
			w.counted = map[string]map[string]int{"fraud_training": {"success": 4}, "warehouse_refresh": {"success": 1, "failure": 1}}
		}},
		{"an optional stage fails", func(w *world) {
			w.fraud().card(stage("explain", func(s *catalog.Stage) { s.Optional = true }))
			w.branches(w.run(), true)
			r := w.branches(w.run(), true)
			deep := r.Raise(r.Get("explain"), oom, memory3)
			w.expect("StageFailed", "explain").warning().decided(r).shows(deep).endsWith(w.branches(w.run(), true))
		}},
		{"numbers as strings", func(w *world) {
			w.fraud().card().history(1)
			texts := func(r *jobtest.Run) {
				for _, sp := range r.Stages {
					for key, value := range sp.Attributes {
						switch value.(type) {
						case int, float64:
							sp.Set(key, fmt.Sprint(value))
						}
					}
				}
			}
			r := w.run()
			r.Get("evaluate").Metric("val_auc", 0.78)
			w.retried(r, "feature_query")
			texts(r)
			w.expect("StageMetric", "evaluate").noticed(r.Get("evaluate"), r).saying("val_auc", "0.78", "0.8").endsWith(w.run())
		}},
	}...)
}

// twoFail is a run in which validate fails and train does so later, because of it, on a host whose
// clock is far behind.
func (w *world) twoFail() {
	r := w.run()
	deep := r.Raise(r.Get("validate"), "DataError", "amount is negative in 3 rows")
	r.Breaks("train", "ValueError", "loss is negative")
	w.failed(r, "validate", deep).fires(r.Get("validate").Arrives(), r.Root.Arrives().Add(decision)).endsWith(w.run())
}
