// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor"
)

// attributes of a span or a resource.
type attributes map[string]any

// epoch is when spans of tests start.
var epoch = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// ids of a span.
func traceID(n byte) pcommon.TraceID { return pcommon.TraceID{15: n} }
func spanID(n byte) pcommon.SpanID   { return pcommon.SpanID{7: n} }

// request returns a request with one span, of trace 1 with id 2 and parent 1, which takes a minute.
func request(t testing.TB, resource, span attributes) (ptrace.Traces, ptrace.Span) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(resource))
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	require.NoError(t, s.Attributes().FromRaw(span))
	s.SetTraceID(traceID(1))
	s.SetSpanID(spanID(2))
	s.SetParentSpanID(spanID(1))
	s.SetName("a span")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(epoch))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(epoch.Add(time.Minute)))
	return td, s
}

// reading is what a reader made of a request.
type reading struct {
	spans      []run.Span
	counts     [len(kinds)]int64
	unreadable int64
	alive      []string
}

func read(td ptrace.Traces) reading {
	td.MarkReadOnly()
	var alive []string
	r := readers.Get().(*reader)
	r.read(td, nil, func(service string) { alive = append(alive, service) })
	got := reading{append([]run.Span(nil), r.spans...), r.counts, r.unreadable, alive}
	r.release()
	return got
}

func exceptionEvent(s ptrace.Span, kind, message string) {
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.type", kind)
	e.Attributes().PutStr("exception.message", message)
}

