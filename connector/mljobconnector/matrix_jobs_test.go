// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The job of most scenarios trains a fraud model once an hour, in half an hour:
//
//	feature_query 0-4m ─ validate 4-5m ─ transform 5-8m ─ train 8-28m (an epoch every 4m) ─ evaluate 28-30m ─ publish 30-30m30s
var (
	stages = []string{"feature_query", "validate", "transform", "train", "evaluate", "publish"}
	ends   = map[string]time.Duration{
		"feature_query": 4 * time.Minute, "validate": 5 * time.Minute, "transform": 8 * time.Minute,
		"train": 28 * time.Minute, "evaluate": 30 * time.Minute, "publish": 30*time.Minute + 30*time.Second,
	}
)

const lasts = 30*time.Minute + 40*time.Second

// fraud sets the scenario's job.
func (w *world) fraud() *world {
	w.job = jobtest.Job{Name: "fraud_training", Process: jobtest.NewProcess("training-job").In("production")}
	return w
}

// card adds the card of the job, changed.
func (w *world) card(change ...func(*catalog.Job)) *world {
	c := &catalog.Job{
		Name: w.job.Name, Owner: "fraud-ml@example.com", Timezone: time.UTC,
		Alerts: catalog.Alerts{Severity: "critical", Runbook: "https://example.com/runbooks/" + w.job.Name},
	}
	for i, name := range stages {
		s := catalog.Stage{Name: name}
		if i > 0 {
			s.After = []string{stages[i-1]}
		}
		if name == "evaluate" {
			s.Metrics = map[string]catalog.StageMetric{"val_auc": {Min: new(0.8), MaxDrop: new(0.02)}}
		}
		c.Stages = append(c.Stages, s)
	}
	for _, f := range change {
		f(c)
	}
	w.cards = append(w.cards, c)
	return w
}

// stage changes a stage of a card.
func stage(name string, change func(*catalog.Stage)) func(*catalog.Job) {
	return func(c *catalog.Job) {
		for i := range c.Stages {
			if c.Stages[i].Name == name {
				change(&c.Stages[i])
				return
			}
		}
		s := catalog.Stage{Name: name}
		change(&s)
		c.Stages = append(c.Stages, s)
	}
}

// run adds the next good run, an hour after the one before.
func (w *world) run() *jobtest.Run {
	at := w.begin.Add(5*time.Minute + time.Duration(w.runs)*time.Hour)
	w.runs++
	return w.runAt(at.Add(time.Duration(w.Rand.IntN(20000)) * time.Millisecond))
}

// history adds good runs.
func (w *world) history(n int) *world {
	for range n {
		w.run()
	}
	return w
}

// runAt adds a good run for the hour.
func (w *world) runAt(at time.Time) *jobtest.Run {
	return w.train(w.job, at, at.Truncate(time.Hour).Format(time.RFC3339))
}

// train adds a good run of a job like the fraud training.
func (w *world) train(job jobtest.Job, at time.Time, date string) *jobtest.Run {
	r := w.Run(job, "scheduled__"+at.Format("2006-01-02T15:04:05"), date, at)
	gpu := r.Process
	if w.skew != 0 {
		gpu = r.Also(job.Process.Host("gpu-1", w.skew))
	}
	begin := time.Duration(0)
	rows := int(w.Vary(120000, 0.01))
	for _, name := range stages {
		p := r.Process
		if name == "train" || name == "evaluate" {
			p = gpu
		}
		end := ends[name] + time.Duration(w.Rand.IntN(2000))*time.Millisecond
		sp := r.StageOn(p, name, begin, end)
		begin = end
		switch name {
		case "feature_query":
			sp.Child("SELECT payments", 0.1, 0.9).Set("db.system.name", "postgresql").Set("db.query.text", "SELECT * FROM payments")
			sp.Rows(-1, rows)
			w.columns(sp)
		case "validate":
			sp.Rows(rows, rows*99/100)
			rows = rows * 99 / 100
			w.columns(sp)
		case "transform":
			sp.Rows(rows, rows*98/100)
			rows = rows * 98 / 100
			w.columns(sp)
		case "train":
			sp.Rows(rows, -1)
			for i := range 5 {
				sp.Child("epoch", float64(i)/5, float64(i+1)/5).Set("epoch", i)
			}
			sp.Metric("loss", w.Vary(0.31, 0.03))
		case "evaluate":
			sp.Metric("val_auc", 0.905)
		}
	}
	r.Close(lasts)
	w.past = append(w.past, r)
	return r
}

