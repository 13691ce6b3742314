// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// dagRun is a run of a DAG as the scheduler of Airflow knows it.
type dagRun struct {
	dag    string
	day    int // of April 2026
	failed bool
	tasks  []taskTry
	// cleared is how often the run was cleared before, which makes it go on.
	cleared int
	start   time.Time
}

// taskTry is one try of one instance of a task; mapIndex is -1 where the task is not mapped.
type taskTry struct {
	id         string
	mapIndex   int
	try        int
	state      string
	start, end time.Time
}

func (r *dagRun) runID() string { return fmt.Sprintf("scheduled__2026-04-%02dT00:00:00+00:00", r.day) }

func (r *dagRun) logicalDate() string { return fmt.Sprintf("2026-04-%02d 00:00:00+00:00", r.day) }

func (r *dagRun) state() string {
	if r.failed {
		return "failed"
	}
	return "success"
}

func (r *dagRun) end() time.Time {
	end := r.start
	for _, k := range r.tasks {
		end = laterOf(end, k.end)
	}
	return end.Add(5 * time.Millisecond)
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// shards is how many instances the mapped task has.
const shards = 4

// newDagRun is a run in which the first try of a task and of a mapped one failed and a branch was
// not taken.
func newDagRun(dag string, day int) *dagRun {
	r := &dagRun{dag: dag, day: day, start: time.Now().Add(-time.Second)}
	at := r.start.Add(10 * time.Millisecond)
	add := func(id string, mapIndex, try int, state string) {
		r.tasks = append(r.tasks, taskTry{id: id, mapIndex: mapIndex, try: try, state: state, start: at, end: at.Add(20 * time.Millisecond)})
		at = at.Add(21 * time.Millisecond)
	}
	add("extract", -1, 1, "success")
	add("build_features", -1, 1, "up_for_retry")
	add("build_features", -1, 2, "success")
	for i := range shards {
		if i == 1 {
			add("score_shard", i, 1, "up_for_retry")
			add("score_shard", i, 2, "success")
			continue
		}
		add("score_shard", i, 1, "success")
	}
	add("maybe_calibrate", -1, 1, "skipped")
	add("train_model", -1, 1, "success")
	return r
}

// fails makes it a run in which the third shard failed for good after two tries, so that what comes
// after it never ran.
func (r *dagRun) fails() *dagRun {
	r.failed = true
	var tasks []taskTry
	for _, k := range r.tasks {
		switch {
		case k.id == "score_shard" && k.mapIndex == 2:
			first := k
			first.state, first.end = "up_for_retry", k.start.Add(5*time.Millisecond)
			k.try, k.state, k.start = 2, "failed", k.start.Add(6*time.Millisecond)
			tasks = append(tasks, first, k)
		case k.id == "train_model":
			k.state, k.try = "upstream_failed", 0
			tasks = append(tasks, k)
		default:
			tasks = append(tasks, k)
		}
	}
	r.tasks = tasks
	return r
}

// clearedAndRun is the same run, after somebody has cleared what failed in it: the shard is tried
// again, and what comes after it runs.
func (r *dagRun) clearedAndRun() *dagRun {
	again := &dagRun{dag: r.dag, day: r.day, cleared: r.cleared + 1, start: time.Now().Add(-100 * time.Millisecond)}
	at := again.start
	for _, k := range []taskTry{{id: "score_shard", mapIndex: 2, try: 3, state: "success"}, {id: "train_model", mapIndex: -1, try: 1, state: "success"}} {
		k.start, k.end = at, at.Add(20*time.Millisecond)
		at = k.end
		again.tasks = append(again.tasks, k)
	}
	return again
}

// failure is the try of a run that failed for good.
func (r *dagRun) failure() taskTry {
	return r.tasks[slices.IndexFunc(r.tasks, func(k taskTry) bool { return k.state == "failed" })]
}

func hashOf(parts ...any) [32]byte { return sha256.Sum256([]byte(fmt.Sprintln(parts...))) }

func traceIDOf(parts ...any) pcommon.TraceID {
	h := hashOf(append([]any{"trace"}, parts...)...)
	return pcommon.TraceID(h[:16])
}

func spanIDOf(parts ...any) pcommon.SpanID {
	h := hashOf(append([]any{"span"}, parts...)...)
	return pcommon.SpanID(h[:8])
}

// An airflowRelease writes the spans of a run as Airflow does, in requests in the order in which
// they leave it. Names, types of values, scopes, ids, status and events are those of its source.
type airflowRelease struct {
	requests func(*dagRun) []ptrace.Traces
	// evidence are the ids of the span of a try.
	evidence func(*dagRun, taskTry) (pcommon.TraceID, pcommon.SpanID)
}

var airflowReleases = map[string]airflowRelease{
	"2.10": {requests: (*dagRun).airflow210, evidence: (*dagRun).ids210},
	"3.0":  {requests: (*dagRun).airflow30, evidence: (*dagRun).ids30},
	"3.2":  {requests: (*dagRun).airflow32, evidence: (*dagRun).ids32},
}

// oneSpan is a request with one span.
func oneSpan(resource map[string]any, scope, name string, trace pcommon.TraceID, id, parent pcommon.SpanID, start, end time.Time, attributes map[string]any) (ptrace.Traces, ptrace.Span) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	if err := rs.Resource().Attributes().FromRaw(resource); err != nil {
		panic(err)
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(scope)
	span := ss.Spans().AppendEmpty()
	span.SetName(name)
	span.SetKind(ptrace.SpanKindInternal)
	span.SetTraceID(trace)
	span.SetSpanID(id)
	span.SetParentSpanID(parent)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	if err := span.Attributes().FromRaw(attributes); err != nil {
		panic(err)
	}
	return td, span
}

func python(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000+00:00") }

func events(span ptrace.Span, prefix string, start, end time.Time) {
	for _, e := range []struct {
		name string
		at   time.Time
	}{{"queued", start}, {"started", start}, {"ended", end}} {
		event := span.Events().AppendEmpty()
		event.SetName(prefix + e.name)
		event.SetTimestamp(pcommon.NewTimestampFromTime(e.at))
	}
}

// ids210: ids are hashes. That of the trace is of the run and its start, that of a task of the run,
// the task and the try: instances of a mapped task have the same one.
func (r *dagRun) ids210(k taskTry) (pcommon.TraceID, pcommon.SpanID) {
	return traceIDOf(r.dag, r.runID(), r.start.UnixNano()), spanIDOf(r.dag, r.runID(), k.id, k.try)
}

// airflow210: the status is never set, and the run of a task is in its link to the log alone.
func (r *dagRun) airflow210() []ptrace.Traces {
	resource := map[string]any{"service.name": "Airflow", "telemetry.sdk.language": "python"}
	trace, root := traceIDOf(r.dag, r.runID(), r.start.UnixNano()), spanIDOf(r.dag, r.runID(), r.start.UnixNano())
	var all []ptrace.Traces
	for _, k := range r.tasks {
		if k.state == "upstream_failed" { // never ran
			continue
		}
		mapped := ""
		if k.mapIndex >= 0 {
			mapped = fmt.Sprintf("&map_index=%d", k.mapIndex)
		}
		attributes := map[string]any{
			"category": "scheduler", "task_id": k.id, "dag_id": r.dag, "state": k.state,
			"start_date": python(k.start), "end_date": python(k.end), "duration": k.end.Sub(k.start).Seconds(), "executor_config": "{}",
			"execution_date": r.logicalDate(), "hostname": "worker-3",
			"log_url": "http://airflow:8080/dags/" + r.dag + "/grid?dag_run_id=" + url.QueryEscape(r.runID()) + "&task_id=" + k.id + mapped +
				"&base_date=" + url.QueryEscape(fmt.Sprintf("2026-04-%02dT00:00:00+0000", r.day)) + "&tab=logs",
			"operator": "PythonOperator", "try_number": k.try, "executor_state": executorState(k), "job_id": 41, "pool": "default_pool", "queue": "default",
			"priority_weight": 1, "queued_dttm": python(k.start), "queued_by_job_id": 7, "pid": 4242,
		}
		if k.state == "failed" {
			attributes["error"] = true
		}
		_, id := r.ids210(k)
		td, span := oneSpan(resource, "", k.id, trace, id, root, k.start, k.end, attributes)
		events(span, "", k.start, k.end)
		all = append(all, td)
	}
	attributes := map[string]any{
		"category": "DAG runs", "dag_id": r.dag, "execution_date": r.logicalDate(), "run_id": r.runID(), "queued_at": python(r.start),
		"run_start_date": python(r.start), "run_end_date": python(r.end()), "run_duration": fmt.Sprint(r.end().Sub(r.start).Seconds()), "state": r.state(),
		"external_trigger": "False", "run_type": "scheduled", "data_interval_start": r.logicalDate(), "data_interval_end": r.logicalDate(),
		"dag_hash": "e3b0c44298fc1c149afbf4c8996fb924", "conf": "{}",
	}
	if r.failed {
		attributes["error"] = true
	}
	td, span := oneSpan(resource, "", r.dag, trace, root, pcommon.SpanID{}, r.start, r.end(), attributes)
	events(span, "", r.start, r.end())
	return append(all, td)
}

// executorState is what the executor says of a try: it knows no skipped tasks and no retries.
func executorState(k taskTry) string {
	if k.state == "failed" || k.state == "up_for_retry" {
		return "failed"
	}
	return "success"
}

func (r *dagRun) ids30(k taskTry) (pcommon.TraceID, pcommon.SpanID) {
	return traceIDOf(r.dag, r.runID(), r.cleared), spanIDOf(r.dag, r.runID(), r.cleared, k.id, k.mapIndex, k.try)
}

// airflow30: as 2.10 with other names and links, and with spans of the task's own code below those
// of tasks. The scheduler's loops are spans, too.
func (r *dagRun) airflow30() []ptrace.Traces {
	resource := map[string]any{
		"telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.27.0", "host.name": "351295342ba2", "service.name": "Airflow",
	}
	trace, root := traceIDOf(r.dag, r.runID(), r.cleared), spanIDOf(r.dag, r.runID(), r.cleared)
	var all []ptrace.Traces
	for i, k := range r.tasks {
		if k.state == "upstream_failed" {
			continue
		}
		mapped := ""
		if k.mapIndex >= 0 {
			mapped = fmt.Sprintf("/mapped/%d", k.mapIndex)
		}
		attributes := map[string]any{
			"airflow.category": "scheduler", "airflow.task.task_id": k.id, "airflow.task.dag_id": r.dag, "airflow.task.state": k.state,
			"airflow.task.start_date": python(k.start), "airflow.task.end_date": python(k.end), "airflow.task.duration": k.end.Sub(k.start).Seconds(),
			"airflow.task.executor_config": "{}", "airflow.task.logical_date": r.logicalDate(), "airflow.task.hostname": "351295342ba2",
			"airflow.task.log_url": "http://localhost:8080/dags/" + r.dag + "/runs/" + url.QueryEscape(r.runID()) + "/tasks/" + k.id + mapped +
				fmt.Sprintf("?try_number=%d", k.try),
			"airflow.task.operator": "PythonOperator", "airflow.task.try_number": k.try, "airflow.task.executor_state": executorState(k),
			"airflow.task.pool": "default_pool", "airflow.task.queue": "default", "airflow.task.priority_weight": 2,
			"airflow.task.queued_dttm": python(k.start), "airflow.task.queued_by_job_id": 1, "airflow.task.pid": 1748,
		}
		if k.state == "failed" {
			attributes["airflow.task.error"] = true
		}
		_, id := r.ids30(k)
		td, span := oneSpan(resource, "", k.id, trace, id, root, k.start, k.end, attributes)
		events(span, "airflow.task.", k.start, k.end)
		link := span.Links().AppendEmpty()
		link.SetTraceID(trace)
		link.SetSpanID(root)
		link.Attributes().PutStr("meta.annotation_type", "link")
		below, _ := oneSpan(resource, "", k.id+"_sub_span", trace, spanIDOf("sub", id), id, k.start.Add(time.Millisecond), k.end.Add(-time.Millisecond), map[string]any{"attr1": "val1"})
		loop, _ := oneSpan(resource, "", "emit_metrics", traceIDOf("loop", r.dag, r.day, i), spanIDOf("loop", i), pcommon.SpanID{}, k.start, k.end,
			map[string]any{"total_parse_time": 0.93, "dag_bag_size": 2, "import_errors": 0})
		all = append(all, below, td, loop)
	}
	attributes := map[string]any{
		"airflow.category": "DAG runs", "airflow.dag_run.dag_id": r.dag, "airflow.dag_run.logical_date": r.logicalDate(), "airflow.dag_run.run_id": r.runID(),
		"airflow.dag_run.queued_at": python(r.start), "airflow.dag_run.run_start_date": python(r.start), "airflow.dag_run.run_end_date": python(r.end()),
		"airflow.dag_run.run_duration": fmt.Sprint(r.end().Sub(r.start).Seconds()), "airflow.dag_run.state": r.state(), "airflow.dag_run.external_trigger": "False",
		"airflow.dag_run.run_type": "scheduled", "airflow.dag_run.data_interval_start": r.logicalDate(), "airflow.dag_run.data_interval_end": r.logicalDate(),
		"airflow.dag_version.version": "2", "airflow.dag_run.conf": "{}",
	}
	if r.failed {
		attributes["airflow.dag_run.error"] = true
	}
	td, span := oneSpan(resource, "", r.dag, trace, root, pcommon.SpanID{}, r.start, r.end(), attributes)
	events(span, "airflow.dag_run.", r.start, r.end())
	return append(all, td)
}

// ids32: the ids of an instance are made with it, and all of its tries have them; so does a run
// that is cleared.
func (r *dagRun) ids32(k taskTry) (pcommon.TraceID, pcommon.SpanID) {
	return traceIDOf(r.dag, r.runID()), spanIDOf(r.dag, r.runID(), k.id, k.mapIndex)
}

// airflow32: the status is ERROR of all that is no success; the run has no state, and its span
// comes last. Below the span of a try is that of the worker, which names the task, too, and has no
// state and no status, even where the task fails; so have those of agents.
func (r *dagRun) airflow32() []ptrace.Traces {
	resource := map[string]any{"service.name": "airflow", "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry"}
	trace, root := traceIDOf(r.dag, r.runID()), spanIDOf(r.dag, r.runID())
	status := func(span ptrace.Span, good bool) {
		span.Status().SetCode(ptrace.StatusCodeError)
		if good {
			span.Status().SetCode(ptrace.StatusCodeOk)
		}
	}
	var all []ptrace.Traces
	for _, k := range r.tasks {
		if k.state == "upstream_failed" {
			continue
		}
		identity := map[string]any{
			"airflow.dag_id": r.dag, "airflow.task_id": k.id, "airflow.dag_run.run_id": r.runID(), "airflow.task_instance.try_number": k.try,
			"airflow.task_instance.map_index": k.mapIndex,
		}
		tried := maps.Clone(identity)
		tried["airflow.task_instance.state"] = k.state
		tried["airflow.task_instance.id"] = fmt.Sprintf("0196a3c1-0000-7000-8000-%x", hashOf(r.dag, r.day, k.id, k.mapIndex, k.try))[:36]
		name, worker := "task_run."+k.id, "worker."+k.id
		if k.mapIndex >= 0 {
			name, worker = fmt.Sprintf("%s[%d]", name, k.mapIndex), fmt.Sprintf("%s_%d", worker, k.mapIndex)
		}
		_, id := r.ids32(k)
		td, span := oneSpan(resource, "airflow.api_fastapi.execution_api.routes.task_instances", name, trace, id, root, k.start, k.end, tried)
		status(span, k.state == "success")
		// The worker begins when the task is not queued any more, and ends after it has told the
		// server.
		below, _ := oneSpan(resource, "airflow.sdk.execution_time.task_runner", worker, trace, spanIDOf("worker", id, k.try), id, k.start.Add(2*time.Millisecond), k.end.Add(time.Millisecond), identity)
		all = append(all, td, below)
		if k.id == "build_features" && k.state == "success" {
			// An agent's call that failed, and that the task made again: it says whose it is, and
			// is no try either.
			calls := maps.Clone(identity)
			calls["gen_ai.operation.name"], calls["gen_ai.request.model"], calls["error.type"] = "chat", "gpt-4o-mini", "RateLimitError"
			chat, call := oneSpan(resource, "pydantic-ai", "chat gpt-4o-mini", trace, spanIDOf("chat", id, k.try), spanIDOf("worker", id, k.try), k.start.Add(3*time.Millisecond), k.start.Add(4*time.Millisecond), calls)
			call.SetKind(ptrace.SpanKindClient)
			call.Status().SetCode(ptrace.StatusCodeError)
			all = append(all, chat)
		}
	}
	td, span := oneSpan(resource, "airflow.models.dagrun", "dag_run."+r.dag, trace, root, pcommon.SpanID{}, r.start, r.end(), map[string]any{
		"airflow.dag_id": r.dag, "airflow.dag_run.run_id": r.runID(), "airflow.dag_run.start_date": python(r.start), "airflow.dag_run.end_date": python(r.end()),
		"airflow.dag_run.queued_at": python(r.start), "airflow.dag_run.created_at": python(r.start), "airflow.dag_run.logical_date": r.logicalDate(),
	})
	status(span, !r.failed)
	return append(all, td)
}

// jobCollector is a collector with ml_normalize before ml_job.
type jobCollector struct {
	*harness.Collector
	*client
	t               *testing.T
	alerts, metrics string
}

func startJobs(t *testing.T, cards string) *jobCollector {
	t.Helper()
	dir := t.TempDir()
	catalog, otlp := filepath.Join(dir, "catalog"), processtest.FreeAddr(t)
	require.NoError(t, os.Mkdir(catalog, 0o700))
	if cards != "" {
		require.NoError(t, os.WriteFile(filepath.Join(catalog, "jobs.yaml"), []byte(cards), 0o600))
	}
	c := &jobCollector{t: t, alerts: filepath.Join(dir, "alerts.json"), metrics: filepath.Join(dir, "metrics.json")}
	c.Collector = harness.StartCollector(t, harness.Options{Configs: []string{jobToFile, normalized}, Env: []string{
		"OTLP=" + otlp, "CATALOG=" + catalog, "STORAGE=" + filepath.Join(dir, "storage"), "OUT=" + c.alerts, "METRICS=" + c.metrics,
	}})
	c.client = dial(t, otlp)
	return c
}

// judged waits until as many runs of a job have had a result.
func (c *jobCollector) judged(job, result string, n int) {
	c.t.Helper()
	processtest.WaitFor(c.t, 30*time.Second, fmt.Sprintf("%d runs of %s with the result %s", n, job, result), func() bool {
		all := points(c.t, c.metrics)["ml.job.run.count{cicd.pipeline.name="+job+",cicd.pipeline.result="+result+"}"]
		return len(all) > 0 && all[len(all)-1].value == float64(n)
	})
}

// of are the alerts of a job, the last word on each.
func (c *jobCollector) of(job string) []alert.Alert {
	c.t.Helper()
	var list []alert.Alert
	for _, episodes := range episodesOf(c.t, c.alerts) {
		for _, a := range episodes {
			if a.Labels["job"] == job {
				list = append(list, a)
			}
		}
	}
	return list
}

// one waits until a job has one alert, in the given state.
func (c *jobCollector) one(job string, state alert.State) alert.Alert {
	c.t.Helper()
	var list []alert.Alert
	processtest.WaitFor(c.t, 30*time.Second, fmt.Sprintf("one %s alert of %s", state, job), func() bool {
		list = c.of(job)
		return len(list) > 0 && list[0].State == state
	})
	require.Len(c.t, list, 1, "alerts of %s", job)
	return list[0]
}

// dagName is the name of the DAG for a release.
func dagName(release string) string { return "churn_training_" + strings.ReplaceAll(release, ".", "_") }

// dagCard is the card of a DAG, whose name it takes.
const dagCard = `kind: job
name: %s
owner: churn@example.com
alerts: {severity: warning, runbook: https://example.com/runbooks/churn}
stages:
  - {name: extract}
  - {name: build_features, after: [extract]}
  - {name: score_shard, after: [build_features], instances: 4}
  - {name: maybe_calibrate, after: [score_shard], optional: true}
  - {name: train_model, after: [score_shard]}
`

func dagCards() string {
	var cards []string
	for release := range airflowReleases {
		cards = append(cards, fmt.Sprintf(dagCard, dagName(release)))
	}
	return strings.Join(cards, "---\n")
}

// A failed run, byte for byte as three generations of Airflow say it, is one alert: it names the
// task, the instance by its map_index and the span of its last try. Tries before a good one,
// skipped tasks and those that never ran are none. The next good run ends it, and so does the same
// run once it was cleared and went well.
func TestAirflowRunsAreJudgedOnce(t *testing.T) {
	for name, cards := range map[string]string{"no card": "", "with a card": dagCards()} {
		t.Run(name, func(t *testing.T) {
			c := startJobs(t, cards)
			each := func(do func(t *testing.T, release airflowRelease, dag string)) {
				for version, release := range airflowReleases {
					do(t, release, dagName(version))
				}
			}
			each(func(_ *testing.T, release airflowRelease, dag string) {
				for day := 1; day <= 3; day++ {
					c.send(release.requests(newDagRun(dag, day))...)
				}
			})
			each(func(t *testing.T, _ airflowRelease, dag string) {
				c.judged(dag, "success", 3)
				require.Empty(t, c.of(dag), dag)
			})

			bad := map[string]*dagRun{}
			each(func(_ *testing.T, release airflowRelease, dag string) {
				bad[dag] = newDagRun(dag, 4).fails()
				c.send(release.requests(bad[dag])...)
			})
			starts := map[string]time.Time{}
			each(func(t *testing.T, release airflowRelease, dag string) {
				c.judged(dag, "failure", 1)
				got := c.one(dag, alert.Firing)
				starts[dag] = got.StartsAt
				trace, span := release.evidence(bad[dag], bad[dag].failure())
				assert.Equal(t, "JobFailed", got.Name)
				assert.Equal(t, map[string]string{"job": dag, "stage": "score_shard"}, got.Labels)
				assert.Equal(t, dag+" failed at score_shard: 1 of 4 instances failed: 2 (attempt 2 of run "+bad[dag].runID()+").", got.Summary)
				assert.Equal(t, bad[dag].runID(), got.Annotations["run_id"])
				assert.Equal(t, bad[dag].logicalDate(), got.Annotations["logical_date"])
				assert.Equal(t, "2", got.Annotations["attempt"])
				assert.Equal(t, "1 of 4 instances failed: 2", got.Annotations["instances"])
				assert.Equal(t, trace, got.TraceID, dag)
				assert.Equal(t, span, got.SpanID, dag)
				assert.Contains(t, got.Annotations["trace_url"], trace.String())
				assert.Contains(t, got.Annotations["trace_url"], span.String())
				if cards == "" {
					assert.Equal(t, alert.Critical, got.Severity)
				} else {
					assert.Equal(t, alert.Warning, got.Severity)
					assert.Equal(t, "churn@example.com", got.Annotations["owner"])
					assert.Equal(t, "https://example.com/runbooks/churn", got.Annotations["runbook_url"])
				}
			})

			// What failed is cleared; the run goes on and ends well.
			each(func(_ *testing.T, release airflowRelease, dag string) {
				c.send(release.requests(bad[dag].clearedAndRun())...)
			})
			each(func(t *testing.T, _ airflowRelease, dag string) {
				got := c.one(dag, alert.Resolved)
				assert.Equal(t, starts[dag], got.StartsAt, "one alert, from its beginning to its end")
				assert.Equal(t, "run "+bad[dag].runID(), got.Annotations["resolved_by"])
			})

			// The same fault again, and a good run after it.
			each(func(_ *testing.T, release airflowRelease, dag string) {
				c.send(release.requests(newDagRun(dag, 5).fails())...)
			})
			each(func(_ *testing.T, _ airflowRelease, dag string) {
				processtest.WaitFor(c.t, 30*time.Second, "the second alert of "+dag, func() bool { return len(c.of(dag)) == 2 })
			})
			each(func(_ *testing.T, release airflowRelease, dag string) { c.send(release.requests(newDagRun(dag, 6))...) })
			each(func(t *testing.T, _ airflowRelease, dag string) {
				processtest.WaitFor(c.t, 30*time.Second, "the end of the second alert of "+dag, func() bool {
					return !slices.ContainsFunc(c.of(dag), func(a alert.Alert) bool { return a.State != alert.Resolved })
				})
			})
			c.Stop()
			each(func(t *testing.T, _ airflowRelease, dag string) {
				list := c.of(dag)
				require.Len(t, list, 2, dag)
				for _, a := range list {
					assert.Equal(t, "score_shard", a.Labels["stage"])
				}
				assert.Equal(t, list[0].Fingerprint(), list[1].Fingerprint(), "the same fault is the same alert")
			})
			assert.Len(t, episodesOf(t, c.alerts), 1, "no alert of another stage")
		})
	}
}

// A sensor that waits gives its place to others and is asked again, under the same try and, in
// 2.10, the same span id. That it waits is no outcome; that it fails at last is.
func TestAirflowSensorThatGivesUp(t *testing.T) {
	c := startJobs(t, "")
	sensor := func(day int, states ...string) *dagRun {
		r := newDagRun("waiting", day)
		r.failed = states[len(states)-1] == "failed"
		r.tasks = nil
		for i, state := range states {
			at := r.start.Add(time.Duration(10*i) * time.Millisecond)
			r.tasks = append(r.tasks, taskTry{id: "wait_for_data", mapIndex: -1, try: 1, state: state, start: at, end: at.Add(5 * time.Millisecond)})
		}
		return r
	}
	c.send(sensor(1, "up_for_reschedule", "up_for_reschedule", "success").airflow210()...)
	c.judged("waiting", "success", 1)
	bad := sensor(2, "up_for_reschedule", "up_for_reschedule", "failed")
	c.send(bad.airflow210()...)
	got := c.one("waiting", alert.Firing)
	trace, span := bad.ids210(bad.failure())
	assert.Equal(t, "wait_for_data", got.Labels["stage"])
	assert.Equal(t, trace, got.TraceID)
	assert.Equal(t, span, got.SpanID)
	c.Stop()
	assert.Len(t, c.of("waiting"), 1)
}

// sharedSpans is a file of ../shared/data/spans, moved in time so that it has just ended.
func sharedSpans(t *testing.T, file string) ptrace.Traces {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "..", "shared", "data", "spans", filepath.FromSlash(file)))
	if os.IsNotExist(err) {
		t.Skip("../shared/data/spans is absent: spans of others are not part of this repository")
	}
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
	require.NoError(t, err)
	var last pcommon.Timestamp
	eachSpan(td, func(span ptrace.Span) { last = max(last, span.EndTimestamp()) })
	move := pcommon.NewTimestampFromTime(time.Now()) - last
	eachSpan(td, func(span ptrace.Span) {
		span.SetStartTimestamp(span.StartTimestamp() + move)
		span.SetEndTimestamp(span.EndTimestamp() + move)
		for _, e := range span.Events().All() {
			e.SetTimestamp(e.Timestamp() + move)
		}
	})
	return td
}