func TestKinds(t *testing.T) {
	const remote = 0x300
	job := attributes{"service.name": "trainer", "cicd.pipeline.name": "recsys"}
	task := attributes{"cicd.pipeline.name": "recsys", "cicd.pipeline.task.name": "train"}
	none := attributes{"service.name": "db"}
	top := func(s ptrace.Span) { s.SetParentSpanID(pcommon.SpanID{}) }
	flags := func(n uint32) func(ptrace.Span) { return func(s ptrace.Span) { s.SetFlags(n) } }
	kind := func(k ptrace.SpanKind) func(ptrace.Span) { return func(s ptrace.Span) { s.SetKind(k) } }
	for _, c := range []struct {
		name           string
		resource, span attributes
		change         func(ptrace.Span)
		want           int
	}{
		{"nothing", none, nil, nil, kindIgnored},
		{"nothing, no parent", none, nil, top, kindIgnored},
		{"a prediction", none, attributes{"ml.model.name": "m", "ml.feature.a": 1.0, "ml.job.owner": "x", "ml.job.produces": "y"}, nil, kindIgnored},
		{"another action of a pipeline", none, attributes{"cicd.pipeline.action.name": "RUN"}, nil, kindIgnored},
		{"OK beats an exception", none, nil, func(s ptrace.Span) { exceptionEvent(s, "E", "m"); s.Status().SetCode(ptrace.StatusCodeOk) }, kindIgnored},
		{"another event", none, nil, func(s ptrace.Span) { s.Events().AppendEmpty().SetName("retry") }, kindIgnored},
		{"erring by status", none, nil, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) }, kindInner},
		{"erring by exception", none, nil, func(s ptrace.Span) { exceptionEvent(s, "E", "m") }, kindInner},
		{"erring by error.type", none, attributes{"error.type": "timeout"}, nil, kindInner},
		{"erring, no parent, no job", none, attributes{"error.type": "timeout"}, top, kindInner},
		{"no trace", none, attributes{"error.type": "timeout"}, func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) }, kindIgnored},
		{"a job without trace and run id", job, nil, func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) }, kindIgnored},
		{"a job without trace", job, attributes{"cicd.pipeline.run.id": "r"}, func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) }, kindInner},

		{"below a job", job, nil, nil, kindInner},
		{"a job's top", job, nil, top, kindRoot},
		{"a job's result", none, attributes{"cicd.pipeline.name": "recsys", "cicd.pipeline.result": "success"}, nil, kindRoot},
		{"a result, but of what?", none, attributes{"cicd.pipeline.result": "success"}, nil, kindRoot},
		{"a job's consumer", none, attributes{"cicd.pipeline.name": "recsys"}, kind(ptrace.SpanKindConsumer), kindRoot},
		{"a job's server", none, attributes{"cicd.pipeline.name": "recsys"}, kind(ptrace.SpanKindServer), kindRoot},
		{"a job's client", none, attributes{"cicd.pipeline.name": "recsys"}, kind(ptrace.SpanKindClient), kindInner},
		{"a server of the job's process", job, nil, kind(ptrace.SpanKindServer), kindInner},
		{"an empty name", none, attributes{"cicd.pipeline.name": ""}, top, kindInner},

		{"a stage", job, attributes{"cicd.pipeline.task.name": "train"}, nil, kindStage},
		{"a stage at the top", job, attributes{"cicd.pipeline.task.name": "train"}, top, kindStage},
		{"a stage of no job", none, attributes{"cicd.pipeline.task.name": "train"}, nil, kindStage},
		{"a stage with the run's result", job, attributes{"cicd.pipeline.task.name": "train", "cicd.pipeline.result": "success"}, nil, kindStage},
		{"process of a stage: top", task, nil, top, kindStage},
		{"process of a stage: remote parent", task, nil, flags(remote), kindStage},
		{"process of a stage: remote parent, sampled", task, nil, flags(remote | 1), kindStage},
		{"process of a stage: local parent", task, nil, flags(0x100), kindInner},
		{"process of a stage: unknown parent", task, nil, flags(0x200), kindInner},
		{"process of a stage: result", task, attributes{"cicd.pipeline.task.run.result": "success"}, nil, kindStage},
		{"process of a stage: run id", task, attributes{"cicd.pipeline.task.run.id": "train-1"}, nil, kindStage},
		{"process of a stage: named again", task, attributes{"cicd.pipeline.task.name": "train"}, nil, kindStage},

		{"marker of a run", job, attributes{"cicd.pipeline.run.state": "executing"}, top, kindMarker},
		{"marker of a stage", job, attributes{"cicd.pipeline.run.state": "pending", "cicd.pipeline.task.name": "train"}, nil, kindMarker},
		{"finalizing", job, attributes{"cicd.pipeline.run.state": "finalizing"}, nil, kindMarker},
		{"state and result", job, attributes{"cicd.pipeline.run.state": "executing", "cicd.pipeline.result": "success"}, top, kindRoot},
		{"state and result of a stage", task, attributes{"cicd.pipeline.run.state": "executing", "cicd.pipeline.task.run.result": "success"}, nil, kindStage},
		{"another state", job, attributes{"cicd.pipeline.run.state": "done"}, top, kindRoot},
	} {
		td, s := request(t, c.resource, c.span)
		if c.change != nil {
			c.change(s)
		}
		got := read(td)
		want := [len(kinds)]int64{}
		want[c.want] = 1
		assert.Equal(t, want, got.counts, c.name)
		if c.want == kindIgnored {
			assert.Empty(t, got.spans, c.name)
		} else if assert.Len(t, got.spans, 1, c.name) {
			assert.Equal(t, c.want, int(got.spans[0].Kind), c.name)
		}
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name     string
		span     attributes
		change   func(ptrace.Span)
		want     run.Outcome
		explicit bool
	}{
		{"status unset", nil, nil, run.Success, false},
		{"status OK", nil, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeOk) }, run.Success, false},
		{"status Error", nil, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) }, run.Failure, false},
		{"unset, exception", nil, func(s ptrace.Span) { exceptionEvent(s, "E", "m") }, run.Failure, false},
		{"unset, error.type", attributes{"error.type": "E"}, nil, run.Failure, false},
		{"OK, error.type", attributes{"error.type": "E"}, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeOk) }, run.Success, false},
		{"success in spite of the status", attributes{"cicd.pipeline.task.run.result": "success"}, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) }, run.Success, true},
		{"failure", attributes{"cicd.pipeline.task.run.result": "failure"}, nil, run.Failure, true},
		{"error", attributes{"cicd.pipeline.task.run.result": "error"}, nil, run.Error, true},
		{"timeout", attributes{"cicd.pipeline.task.run.result": "timeout"}, nil, run.Timeout, true},
		{"cancellation", attributes{"cicd.pipeline.task.run.result": "cancellation"}, nil, run.Cancellation, true},
		{"skip", attributes{"cicd.pipeline.task.run.result": "SKIP"}, nil, run.Skip, true},
		{"the stage's before the run's", attributes{"cicd.pipeline.task.run.result": "success", "cicd.pipeline.result": "failure"}, nil, run.Success, true},
		{"the run's", attributes{"cicd.pipeline.result": "failure"}, nil, run.Failure, true},
		{"another word", attributes{"cicd.pipeline.task.run.result": "fine"}, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) }, run.Failure, false},
		{"unknown is no result", attributes{"cicd.pipeline.task.run.result": "unknown"}, nil, run.Success, false},
	} {
		resource := attributes{"cicd.pipeline.name": "recsys"}
		td, s := request(t, resource, c.span)
		s.Attributes().PutStr("cicd.pipeline.task.name", "train")
		if c.change != nil {
			c.change(s)
		}
		got := read(td).spans[0]
		assert.Equal(t, c.want, got.Outcome, c.name)
		assert.Equal(t, c.explicit, got.Explicit, c.name)
		assert.Equal(t, s.Status().Code() == ptrace.StatusCodeOk, got.OK, c.name)
	}

	td, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.result": "failure", "cicd.pipeline.task.run.result": "success"})
	assert.Equal(t, run.Failure, read(td).spans[0].Outcome, "the run's, on the root")
	td, s := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.run.state": "executing"})
	s.Status().SetCode(ptrace.StatusCodeError)
	assert.Equal(t, run.Unknown, read(td).spans[0].Outcome, "a marker has none")
}

