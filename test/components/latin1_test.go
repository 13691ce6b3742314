// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// latin1 is a letter that is no UTF-8 by itself.
const latin1 = "\xfc"

// alone are our connectors without ml_normalize before them, and all that they emit.
type alone struct {
	t       *testing.T
	metrics consumertest.MetricsSink
	logs    consumertest.LogsSink
	traces  []consumer.Traces
	records []consumer.Logs
	started []component.Component
}

func newAlone(t *testing.T, stores map[string]*testkit.Storage) *alone {
	t.Helper()
	h := testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalogtest.Load(t, cards))}
	for name, storage := range stores {
		h[component.MustNewIDWithName("file_storage", name)] = storage
	}
	a := &alone{t: t}
	start := func(f connector.Factory, with map[string]any, create func(connector.Settings, component.Config) component.Component) {
		set := settings(f)
		set.ID = component.NewID(f.Type())
		a.started = append(a.started, create(set, configured(t, f, with)))
	}
	var deltas consumer.Metrics
	start(mldriftconnector.NewFactory(), map[string]any{"storage": "file_storage/drift", "emit_interval": "30m", "evidence": map[string]any{"per_window": 5}}, func(set connector.Settings, cfg component.Config) component.Component {
		f := mldriftconnector.NewFactory()
		metrics, err := f.CreateMetricsToMetrics(t.Context(), set, cfg, &a.metrics)
		require.NoError(t, err)
		logs, err := f.CreateMetricsToLogs(t.Context(), set, cfg, &a.logs)
		require.NoError(t, err)
		a.started = append(a.started, logs)
		deltas, err = consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
			require.NoError(t, testkit.StrictMetrics(md))
			for _, next := range []consumer.Metrics{metrics, logs} {
				copied := pmetric.NewMetrics()
				md.CopyTo(copied)
				require.NoError(t, next.ConsumeMetrics(ctx, copied))
			}
			return nil
		})
		require.NoError(t, err)
		return metrics
	})
	start(mlsummaryconnector.NewFactory(), map[string]any{"placement": true, "flush_interval": "10m", "feature_flush_interval": "10m", "segments": []any{"city", "city" + latin1}}, func(set connector.Settings, cfg component.Config) component.Component {
		c, err := mlsummaryconnector.NewFactory().CreateTracesToMetrics(t.Context(), set, cfg, deltas)
		require.NoError(t, err)
		a.traces = append(a.traces, c)
		return c
	})
	start(mlevaluationconnector.NewFactory(), map[string]any{"storage": "file_storage/evaluation", "emit_interval": "30m", "maturity": "1m", "shadow": map[string]any{
		"pairs": []any{map[string]any{"primary": "*", "shadow": "shadow*"}},
	}, "misjudged": map[string]any{"per_minute": 100}}, func(set connector.Settings, cfg component.Config) component.Component {
		f := mlevaluationconnector.NewFactory()
		metrics, err := f.CreateTracesToMetrics(t.Context(), set, cfg, &a.metrics)
		require.NoError(t, err)
		misjudged, err := f.CreateTracesToLogs(t.Context(), set, cfg, &a.logs)
		require.NoError(t, err)
		truth, err := f.CreateLogsToMetrics(t.Context(), set, cfg, &a.metrics)
		require.NoError(t, err)
		a.traces, a.records = append(a.traces, metrics), append(a.records, truth)
		a.started = append(a.started, misjudged, truth)
		return metrics
	})
	start(mljobconnector.NewFactory(), map[string]any{"storage": "file_storage/job", "metrics_interval": "10m"}, func(set connector.Settings, cfg component.Config) component.Component {
		f := mljobconnector.NewFactory()
		metrics, err := f.CreateTracesToMetrics(t.Context(), set, cfg, &a.metrics)
		require.NoError(t, err)
		alerts, err := f.CreateTracesToLogs(t.Context(), set, cfg, &a.logs)
		require.NoError(t, err)
		a.traces = append(a.traces, metrics)
		a.started = append(a.started, alerts)
		return metrics
	})
	for _, c := range a.started {
		require.NoError(t, c.Start(t.Context(), h))
	}
	return a
}

func (a *alone) send(td ptrace.Traces) {
	for _, next := range a.traces {
		copied := ptrace.NewTraces()
		td.CopyTo(copied)
		require.NoError(a.t, next.ConsumeTraces(a.t.Context(), copied))
	}
}

func (a *alone) label(ld plog.Logs) {
	for _, next := range a.records {
		copied := plog.NewLogs()
		ld.CopyTo(copied)
		require.NoError(a.t, next.ConsumeLogs(a.t.Context(), copied))
	}
}

// stop ends them, and returns all that they have emitted as text. A strict back end takes it.
func (a *alone) stop() string {
	t := a.t
	for _, c := range slices.Backward(a.started) {
		require.NoError(t, c.Shutdown(context.Background()))
	}
	var out strings.Builder
	for _, md := range a.metrics.AllMetrics() {
		require.NoError(t, testkit.StrictMetrics(md))
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		out.Write(text)
	}
	for _, ld := range a.logs.AllLogs() {
		require.NoError(t, testkit.StrictLogs(ld))
		text, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		out.Write(text)
	}
	return out.String()
}