func eachSpan(td ptrace.Traces, do func(ptrace.Span)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				do(span)
			}
		}
	}
}

// The runs that were taken from the sources of Airflow, Argo, Prefect and Jenkins are judged as
// they are.
func TestRunsOfOtherSystemsAsRecorded(t *testing.T) {
	for _, test := range []struct {
		file, job string
		good      int
		// alert is what the summary begins with, span the id of the evidence; empty for no failure.
		alert, span string
	}{
		{file: "transcribed/airflow-2.10-failed-run.json", job: "churn_training", alert: "churn_training failed at train_model (attempt 2 of run scheduled__2026-04-15T00:00:00+00:00).", span: "844ecc08164e2eab"},
		{file: "transcribed/airflow-3.0-test-fixture.json", job: "otel_test_dag_with_pause", good: 1},
		{file: "transcribed/airflow-3.2-failed-run.json", job: "churn_training", alert: "churn_training failed at train_model (attempt 3 of run scheduled__2026-04-15T00:00:00+00:00).", span: "b75c0145f3c3e51d"},
		{file: "captured/argo-workflows-tracing-pkg.json", job: "train-churn", good: 1, alert: "train-churn failed at Pod: 2 of 5 instances failed: 2222222223 and 2222222224;", span: "6e2e5155c7d0e6ec"},
		{file: "transcribed/prefect-run.json", job: "3c0e2d4a", alert: "3c0e2d4a failed at train: ", span: "3946ca64ff78d93c"},
		{file: "transcribed/jenkins-build.json", job: "churn-train/main", alert: "churn-train/main failed at train: AbortException", span: "ff38d2567b8123d1"},
	} {
		t.Run(test.file, func(t *testing.T) {
			td := sharedSpans(t, test.file)
			c := startJobs(t, "")
			c.send(td)
			if test.good > 0 {
				c.judged(test.job, "success", test.good)
			}
			if test.alert == "" {
				c.Stop()
				assert.Empty(t, c.of(test.job))
				return
			}
			c.judged(test.job, "failure", 1)
			got := c.one(test.job, alert.Firing)
			c.Stop()
			assert.Equal(t, "JobFailed", got.Name)
			assert.True(t, strings.HasPrefix(got.Summary, test.alert), got.Summary)
			assert.Equal(t, test.span, got.SpanID.String())
		})
	}
}