// A span with everything.
func TestFields(t *testing.T) {
	resource := attributes{
		"service.name": "trainer", "deployment.environment": "old", "cicd.pipeline.name": "resource's", "cicd.pipeline.run.id": 14460881260,
		"ml.stage.instances": "64", "ml.job.logical_date": "2026-11-22",
	}
	td, s := request(t, resource, attributes{
		"cicd.pipeline.name": "recsys", "cicd.pipeline.task.name": "train", "cicd.pipeline.task.run.id": "train-1",
		"cicd.pipeline.task.run.result": "failure",
		"deployment.environment.name":   "production", "deployment.environment": "not this",
		"ml.stage.instance": 17, "ml.stage.attempt": 2.0, "ml.stage.final": "False", "ml.stage.cause": "oom",
		"ml.stage.rows.in": "120000", "ml.stage.rows.out": 118000,
		"ml.stage.null_ratio.amount": "0.02", "ml.stage.metric.val_auc": 0.91, "ml.stage.metric.loss": math.NaN(),
		"ml.job.resumes": "manual__2026-11-21", "error.type": "E", "ml.feature.x": 1, "http.route": "/",
	})
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage("status message")
	exceptionEvent(s, "first", "handled")
	exceptionEvent(s, "OutOfMemory", "no memory left")
	s.Events().AppendEmpty().SetName("exit")
	s.SetDroppedAttributesCount(1)
	got := read(td)
	require.Len(t, got.spans, 1)
	sp := got.spans[0]
	require.Len(t, sp.Metrics, 2)
	if sp.Metrics[0].Name == "loss" {
		sp.Metrics[0], sp.Metrics[1] = sp.Metrics[1], sp.Metrics[0]
	}
	assert.True(t, math.IsNaN(sp.Metrics[1].Value))
	sp.Metrics[1].Value = 0
	assert.Equal(t, run.Span{
		Kind: run.KindStage, TraceID: run.TraceID{15: 1}, SpanID: run.SpanID{7: 2}, ParentID: run.SpanID{7: 1},
		Environment: "production", Job: "recsys", RunID: "14460881260", LogicalDate: "2026-11-22", Resumes: "manual__2026-11-21",
		Name: "a span", Service: "trainer", Task: "train", TaskRunID: "train-1", Instance: "17", Cause: "oom", Attempt: 2, Instances: 64,
		Retried: true, Start: epoch, End: epoch.Add(time.Minute), Outcome: run.Failure, Explicit: true,
		ExceptionType: "OutOfMemory", Message: "no memory left", RowsIn: 120000, RowsOut: 118000,
		NullRatios: []run.Value{{Name: "amount", Value: 0.02}},
		Metrics:    []run.Value{{Name: "val_auc", Value: 0.91}, {Name: "loss"}}, Dropped: true,
	}, sp)
	assert.Zero(t, got.unreadable)
	assert.Equal(t, []string{"trainer"}, got.alive)
}