// everything are spans of models and jobs that have a text in every place that is read; x is in all
// of them.
func everything(x string) ptrace.Traces {
	now := time.Now()
	td := ptrace.NewTraces()
	span := func(resource, attributes map[string]any) ptrace.Span {
		rs := td.ResourceSpans().AppendEmpty()
		_ = rs.Resource().Attributes().FromRaw(resource)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("scope" + x)
		s := ss.Spans().AppendEmpty()
		s.SetName("span" + x)
		s.TraceState().FromRaw("ot=th:8;a=" + x)
		id := byte(td.SpanCount())
		s.SetTraceID(pcommon.TraceID{7, id / 3})
		s.SetSpanID(pcommon.SpanID{id})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Second)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		_ = s.Attributes().FromRaw(attributes)
		return s
	}
	where := map[string]any{
		"service.name": "shop" + x, "deployment.environment.name": "production" + x, "host.name": "host" + x,
		"k8s.pod.name": "pod" + x, "k8s.namespace.name": "ns" + x, "k8s.pod.uid": "uid" + x,
	}
	answer := func(more map[string]any) map[string]any {
		all := map[string]any{
			"ml.model.name": "fraud" + x, "ml.model.version": "7" + x, "ml.prediction.class": "ok" + x, "ml.prediction.confidence": 0.9,
			"ml.prediction.id": "id" + x, "ml.segment.city": "M" + x + "nchen", "ml.segment.city" + x: "Z" + x + "rich",
			"ml.feature.merchant": "caf" + x, "ml.feature.merchant" + x: "caf" + x, "ml.feature.amount" + x: 5.5,
			"ml.data.source": "table" + x, "ml.data.version": "v" + x, "ml.prediction.unit": "unit" + x,
		}
		maps.Copy(all, more)
		return all
	}
	span(where, answer(nil))
	span(where, answer(map[string]any{"ml.features": map[string]any{"in map" + x: "value" + x}, "ml.prediction.scores": map[string]any{"a" + x: 0.7, "b" + x: 0.3}}))
	span(where, answer(map[string]any{"ml.features": `{"in json` + x + `": "value` + x + `", "number` + x + `": 3}`, "ml.prediction.scores": `{"a` + x + `":0.7,"b` + x + `":0.3}`}))
	span(where, answer(map[string]any{"ml.model.role": "shadow" + x, "ml.model.name": "shadow" + x}))
	span(where, answer(map[string]any{"ml.model.role": "shadow", "ml.model.name": "fraud" + x, "ml.model.version": "8" + x}))
	span(where, answer(map[string]any{"ml.prediction.ranking": []any{"item" + x, "other" + x}}))
	span(where, answer(map[string]any{"error.type": "TimeoutError" + x})).Status().SetCode(ptrace.StatusCodeError)
	span(where, map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt" + x, "ml.model.name": "gpt" + x, "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10,
		"ml.prediction.cost": 0.5, "ml.prediction.currency": "EUR" + x, "gen_ai.response.id": "response" + x,
	})
	span(where, map[string]any{"gen_ai.operation.name": "ask" + x, "ml.model.name": "gpt" + x, "gen_ai.usage.input_tokens": 100})
	span(where, answer(map[string]any{
		"ml.contract.violations": 1, "ml.contract.violated": []any{"amount" + x + "/range" + x}, "ml.contract.severity": "critical" + x, "ml.contract.rows": 1,
	}))

	job := func(more map[string]any) map[string]any {
		all := map[string]any{"cicd.pipeline.name": "nightly" + x, "cicd.pipeline.run.id": "run" + x, "ml.job.logical_date": "2026-11-01" + x}
		maps.Copy(all, more)
		return all
	}
	root := span(where, job(map[string]any{"cicd.pipeline.result": "failure", "error.type": "Fault" + x}))
	root.Status().SetCode(ptrace.StatusCodeError)
	root.Status().SetMessage("the run" + x)
	for i, more := range []map[string]any{
		{"cicd.pipeline.task.run.result": "success", "ml.stage.rows.out": 10, "ml.stage.metric.auc" + x: 0.9, "ml.stage.null_ratio.city" + x: 0.1},
		{"cicd.pipeline.task.run.result": "failure", "error.type": "OutOfMemory" + x, "ml.stage.cause": "upstream" + x},
		{"cicd.pipeline.task.run.result": "what" + x, "ml.stage.rows.out": "many" + x},
	} {
		more["cicd.pipeline.task.name"] = fmt.Sprintf("stage%d%s", i, x)
		more["ml.stage.instance"] = "instance" + x
		stage := span(where, job(more))
		stage.SetTraceID(root.TraceID())
		stage.SetParentSpanID(root.SpanID())
		if i == 1 {
			stage.Status().SetCode(ptrace.StatusCodeError)
			stage.Status().SetMessage("CUDA" + x)
			exception := stage.Events().AppendEmpty()
			exception.SetName("exception")
			exception.SetTimestamp(stage.EndTimestamp())
			exception.Attributes().PutStr("exception.type", "Error"+x)
			exception.Attributes().PutStr("exception.message", "no memory"+x+"\nfor you")
			exception.Attributes().PutStr("exception.stacktrace", "at"+x)
		}
	}
	return td
}