// otherRun is a run of a few stages, one of which may fail. again says that a step of Argo's failed
// and was good at its second try.
type otherRun struct {
	n             int
	failed, again bool
	start         time.Time
}

func (r otherRun) at(ms int) time.Time { return r.start.Add(time.Duration(ms) * time.Millisecond) }

// others write such a run as a system does, and return with the requests the span that failed.
var others = map[string]struct {
	job, stage, why string
	requests        func(r otherRun) ([]ptrace.Traces, pcommon.SpanID)
}{
	// A task's tries are events of one span; the flow is known by its id.
	"Prefect": {job: "3c0e2d4a", stage: "train", why: "ValueError: NaN loss", requests: func(r otherRun) ([]ptrace.Traces, pcommon.SpanID) {
		const scope = "prefect"
		resource := map[string]any{"service.name": "prefect", "telemetry.sdk.language": "python"}
		trace, root, train := traceIDOf("prefect", r.n), spanIDOf("flow", r.n), spanIDOf("train", r.n)
		state := func(span ptrace.Span, ms int, name, kind, message string) {
			e := span.Events().AppendEmpty()
			e.SetName(name)
			e.SetTimestamp(pcommon.NewTimestampFromTime(r.at(ms)))
			put := e.Attributes().PutStr
			put("prefect.state.message", message)
			put("prefect.state.type", kind)
			put("prefect.state.name", name)
			put("prefect.state.id", fmt.Sprint("state-", r.n, "-", ms))
		}
		of := func(name, kind, id string) map[string]any {
			return map[string]any{"prefect.run.name": name, "prefect.run.type": kind, "prefect.run.id": fmt.Sprint(id, "-", r.n), "prefect.tags": []any{}}
		}
		const why = "Task run encountered an exception ValueError: NaN loss"
		load, loaded := oneSpan(resource, scope, "load_data-0", trace, spanIDOf("load", r.n), root, r.at(1), r.at(10), of("load_data-0", "task", "load"))
		state(loaded, 1, "Running", "RUNNING", "")
		state(loaded, 10, "Completed", "COMPLETED", "")
		loaded.Status().SetCode(ptrace.StatusCodeOk)
		fit, span := oneSpan(resource, scope, "train-0", trace, train, root, r.at(11), r.at(50), of("train-0", "task", "train"))
		state(span, 11, "Running", "RUNNING", "")
		exception := span.Events().AppendEmpty()
		exception.SetName("exception")
		exception.SetTimestamp(pcommon.NewTimestampFromTime(r.at(20)))
		exception.Attributes().PutStr("exception.type", "ValueError")
		exception.Attributes().PutStr("exception.message", "NaN loss")
		state(span, 20, "AwaitingRetry", "SCHEDULED", why)
		state(span, 30, "Retrying", "RUNNING", "")
		attributes := of("crimson-otter", "flow", "run")
		attributes["prefect.flow.id"], attributes["prefect.run.parameter.n_estimators"] = "3c0e2d4a", "int"
		flow, whole := oneSpan(resource, scope, "crimson-otter", trace, root, pcommon.SpanID{}, r.at(0), r.at(60), attributes)
		state(whole, 0, "Running", "RUNNING", "")
		if r.failed {
			state(span, 50, "Failed", "FAILED", why)
			span.Status().SetCode(ptrace.StatusCodeError)
			span.Status().SetMessage(why)
			state(whole, 60, "Failed", "FAILED", "1/2 states failed.")
			whole.Status().SetCode(ptrace.StatusCodeError)
			whole.Status().SetMessage("1/2 states failed.")
		} else {
			state(span, 50, "Completed", "COMPLETED", "")
			span.Status().SetCode(ptrace.StatusCodeOk)
			state(whole, 60, "Completed", "COMPLETED", "All states completed.")
			whole.Status().SetCode(ptrace.StatusCodeOk)
		}
		return []ptrace.Traces{load, fit, flow}, train
	}},
	// Steps have no names: the pods are instances of one stage. What does not run is in error, too.
	"Argo": {job: "train-churn", stage: "Pod", why: "Failed", requests: func(r otherRun) ([]ptrace.Traces, pcommon.SpanID) {
		const scope = "workflows-controller"
		resource := map[string]any{"service.name": "workflows-controller", "telemetry.sdk.language": "go", "telemetry.sdk.name": "opentelemetry"}
		name := fmt.Sprintf("train-churn-%c7x9k", "bcdfghjk"[r.n])
		trace, root := traceIDOf("argo", r.n), spanIDOf("workflow", r.n)
		var all []ptrace.Traces
		node := func(kind, id string, from, to int, message string) pcommon.SpanID {
			span := spanIDOf("argo", r.n, kind, id)
			attributes := map[string]any{"node_id": name + id, "name": name, "namespace": "ml-training", "node_type": kind}
			td, s := oneSpan(resource, scope, "node", trace, span, root, r.at(from), r.at(to), attributes)
			s.Status().SetCode(ptrace.StatusCodeOk)
			if message != "" {
				s.Status().SetCode(ptrace.StatusCodeError)
				s.Status().SetMessage(message)
			}
			phase, p := oneSpan(resource, scope, "nodePhase", trace, spanIDOf("phase", span), span, r.at(from), r.at(to), map[string]any{"node_id": name + id, "node_phase": "Running"})
			p.SetKind(ptrace.SpanKindProducer)
			all = append(all, phase, td)
			return span
		}
		outcome := ""
		if r.failed {
			outcome = "Failed"
		}
		node("Pod", "-1111111111", 1, 10, "")
		bad := node("Pod", "-2222222222", 11, 20, outcome)
		if r.failed {
			node("Pod", "-3333333333", 21, 21, "Unexpected phase") // omitted
		} else {
			node("Pod", "-3333333333", 21, 30, "")
		}
		if r.again {
			node("Pod", "-4444444444", 22, 25, "Failed")
			node("Pod", "-5555555555", 26, 30, "")
			node("Retry", "-6666666666", 22, 30, "")
		}
		node("DAG", "", 1, 40, outcome)
		td, s := oneSpan(resource, scope, "workflow", trace, root, pcommon.SpanID{}, r.at(0), r.at(41), map[string]any{"name": name, "namespace": "ml-training"})
		s.Status().SetCode(ptrace.StatusCodeOk)
		if r.failed {
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage("Failed")
		}
		return append(all, td), bad
	}},
	// Stages are below a phase, and do not say their run; one that was stopped because of the
	// failure has an unset status.
	"Jenkins": {job: "churn-train/main", stage: "train", why: "AbortException:script returned exit code 1", requests: func(r otherRun) ([]ptrace.Traces, pcommon.SpanID) {
		const scope = "io.jenkins.opentelemetry"
		resource := map[string]any{"service.name": "jenkins", "service.namespace": "jenkins"}
		trace, root, phase := traceIDOf("jenkins", r.n), spanIDOf("build", r.n), spanIDOf("run phase", r.n)
		stage := func(name, id, result string, from, to int) (ptrace.Traces, ptrace.Span) {
			return oneSpan(resource, scope, "Stage: "+name, trace, spanIDOf("jenkins", r.n, id), phase, r.at(from), r.at(to), map[string]any{
				"jenkins.pipeline.step.name": "Stage: " + name, "jenkins.pipeline.step.type": "stage", "jenkins.pipeline.step.id": id, "jenkins.pipeline.step.result": result,
			})
		}
		result, build := "SUCCESS", "SUCCESS"
		if r.failed {
			result, build = "FAILURE", "FAILURE"
		}
		train, t := stage("train", "12", result, 3, 30)
		sh, _ := oneSpan(resource, scope, "sh", trace, spanIDOf("sh", r.n), spanIDOf("jenkins", r.n, "12"), r.at(4), r.at(29), map[string]any{
			"jenkins.pipeline.step.name": "Shell Script", "jenkins.pipeline.step.type": "sh", "jenkins.pipeline.step.id": "13",
		})
		notify, n := stage("notify", "20", map[bool]string{true: "ABORTED", false: "SUCCESS"}[r.failed], 31, 35)
		td, b := oneSpan(resource, scope, "BUILD churn-train/main", trace, root, pcommon.SpanID{}, r.at(0), r.at(40), map[string]any{
			"ci.pipeline.id": "churn-train/main", "ci.pipeline.name": "churn-train » main", "ci.pipeline.type": "multibranch", "ci.pipeline.run.number": r.n,
			"ci.pipeline.run.result": build, "ci.pipeline.run.completed": true, "ci.pipeline.run.durationMillis": 40,
		})
		b.SetKind(ptrace.SpanKindServer)
		if r.failed {
			t.Status().SetCode(ptrace.StatusCodeError)
			t.Status().SetMessage("AbortException:script returned exit code 1")
			n.Status().SetMessage("FlowInterruptedException:FailFastCause:Failed in branch train")
			n.Attributes().PutEmptySlice("jenkins.pipeline.step.interruption.causes").AppendEmpty().SetStr("FailFastCause:Failed in branch train")
			b.Status().SetCode(ptrace.StatusCodeError)
			b.Status().SetMessage("FAILURE")
		}
		run, _ := oneSpan(resource, scope, "Phase: Run", trace, phase, root, r.at(2), r.at(39), nil)
		return []ptrace.Traces{sh, train, notify, run, td}, spanIDOf("jenkins", r.n, "12")
	}},
}