func TestResource(t *testing.T) {
	td, _ := request(t, attributes{"cicd.pipeline.name": "recsys", "deployment.environment": "staging"}, nil)
	assert.Equal(t, "staging", read(td).spans[0].Environment)
	td, _ = request(t, attributes{"cicd.pipeline.name": "recsys", "deployment.environment": "a", "deployment.environment.name": "b"}, nil)
	assert.Equal(t, "b", read(td).spans[0].Environment)
	td, _ = request(t, attributes{"cicd.pipeline.name": "recsys", "deployment.environment.name": "b"}, attributes{"deployment.environment": "c"})
	assert.Equal(t, "c", read(td).spans[0].Environment, "the span's comes first")
	td, _ = request(t, attributes{"cicd.pipeline.name": "recsys", "cicd.pipeline.run.id": "r"}, attributes{"cicd.pipeline.name": "", "cicd.pipeline.run.id": ""})
	assert.Equal(t, "recsys", read(td).spans[0].Job, "an empty text is none")
	assert.Equal(t, "r", read(td).spans[0].RunID)
	td, _ = request(t, attributes{
		"cicd.pipeline.name": "recsys", "cicd.pipeline.result": "failure", "ml.stage.rows.out": 5, "ml.stage.metric.auc": 1.0, "cicd.pipeline.run.state": "executing",
	}, nil)
	sp := read(td).spans[0]
	assert.Equal(t, run.KindInner, sp.Kind, "what a resource says of results holds for no span in particular")
	assert.Equal(t, run.Success, sp.Outcome)
	assert.Negative(t, sp.RowsOut)
	assert.Negative(t, sp.RowsIn)
	assert.Empty(t, sp.Metrics)
}

// Every resource that has spans is heard, once, and its attributes do not leak into the next.
func TestAlive(t *testing.T) {
	td, _ := request(t, attributes{"service.name": "one", "cicd.pipeline.name": "recsys"}, nil)
	td.ResourceSpans().At(0).ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	td.ResourceSpans().AppendEmpty().Resource().Attributes().PutStr("service.name", "silent")
	other, _ := request(t, attributes{"service.name": "two"}, attributes{"error.type": "E"})
	other.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	bare, _ := request(t, nil, attributes{"error.type": "E"})
	bare.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	got := read(td)
	assert.Equal(t, []string{"one", "two", ""}, got.alive)
	require.Len(t, got.spans, 3)
	assert.Equal(t, "recsys", got.spans[0].Job)
	assert.Equal(t, "two", got.spans[1].Service)
	assert.Empty(t, got.spans[1].Job)
	assert.Empty(t, got.spans[2].Service)
}

func TestUnreadable(t *testing.T) {
	for key, values := range map[string][]any{
		"cicd.pipeline.run.id":          {1.5, true, []any{"a"}, map[string]any{}},
		"cicd.pipeline.run.state":       {"running", 1},
		"cicd.pipeline.result":          {"ok", 1, "unknown"},
		"cicd.pipeline.task.run.result": {"", true},
		"ml.stage.attempt":              {"second", 0, -1, 1.5, true, "", math.MaxInt64, math.Inf(1), math.NaN()},
		"ml.stage.instances":            {0, "many"},
		"ml.stage.final":                {"maybe", 1},
		"ml.stage.rows.in":              {-1, "1e400", "a lot", 1.5, 1e300, "-3", []any{1}},
		"ml.stage.rows.out":             {"NaN", true},
		"ml.stage.null_ratio.amount":    {1.1, -0.1, "2 %", math.NaN(), true},
		"ml.stage.null_ratio.":          {0.5},
		"ml.stage.metric.auc":           {"high", true, "0,91"},
		"ml.stage.metric.":              {0.5},
	} {
		for _, v := range values {
			td, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{key: v})
			got := read(td)
			want, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, nil)
			assert.EqualValues(t, 1, got.unreadable, "%s = %v", key, v)
			assert.Equal(t, read(want).spans, got.spans, "%s = %v", key, v)
		}
	}
	td, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, nil)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutEmpty("cicd.pipeline.result")
	assert.Zero(t, read(td).unreadable, "an empty value is none")
}