// truths are labels and what an evaluator says, with a text in every place.
func truths(x string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	record := func(event string, attributes map[string]any) {
		lr := records.AppendEmpty()
		lr.SetEventName(event)
		lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		lr.SetTraceID(pcommon.TraceID{7, 0})
		lr.SetSpanID(pcommon.SpanID{1})
		_ = lr.Attributes().FromRaw(attributes)
	}
	record("ml.ground_truth", map[string]any{"ml.model.name": "fraud" + x, "ml.prediction.id": "id" + x, "ml.label.class": "fraud" + x, "ml.label.source": "people" + x})
	record("ml.ground_truth", map[string]any{"ml.prediction.id": "id\uFFFD", "ml.label.class": "fraud"})
	for _, label := range []string{"good" + x, "bad"} {
		record("gen_ai.evaluation.result", map[string]any{
			"gen_ai.evaluation.name": "judge" + x, "gen_ai.evaluation.score.label": label, "gen_ai.evaluation.explanation": "because" + x, "gen_ai.response.id": "response\uFFFD",
		})
	}
	record("gen_ai.evaluation.result", map[string]any{"gen_ai.evaluation.name": "judge" + x, "error.type": "timeout" + x, "gen_ai.response.id": "response\uFFFD"})
	return ld
}

// newStores returns a store for each connector that has one, with values.
func newStores(values map[string]map[string][]byte) map[string]*testkit.Storage {
	stores := map[string]*testkit.Storage{}
	for _, name := range []string{"drift", "evaluation", "job"} {
		stores[name] = testkit.NewStorage(values[name])
	}
	return stores
}

// TestLatin1WithoutNormalize has our connectors read texts that are no UTF-8 in every place that
// they read, by themselves. A strict back end takes all that they emit, and all of it is there.
func TestLatin1WithoutNormalize(t *testing.T) {
	for name, x := range map[string]string{"Latin-1": latin1, "half a letter": "\xe2\x82", "a surrogate": "\xed\xa0\x80", "valid": "\uFFFD"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAlone(t, newStores(nil))
				for range 3 {
					a.send(everything(x))
					a.label(truths(x))
					testkit.Advance(10 * time.Minute)
				}
				testkit.Advance(3 * time.Hour)
				out := a.stop()
				for _, want := range []string{
					"fraud\uFFFD", "7\uFFFD", "shop\uFFFD", "production\uFFFD", "host\uFFFD", "pod\uFFFD", "M\uFFFDnchen", "caf\uFFFD", "merchant\uFFFD", "amount\uFFFD",
					"in map\uFFFD", "in json\uFFFD", "ok\uFFFD", "TimeoutError\uFFFD", "EUR\uFFFD", "gpt\uFFFD", "table\uFFFD", "judge\uFFFD", "good\uFFFD", "timeout\uFFFD",
					"nightly\uFFFD", "run\uFFFD", "stage1\uFFFD", "no memory\uFFFD",
				} {
					assert.Positive(t, strings.Count(out, want), want) // all of it is too long to be printed
				}
			})
		})
	}
}

// TestStoresInLatin1 begins with stores that a version wrote which kept names as they came, with the
// spans of TestLatin1WithoutNormalize. Nothing is set aside, and what leaves is valid.
func TestStoresInLatin1(t *testing.T) {
	data, err := os.ReadFile("testdata/latin1_stores.json")
	require.NoError(t, err)
	var quoted map[string]map[string][]byte // by keys that strconv has quoted
	require.NoError(t, json.Unmarshal(data, &quoted))
	values := map[string]map[string][]byte{}
	for name, store := range quoted {
		values[name] = map[string][]byte{}
		for key, value := range store {
			plain, err := strconv.Unquote(key)
			require.NoError(t, err)
			values[name][plain] = value
		}
		require.NotEmpty(t, values[name])
	}
	synctest.Test(t, func(t *testing.T) {
		stores := newStores(values)
		a := newAlone(t, stores)
		testkit.Advance(time.Hour)
		a.send(everything(latin1))
		testkit.Advance(3 * time.Hour)
		out := a.stop()
		for _, want := range []string{"fraud\uFFFD", "M\uFFFDnchen", "nightly\uFFFD", "judge\uFFFD"} {
			assert.Positive(t, strings.Count(out, want), want)
		}
		for name, storage := range stores {
			for key := range storage.Values() {
				assert.NotContains(t, key, "corrupt", name)
			}
		}
	})
}
