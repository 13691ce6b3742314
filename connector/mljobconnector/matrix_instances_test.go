// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

var instances = []scenario{
	{"500 mapped tasks, 3 fail", func(w *world) {
		w.mapping(500, 0)
		w.mapped(w.hours(0.1), 500)
		r, tasks := w.mapped(w.hours(1.1), 500)
		var deep []*jobtest.Span
		for _, i := range []int{17, 203, 404} {
			deep = append(deep, r.Raise(tasks[i], "HTTPError", "429 Too Many Requests"))
		}
		r.Remove("merge")
		r.Fails(5*time.Minute, "3 of 500 tasks failed")
		next, _ := w.mapped(w.hours(2.1), 500)
		w.failed(r, "score", nil).shows(deep...).saying("3", "500").noting("instances", "17", "203", "404").endsWith(next)
	}},
	{"500 mapped tasks, 3 fail, the run goes on", func(w *world) {
		w.mapping(500, 0)
		r, tasks := w.mapped(w.hours(0.1), 500)
		for _, i := range []int{17, 203, 404} {
			r.Raise(tasks[i], "HTTPError", "429 Too Many Requests")
		}
		next, _ := w.mapped(w.hours(1.1), 500)
		w.expect("StageFailed", "score").decided(r).saying("3", "500").noting("instances", "17", "203", "404").endsWith(next)
	}},
	{"500 mapped tasks, 3 fail, 5 may", func(w *world) {
		w.mapping(500, 5)
		for i := range 6 {
			r, tasks := w.mapped(w.hours(float64(i)+0.1), 500)
			if i == 5 {
				for _, i := range []int{17, 203, 404} {
					r.Raise(tasks[i], "HTTPError", "429 Too Many Requests")
				}
			}
		}
	}},
	{"500 mapped tasks, 4 fail and 2 are absent, 5 may", func(w *world) {
		w.mapping(500, 5)
		r, tasks := w.mapped(w.hours(0.1), 500, 44, 45)
		for _, i := range []int{17, 203, 404, 405} {
			r.Raise(tasks[i], "HTTPError", "429 Too Many Requests")
		}
		next, _ := w.mapped(w.hours(1.1), 500)
		w.expect("StageFailed", "score").fires(r.Root.Arrives(), r.Root.Arrives().Add(absence)).saying("500").noting("instances", "17", "203", "404", "405", "44", "45").endsWith(next)
	}},
	{"64 ranks, one silent", func(w *world) {
		w.job = jobtest.Job{Name: "pretrain", Process: jobtest.NewProcess("torchrun").In("production")}
		w.ranks(0)
		r := w.ranks(1, 17)
		w.expect("StageFailed", "train").missed(r).saying("64").noting("instances", "17").endsWith(w.ranks(2))
	}},
	{"64 ranks, one a minute late", func(w *world) {
		w.job = jobtest.Job{Name: "pretrain", Process: jobtest.NewProcess("torchrun").In("production")}
		w.ranks(0)
		r := w.ranks(1)
		r.Get("train").At(r.Root.Arrives().Add(time.Minute))
	}},
	{"64 ranks, one retried", func(w *world) {
		w.job = jobtest.Job{Name: "pretrain", Process: jobtest.NewProcess("torchrun").In("production")}
		r := w.ranks(0, 17)
		p := r.Also(jobtest.NewProcess("rank"))
		r.Raise(r.StageOn(p, "train", time.Minute, 5*time.Minute).Instance("17", 64).Attempt(1, false), "NCCLError", "unhandled system error")
		r.StageOn(p, "train", 5*time.Minute, 19*time.Minute).Instance("17", 64).Attempt(2, true)
	}},
	{"instances that come over hours", func(w *world) {
		w.job = jobtest.Job{Name: "embed", Process: jobtest.NewProcess("embed").In("production")}
		for i := range 2 {
			at := w.hours(float64(i)*8 + 0.1)
			r := w.Run(w.job, fmt.Sprintf("r%d", i), at.Format(time.DateOnly), at)
			for j := range 20 {
				begin := time.Duration(j) * 15 * time.Minute
				r.StageOn(r.Also(jobtest.NewProcess("embed-worker")), "embed", begin, begin+14*time.Minute).Instance(fmt.Sprint(j), 20).Rows(1000, 1000)
			}
			r.Stage("index", 5*time.Hour, 5*time.Hour+time.Minute).Rows(20000, 20000)
			r.Close(5*time.Hour + 2*time.Minute)
		}
		w.lasting(15)
		w.counted = map[string]map[string]int{"embed": {"success": 2}}
	}},
}

// mapping is a job with mapped tasks and a card.
func (w *world) mapping(n, failed int) {
	w.job = jobtest.Job{Name: "recsys_daily", Process: jobtest.NewProcess("recsys").In("production")}
	w.cards = append(w.cards, &catalog.Job{Name: w.job.Name, Timezone: time.UTC, Stages: []catalog.Stage{
		{Name: "plan"}, {Name: "score", After: []string{"plan"}, Instances: n, MaxFailed: failed}, {Name: "merge", After: []string{"score"}},
	}})
}

// ranks is a distributed training in 64 processes, of which some send nothing.
func (w *world) ranks(i int, silent ...int) *jobtest.Run {
	at := w.hours(float64(i) + 0.1)
	r := w.Run(w.job, fmt.Sprintf("r%d", i), at.Truncate(time.Hour).Format(time.RFC3339), at)
	r.Stage("prepare", 0, time.Minute)
	for rank := range 64 {
		if !slices.Contains(silent, rank) {
			p := r.Also(jobtest.NewProcess("rank").Host(fmt.Sprintf("node-%d", rank/8), time.Duration(rank/8)*300*time.Millisecond))
			r.StageOn(p, "train", time.Minute, 20*time.Minute+time.Duration(w.Rand.IntN(3000))*time.Millisecond).Instance(fmt.Sprint(rank), 64)
		}
	}
	r.Stage("publish", 21*time.Minute, 22*time.Minute)
	r.Close(22*time.Minute + time.Second)
	return r
}