func (w *world) columns(sp *jobtest.Span) {
	for _, c := range []struct {
		name  string
		ratio float64
	}{{"age", 0.03}, {"amount", 0.01}, {"country", 0.002}} {
		sp.Nulls(c.name, w.Vary(c.ratio, 0.1))
	}
}

// median is the median of what the last seven runs before a run wrote at a stage.
func (w *world) median(before *jobtest.Run, stage string) int {
	var rows []int
	for _, r := range w.past[:slices.Index(w.past, before)] {
		rows = append(rows, r.Get(stage).Attributes[mlconv.AttrStageRowsOut].(int))
	}
	rows = rows[max(0, len(rows)-7):]
	slices.Sort(rows)
	return rows[len(rows)/2]
}

func out(sp *jobtest.Span) string { return strconv.Itoa(sp.Attributes[mlconv.AttrStageRowsOut].(int)) }

// chatter is the traffic of a service that has nothing to do with jobs, once a minute; so the
// stream is never silent.
func (w *world) chatter(from, to time.Time) *world {
	shop := jobtest.NewProcess("checkout").In("production")
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		w.Span(shop, nil, "GET /cart", at.Add(-80*time.Millisecond), at).Set("http.response.status_code", 200)
	}
	return w
}

// hours are from the start of the collector.
func (w *world) hours(h float64) time.Time { return w.begin.Add(time.Duration(h * float64(time.Hour))) }

// lasting chatters for hours, and lets the scenario last as long.
func (w *world) lasting(h float64) *world {
	w.until = w.hours(h)
	return w.chatter(w.begin.Add(30*time.Second), w.until)
}

// nightly is a short job with a schedule, of a service of its own.
func nightly(name string) jobtest.Job {
	return jobtest.Job{Name: name, Process: jobtest.NewProcess(name + "-worker").In("production")}
}

// scheduled adds the card of a job with a schedule in Berlin.
func (w *world) scheduled(name string, change func(*catalog.Job)) {
	c := &catalog.Job{
		Name: name, Owner: "ml@example.com", Timezone: berlin,
		Alerts: catalog.Alerts{Severity: "critical", Runbook: "https://example.com/runbooks/" + name},
		Stages: []catalog.Stage{{Name: "extract"}, {Name: "score", After: []string{"extract"}}, {Name: "load", After: []string{"score"}}},
	}
	change(c)
	w.cards = append(w.cards, c)
}

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// night adds a good run of a nightly job that takes a time.
func (w *world) night(job jobtest.Job, at time.Time, date string, takes time.Duration) *jobtest.Run {
	r := w.Run(job, "scheduled__"+date, date, at)
	rows := int(w.Vary(50000, 0.01))
	r.Stage("extract", time.Second, takes/4).Rows(-1, rows)
	r.Stage("score", takes/4, takes*3/4).Rows(rows, rows)
	r.Stage("load", takes*3/4, takes-time.Second).Rows(rows, rows)
	r.Close(takes)
	return r
}

// inBerlin is a time of day in Berlin.
func inBerlin(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, berlin)
}

// mapped adds a run of a job that scores in many mapped tasks, each a process of its own; the tasks
// of lost come with no span.
func (w *world) mapped(at time.Time, n int, lost ...int) (*jobtest.Run, []*jobtest.Span) {
	r := w.Run(w.job, "scheduled__"+at.Format("2006-01-02T15"), at.Format(time.RFC3339), at)
	r.Stage("plan", 0, time.Minute).Rows(-1, n)
	worker := r.Also(jobtest.NewProcess("score-worker").In("production"))
	var tasks []*jobtest.Span
	for i := range n {
		if slices.Contains(lost, i) {
			tasks = append(tasks, nil)
			continue
		}
		begin := time.Minute + time.Duration(i)*200*time.Millisecond
		end := begin + time.Minute + time.Duration(w.Rand.IntN(20000))*time.Millisecond
		tasks = append(tasks, r.StageOn(worker, "score", begin, end).Instance(strconv.Itoa(i), n).Rows(240, 240))
	}
	all := time.Minute + time.Duration(n)*200*time.Millisecond + 90*time.Second
	r.Stage("merge", all, all+30*time.Second).Rows(240*n, 240*n)
	r.Close(all + 31*time.Second)
	return r, tasks
}
