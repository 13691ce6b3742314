// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/test/harness"
)

const normalized = `
processors: {ml_normalize: {}}
service: {pipelines: {traces: {processors: [ml_normalize]}}}
`

// task is one try of one instance of a task. mapIndex is -1 of a task that is not mapped.
type task struct {
	id       string
	mapIndex int
	try      int
	state    string
}

// airflowRun is a run of the DAG churn_training.
type airflowRun struct {
	day   int // of April 2026
	state string
	tasks []task
}

func (r airflowRun) logicalDate() string { return fmt.Sprintf("2026-04-%02d 00:00:00+00:00", r.day) }

func (r airflowRun) id() string { return fmt.Sprintf("scheduled__2026-04-%02dT00:00:00+00:00", r.day) }

// traceID and the span ids are the same whenever the run is made, as Airflow's are.
func (r airflowRun) traceID() pcommon.TraceID { return pcommon.TraceID{1, byte(r.day)} }

func (r airflowRun) spanID(i int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(r.day)<<32|uint64(i+1))
	return id
}

// An airflow writes the spans of a run as a release of Airflow does: those of the tasks' tries that ran, and the run's own, which comes last.
// Names, types and status are those of ../shared/data/spans/transcribed.
type airflow struct {
	// run and try set the attributes, the name and the status of a span.
	run func(r airflowRun, span ptrace.Span)
	try func(r airflowRun, k task, span ptrace.Span)
	// silent are states of tasks that have no span.
	silent []string
}

var airflows = map[string]airflow{
	"2.10": {
		run: func(r airflowRun, span ptrace.Span) {
			span.SetName("churn_training")
			put(span, "category", "DAG runs", "dag_id", "churn_training", "execution_date", r.logicalDate(), "run_id", r.id(), "state", r.state,
				"run_type", "scheduled", "run_duration", "180.0", "conf", "{}")
			if r.state == "failed" {
				span.Attributes().PutBool("error", true)
			}
		},
		try: func(r airflowRun, k task, span ptrace.Span) {
			span.SetName(k.id)
			put(span, "category", "scheduler", "task_id", k.id, "dag_id", "churn_training", "state", k.state, "executor_config", "{}",
				"execution_date", r.logicalDate(), "log_url", logURL(r, k), "operator", "PythonOperator", "try_number", fmt.Sprint(k.try))
			if k.state == "failed" || k.state == "up_for_retry" {
				span.Attributes().PutBool("error", true)
			}
		},
		silent: []string{"skipped", "upstream_failed"},
	},
	"3.0": {
		run: func(r airflowRun, span ptrace.Span) {
			span.SetName("churn_training")
			put(span, "airflow.category", "DAG runs", "airflow.dag_run.dag_id", "churn_training", "airflow.dag_run.logical_date", r.logicalDate(),
				"airflow.dag_run.run_id", r.id(), "airflow.dag_run.state", r.state, "airflow.dag_run.run_type", "scheduled")
		},
		try: func(r airflowRun, k task, span ptrace.Span) {
			span.SetName(k.id)
			put(span, "airflow.category", "scheduler", "airflow.task.task_id", k.id, "airflow.task.dag_id", "churn_training", "airflow.task.state", k.state,
				"airflow.task.logical_date", r.logicalDate(), "airflow.task.log_url", logURL(r, k), "airflow.task.try_number", fmt.Sprint(k.try))
		},
		silent: []string{"skipped", "upstream_failed"},
	},
	"3.2": {
		run: func(r airflowRun, span ptrace.Span) {
			span.SetName("dag_run.churn_training")
			put(span, "airflow.dag_id", "churn_training", "airflow.dag_run.run_id", r.id(), "airflow.dag_run.logical_date", r.logicalDate())
			span.Status().SetCode(ptrace.StatusCodeOk)
			if r.state == "failed" {
				span.Status().SetCode(ptrace.StatusCodeError)
			}
		},
		try: func(r airflowRun, k task, span ptrace.Span) {
			span.SetName("task_run." + k.id)
			if k.mapIndex >= 0 {
				span.SetName(fmt.Sprintf("task_run.%s[%d]", k.id, k.mapIndex))
			}
			put(span, "airflow.dag_id", "churn_training", "airflow.task_id", k.id, "airflow.dag_run.run_id", r.id(),
				"airflow.task_instance.try_number", fmt.Sprint(k.try), "airflow.task_instance.map_index", fmt.Sprint(k.mapIndex),
				"airflow.task_instance.state", k.state, "airflow.task_instance.id", fmt.Sprintf("0196a3c1-0000-7000-8000-%04d%04d%04d", r.day, k.mapIndex+1, k.try))
			span.Status().SetCode(ptrace.StatusCodeError) // of whatever is no success, skipped and up_for_retry too
			if k.state == "success" {
				span.Status().SetCode(ptrace.StatusCodeOk)
			}
		},
		silent: []string{"upstream_failed"},
	},
}

func put(span ptrace.Span, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		span.Attributes().PutStr(pairs[i], pairs[i+1])
	}
}

func logURL(r airflowRun, k task) string {
	mapped := ""
	if k.mapIndex >= 0 {
		mapped = fmt.Sprintf("&map_index=%d", k.mapIndex)
	}
	return "http://airflow:8080/dags/churn_training/grid?dag_run_id=" + url.QueryEscape(r.id()) + "&task_id=" + k.id + mapped + "&tab=logs"
}

