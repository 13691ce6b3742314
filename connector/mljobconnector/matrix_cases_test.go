// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const oom, memory3 = "OutOfMemoryError", "CUDA out of memory at 3 GB"

// scenarios are in groups: good runs, failures, what is absent, what is late, what is bad though it
// succeeded, instances, identity and order, schedules and silence, restarts.
var scenarios = slices.Concat(healthy, failures(), absent, overdue, bad, instances, order, schedules, restarts)

// failed expects the alert of a run that a stage broke, with its evidence.
func (w *world) failed(r *jobtest.Run, stage string, deep *jobtest.Span) *want {
	return w.expect("JobFailed", stage).decided(r).shows(deep).noting("run_id", fmt.Sprint(r.ID))
}

// retried lets a stage fail in the first third of its time and be good at the second attempt; it
// returns both attempts.
func (w *world) retried(r *jobtest.Run, stage string) (first, second *jobtest.Span) {
	second = r.Get(stage).Attempt(2, true)
	begin := second.Start.Sub(r.Start)
	third := second.End.Sub(second.Start) / 3
	second.Start = second.Start.Add(third + third/4)
	first = r.Stage(stage, begin, begin+third).Attempt(1, false)
	r.Raise(first, "OperationalError", "connection reset by peer")
	return first, second
}

// scramble delivers the root first and then the others, the last one first, within a time.
func scramble(r *jobtest.Run, within time.Duration) {
	all := r.All()
	at := r.Root.Arrives()
	slices.Reverse(all)
	step := within / time.Duration(len(all))
	for i, sp := range all {
		if sp != r.Root {
			sp.At(at.Add(time.Duration(i+1) * step))
		}
	}
}

func processes(r *jobtest.Run) []*jobtest.Process {
	var all []*jobtest.Process
	for _, sp := range r.All() {
		if !slices.Contains(all, sp.Process) {
			all = append(all, sp.Process)
		}
	}
	return all
}

// airflow takes the run id from two tasks; a span below, of a client that knows it, has it.
func (w *world) airflow(r *jobtest.Run) *jobtest.Run {
	for _, name := range []string{"transform", "publish"} {
		sp := r.Get(name).Unset(mlconv.AttrPipelineRunID).Unset(mlconv.AttrJobLogicalDate)
		sp.Child("spark-submit", 0.1, 0.8).Set(mlconv.AttrPipelineName, r.Name).Set(mlconv.AttrPipelineRunID, r.ID)
	}
	r.Root.Late(3 * time.Second)
	return r
}

// rootOnly takes the run id from all but the root.
func (w *world) rootOnly(r *jobtest.Run) *jobtest.Run {
	for _, sp := range r.Stages {
		sp.Unset(mlconv.AttrPipelineRunID).Unset(mlconv.AttrJobLogicalDate)
	}
	r.Root.Late(3 * time.Second)
	return r
}

// branches adds an optional stage that runs or leaves no span, and one that is skipped.
func (w *world) branches(r *jobtest.Run, explain bool) *jobtest.Run {
	if explain {
		r.Stage("explain", 28*time.Minute, 29*time.Minute)
	}
	r.Skip("export", 30*time.Minute, "")
	return r
}

// shrink scales the rows from a stage on.
func (w *world) shrink(r *jobtest.Run, from string, by float64) *jobtest.Run {
	in := 1.0
	for _, sp := range r.Stages {
		if sp.Name == from {
			sp.Scale(1, by)
			in = by
			continue
		}
		sp.Scale(in, in)
	}
	return r
}

// shards is a job with three stages side by side.
func (w *world) shards() {
	w.job = jobtest.Job{Name: "recsys_daily", Process: jobtest.NewProcess("recsys").In("production")}
}

func (w *world) sharded(at time.Time) *jobtest.Run {
	r := w.Run(w.job, "r"+at.Format("02T15"), at.Truncate(time.Hour).Format(time.RFC3339), at)
	r.Stage("plan", 0, time.Minute).Rows(-1, 3000)
	for i, name := range []string{"shard_a", "shard_b", "shard_c"} {
		begin := time.Minute + time.Duration((i*2)%3)*10*time.Second
		r.StageOn(r.Also(jobtest.NewProcess("shard")), name, begin, 7*time.Minute+time.Duration(w.Rand.IntN(60))*time.Second).Rows(1000, 1000)
	}
	r.Stage("merge", 8*time.Minute, 9*time.Minute).Rows(3000, 3000)
	r.Close(9*time.Minute + time.Second)
	return r
}

// threeDays trains for days, with an epoch or a marker every ten minutes until some time, after
// which there is silence for ever.
func (w *world) threeDays(signs, takes time.Duration, markers bool) *jobtest.Run {
	r := w.Run(w.job, "long", "2000-01-01T01:00:00Z", w.hours(0.1))
	begin := time.Duration(0)
	for _, name := range stages {
		d := time.Minute
		if name == "train" {
			d = takes
		}
		sp := r.Stage(name, begin, begin+d).Metric("val_auc", 0.9)
		if name == "train" {
			for at := time.Duration(0); at < signs; at += 10 * time.Minute {
				if markers {
					r.Marker("train", "executing", begin+at)
					continue
				}
				sp.Child("epoch", float64(at)/float64(takes), float64(at+10*time.Minute-time.Second)/float64(takes))
			}
		}
		begin += d
	}
	r.Close(begin + time.Second)
	return r
}

// lastSign is when the last span of a run arrives, its root aside.
func (w *world) lastSign(r *jobtest.Run) (last time.Time) {
	for _, sp := range r.All() {
		if sp != r.Root {
			last = latest(last, sp.Arrives())
		}
	}
	return last
}