func TestNumbers(t *testing.T) {
	for _, v := range []any{3, 3.0, "3", " 3 ", "3.0", "3e0"} {
		td, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"ml.stage.rows.out": v, "ml.stage.attempt": v, "ml.stage.metric.n": v})
		sp := read(td).spans[0]
		assert.EqualValues(t, 3, sp.RowsOut, "%v", v)
		assert.Equal(t, 3, sp.Attempt, "%v", v)
		assert.Equal(t, []run.Value{{Name: "n", Value: 3}}, sp.Metrics, "%v", v)
	}
	td, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"ml.stage.rows.out": "9007199254740993", "ml.stage.rows.in": 0, "ml.stage.final": true})
	sp := read(td).spans[0]
	assert.EqualValues(t, 9007199254740993, sp.RowsOut, "not through a float")
	assert.Zero(t, sp.RowsIn)
	assert.True(t, sp.Final)
	assert.False(t, sp.Retried)
}

func TestBounds(t *testing.T) {
	long := strings.Repeat("ä", 1000)
	td, s := request(t, attributes{"service.name": long, "cicd.pipeline.name": long, "cicd.pipeline.run.id": long}, attributes{
		"cicd.pipeline.task.name": "x" + long, "ml.stage.instance": long, "ml.stage.metric." + long: 1.0, "ml.stage.null_ratio." + long: 1.0,
		"ml.job.logical_date": long, "ml.job.resumes": long, "ml.stage.cause": long, "cicd.pipeline.task.run.id": long, "error.type": long,
		"deployment.environment.name": long,
	})
	s.SetName(long)
	s.Status().SetMessage(long)
	sp := read(td).spans[0]
	for _, name := range []string{
		sp.Service, sp.Job, sp.RunID, sp.Instance, sp.Metrics[0].Name, sp.NullRatios[0].Name, sp.LogicalDate, sp.Resumes, sp.Cause,
		sp.TaskRunID, sp.ExceptionType, sp.Environment, sp.Name,
	} {
		assert.Equal(t, long[:252]+"…", name)
	}
	assert.Equal(t, "x"+long[:252]+"…", sp.Task, "at the boundary of a character")
	assert.Equal(t, long[:1020]+"…", sp.Message)

	td, s = request(t, attributes{"cicd.pipeline.name": "recsys"}, nil)
	exceptionEvent(s, long, "y"+long)
	sp = read(td).spans[0]
	assert.Equal(t, long[:252]+"…", sp.ExceptionType)
	assert.Equal(t, "y"+long[:1020]+"…", sp.Message)

	td, s = request(t, attributes{"cicd.pipeline.name": "recsys"}, nil)
	for i := range maxValues + 1 {
		s.Attributes().PutDouble(mlconv.PrefixStageMetric+string(rune('a'+i%26))+strings.Repeat("x", i/26), 1)
	}
	sp = read(td).spans[0]
	assert.Len(t, sp.Metrics, maxValues)
	assert.True(t, sp.Dropped, "the others are unknown, not absent")

	td, s = request(t, attributes{"cicd.pipeline.name": "recsys"}, nil)
	s.SetStartTimestamp(0)
	s.SetEndTimestamp(math.MaxUint64)
	sp = read(td).spans[0]
	assert.True(t, sp.Start.IsZero())
	assert.True(t, sp.End.IsZero())
}

// What is released is not shared with what comes next.
func TestRelease(t *testing.T) {
	td, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"ml.stage.metric.auc": 0.9})
	r := new(reader)
	r.read(td, nil, func(string) {})
	kept := r.spans[0]
	r.release()
	r.spans = append(r.spans, run.Span{Job: "other"})
	assert.Equal(t, "recsys", kept.Job)
	assert.Equal(t, []run.Value{{Name: "auc", Value: 0.9}}, kept.Metrics)
	assert.Zero(t, r.unreadable)
	assert.Zero(t, r.counts)

	r.spans = make([]run.Span, maxKept+1)
	r.release()
	assert.Nil(t, r.spans, "a large buffer goes")
}