// Failed runs of other systems are one alert each, at the right stage, which the next good run
// ends.
func TestRunsOfOtherSystems(t *testing.T) {
	c := startJobs(t, "")
	evidence := map[string]pcommon.SpanID{}
	for n, failed := range []bool{false, false, true} {
		for name, system := range others {
			requests, bad := system.requests(otherRun{n: n, failed: failed, start: time.Now().Add(-time.Second)})
			c.send(requests...)
			evidence[name] = bad
		}
	}
	for name, system := range others {
		c.judged(system.job, "success", 2)
		c.judged(system.job, "failure", 1)
		got := c.one(system.job, alert.Firing)
		assert.Equal(t, "JobFailed", got.Name, name)
		assert.Equal(t, map[string]string{"job": system.job, "stage": system.stage}, got.Labels, name)
		assert.Contains(t, got.Summary, system.why, name)
		assert.Equal(t, evidence[name], got.SpanID, name)
	}
	for _, system := range others {
		requests, _ := system.requests(otherRun{n: 3, start: time.Now().Add(-time.Second)})
		c.send(requests...)
	}
	for _, system := range others {
		c.one(system.job, alert.Resolved)
	}
	c.Stop()
	for _, system := range others {
		assert.Len(t, c.of(system.job), 1, system.job)
	}
}

// Argo's spans do not tell which pods are tries of one step: in a good run, a pod that failed was
// tried again. In a run that failed, it is at fault.
func TestArgoStepThatWasGoodAtItsSecondTry(t *testing.T) {
	const job = "train-churn"
	c := startJobs(t, "")
	send := func(r otherRun) {
		r.start = time.Now().Add(-time.Second)
		requests, _ := others["Argo"].requests(r)
		c.send(requests...)
	}
	send(otherRun{n: 0, again: true})
	c.judged(job, "success", 1)
	send(otherRun{n: 1, failed: true})
	got := c.one(job, alert.Firing)
	assert.Equal(t, "JobFailed", got.Name)
	assert.Equal(t, spanIDOf("argo", 1, "Pod", "-2222222222"), got.SpanID)
	send(otherRun{n: 2, again: true})
	c.one(job, alert.Resolved)
	c.Stop()
	assert.Len(t, c.of(job), 1)
}