// requests are the spans of a run, first those of the tasks.
func (a airflow) requests(r airflowRun, start time.Time) []ptrace.Traces {
	all := make([]ptrace.Traces, 2)
	spans := make([]ptrace.SpanSlice, 2)
	for i := range all {
		all[i] = ptrace.NewTraces()
		rs := all[i].ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "Airflow")
		spans[i] = rs.ScopeSpans().AppendEmpty().Spans()
	}
	at := start.Add(100 * time.Millisecond)
	for i, k := range r.tasks {
		if slices.Contains(a.silent, k.state) {
			continue
		}
		span := spans[0].AppendEmpty()
		span.SetTraceID(r.traceID())
		span.SetSpanID(r.spanID(i))
		span.SetParentSpanID(r.spanID(-1))
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		at = at.Add(10 * time.Millisecond)
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
		a.try(r, k, span)
	}
	root := spans[1].AppendEmpty()
	root.SetTraceID(r.traceID())
	root.SetSpanID(r.spanID(-1))
	root.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	root.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(5 * time.Millisecond)))
	a.run(r, root)
	return all
}

// good is a run in which a task was tried twice and a branch was not taken.
func good(day int) airflowRun {
	r := airflowRun{day: day, state: "success", tasks: []task{
		{"extract", -1, 1, "success"}, {"build_features", -1, 1, "up_for_retry"}, {"build_features", -1, 2, "success"},
	}}
	for i := range 4 {
		r.tasks = append(r.tasks, task{"score_shard", i, 1, "success"})
	}
	r.tasks = append(r.tasks, task{"maybe_calibrate", -1, 1, "skipped"}, task{"train_model", -1, 1, "success"})
	return r
}

// failed is a run in which the third shard failed for good, so that what comes after it never ran.
func failed(day int) airflowRun {
	r := good(day)
	r.state = "failed"
	for i := range r.tasks {
		switch k := &r.tasks[i]; {
		case k.id == "score_shard" && k.mapIndex == 2:
			k.state, k.try = "failed", 2
		case k.id == "train_model":
			k.state = "upstream_failed"
		}
	}
	return r
}

const airflowCard = `kind: job
name: churn_training
owner: churn@example.com
stages:
  - {name: extract}
  - {name: build_features, after: [extract]}
  - {name: score_shard, after: [build_features], instances: 4}
  - {name: maybe_calibrate, after: [score_shard], optional: true}
  - {name: train_model, after: [score_shard]}
`

// A failed run, as three generations of Airflow emit it, is one alert that names the task, the instance and the span; retries and skipped tasks
// are none, and the next good run ends it.
func TestFailedAirflowRunIsOneAlert(t *testing.T) {
	for version, a := range airflows {
		for _, card := range []string{"", airflowCard} {
			name := version + ", no card"
			if card != "" {
				name = version + ", with a card"
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				catalog, out, otlp := filepath.Join(dir, "catalog"), filepath.Join(dir, "alerts.json"), harness.FreeAddr(t)
				require.NoError(t, os.Mkdir(catalog, 0o700))
				if card != "" {
					require.NoError(t, os.WriteFile(filepath.Join(catalog, "churn_training.yaml"), []byte(card), 0o600))
				}
				c := harness.StartCollector(t, harness.Options{Configs: []string{jobToFile, normalized}, Env: []string{
					"OTLP=" + otlp, "CATALOG=" + catalog, "STORAGE=" + filepath.Join(dir, "storage"), "OUT=" + out, "METRICS=" + filepath.Join(dir, "metrics.json"),
				}})
				client := dial(t, otlp)
				runs := func(n int, result string) func() bool {
					return func() bool {
						all := points(t, filepath.Join(dir, "metrics.json"))["ml.job.run.count{cicd.pipeline.name=churn_training,cicd.pipeline.result="+result+"}"]
						return len(all) > 0 && all[len(all)-1].value == float64(n)
					}
				}
				for day := 1; day <= 3; day++ {
					client.send(a.requests(good(day), time.Now().Add(-time.Second))...)
				}
				harness.WaitFor(t, 20*time.Second, "three good runs", runs(3, "success"))
				require.Empty(t, episodesOf(t, out))

				bad := failed(4)
				client.send(a.requests(bad, time.Now().Add(-time.Second))...)
				harness.WaitFor(t, 20*time.Second, "the failed run", runs(1, "failure"))
				harness.WaitFor(t, 20*time.Second, "the alert", func() bool { return len(episodesOf(t, out)) > 0 })
				client.send(a.requests(good(5), time.Now().Add(-time.Second))...)
				harness.WaitFor(t, 20*time.Second, "the end of the alert", func() bool {
					list := episodesOf(t, out)["score_shard"]
					return len(list) == 1 && list[0].State == alert.Resolved
				})
				harness.WaitFor(t, 20*time.Second, "four good runs", runs(4, "success"))
				c.Stop()

				all := episodesOf(t, out)
				require.Len(t, all, 1, "one alert, for one stage: %v", all)
				list := all["score_shard"]
				require.Len(t, list, 1)
				got := list[0]
				assert.Equal(t, "JobFailed", got.Name)
				assert.Equal(t, "churn_training", got.Labels["job"])
				assert.Equal(t, bad.id(), got.Annotations["run_id"])
				assert.Equal(t, bad.logicalDate(), got.Annotations["logical_date"])
				assert.Equal(t, "2", got.Annotations["attempt"])
				assert.Equal(t, "1 of 4 instances failed: 2", got.Annotations["instances"])
				assert.Contains(t, got.Summary, "churn_training failed at score_shard")
				assert.Equal(t, bad.traceID(), got.TraceID)
				assert.Equal(t, bad.spanID(5), got.SpanID, "the span of the shard that failed")
				if card != "" {
					assert.Equal(t, "churn@example.com", got.Annotations["owner"])
				}
			})
		}
	}
}