// load reads spans of real systems.
func load(t *testing.T, file string) ptrace.Traces { return loadShared(t, "spans", file) }

// loadCase reads the input of a case that went wrong once.
func loadCase(t *testing.T, file string) ptrace.Traces { return loadShared(t, "cases", file) }

func loadShared(t *testing.T, folder, file string) ptrace.Traces {
	t.Helper()
	data, err := os.ReadFile("../../../shared/data/" + folder + "/" + file)
	if os.IsNotExist(err) {
		t.Skipf("../shared/data/%s is absent: its spans are not part of this repository", folder)
	}
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
	require.NoError(t, err)
	return td
}

// GitHub's receiver writes cicd.* itself: the pipeline on the resource, its run id as a number, the
// steps as tasks.
func TestGitHubReceiver(t *testing.T) {
	got := read(load(t, "transcribed/github-receiver.json"))
	assert.Equal(t, int64(1), got.counts[kindRoot])
	assert.Equal(t, int64(5), got.counts[kindStage])
	for _, s := range got.spans {
		switch s.Kind {
		case run.KindRoot:
			assert.Equal(t, "14460881260", s.RunID)
			assert.Equal(t, "build-and-test", s.Job)
			assert.Equal(t, run.Failure, s.Outcome)
			assert.Equal(t, "failure", s.Message)
		case run.KindStage:
			assert.Equal(t, s.Name, s.Task)
			assert.Equal(t, run.Success, s.Outcome)
		default:
			assert.NotEqual(t, run.Failure, s.Outcome, s.Name)
		}
	}
}

// Airflow's spans as the processor in the README rewrites them.
func TestAirflow(t *testing.T) {
	td := normalized(t, load(t, "transcribed/airflow-3.2-failed-run.json"))
	got := read(td)
	assert.Equal(t, int64(1), got.counts[kindRoot])
	assert.Equal(t, int64(7), got.counts[kindStage])
	assert.Zero(t, got.unreadable)
	outcomes := map[string][]run.Outcome{}
	for _, s := range got.spans {
		assert.Equal(t, "churn_training", s.Job)
		assert.NotEmpty(t, s.RunID)
		if s.Kind == run.KindRoot {
			assert.Equal(t, run.Failure, s.Outcome)
			assert.NotEmpty(t, s.LogicalDate)
			continue
		}
		outcomes[s.Task] = append(outcomes[s.Task], s.Outcome)
		assert.Equal(t, s.Task == "score_shard", s.Instance != "", s.Name)
		assert.Equal(t, s.Task == "build_features" && s.Attempt == 1, s.Retried, s.Name)
	}
	assert.Equal(t, map[string][]run.Outcome{
		"extract": {run.Success}, "build_features": {run.Failure, run.Success}, "score_shard": {run.Success, run.Success},
		"maybe_calibrate": {run.Skip}, "train_model": {run.Failure},
	}, outcomes)
}

// normalized returns what ml_normalize makes of a request.
func normalized(t *testing.T, td ptrace.Traces) ptrace.Traces {
	t.Helper()
	factory := mlnormalizeprocessor.NewFactory()
	sink := new(consumertest.TracesSink)
	processor, err := factory.CreateTraces(t.Context(), processortest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig(), sink)
	require.NoError(t, err)
	require.NoError(t, processor.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, processor.ConsumeTraces(t.Context(), td))
	require.NoError(t, processor.Shutdown(t.Context()))
	require.Len(t, sink.AllTraces(), 1)
	return sink.AllTraces()[0]
}

// No system's spans without cicd.* are taken for a job's.
func TestOthersAreIgnored(t *testing.T) {
	for _, file := range []string{"captured/openinference-js-openai.json", "captured/vercel-ai-v7-genai.json", "transcribed/triton-otel.json", "transcribed/airflow-3.2-failed-run.json"} {
		td := load(t, file)
		got := read(td)
		assert.Zero(t, got.counts[kindRoot]+got.counts[kindStage]+got.counts[kindMarker], file)
		for _, s := range got.spans {
			assert.True(t, s.Outcome.Bad(), file)
		}
		assert.Equal(t, int64(td.SpanCount()), got.counts[kindIgnored]+int64(len(got.spans)), file)
	}
}
