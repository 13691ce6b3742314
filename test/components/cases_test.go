// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor"
)

// cards are the prices of the cases' README; claude has what its rows say.
const cards = `
kind: model
name: gpt-4o
also_known_as: ["arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/ab12cd34ef56"]
prices: {input_per_million: 2.5, output_per_million: 10, cached_input_per_million: 1.25}
---
kind: model
name: claude-sonnet-4-5
prices: {input_per_million: 3, output_per_million: 15, cached_input_per_million: 0.3}
`

const withCacheWrite = `
kind: model
name: claude-sonnet-4-5
prices: {input_per_million: 3, output_per_million: 15, cached_input_per_million: 0.3, cache_write_per_million: 3.75}
`

// want is what comes out for one model.
type want struct {
	calls, input, output float64
	// cost is in USD; 0 for none.
	cost float64
	// versions is the number of versions that are told apart, 1 where it is 0.
	versions int
}

// TestCalls sends each case through the pipeline of the default config and compares calls, tokens
// and cost with what the README of the cases says.
func TestCalls(t *testing.T) {
	for _, c := range []struct {
		file, cards string
		want        map[string]want
	}{
		{file: "A1-litellm-operation", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A31-litellm-cost", want: map[string]want{"no-card-model": {1, 1000, 200, 0.0042, 1}}},
		{file: "A2-litellm-nooperation", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A3-livekit", want: map[string]want{"gpt-4o": {1, 1000, 1000, 0.0125, 1}}},
		{file: "A23-responses-op", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A28-generatecontent", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A7-nested-llm", want: map[string]want{"claude-sonnet-4-5": {1, 1000, 200, 0.006, 1}}},
		{file: "double-nested", want: map[string]want{"claude-sonnet-4-5": {1, 10, 2, (10*3 + 2*15) / 1e6, 1}}},
		{file: "A29-adk-nested", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A5-pydantic-agent", want: map[string]want{"gpt-4o": {2, 113, 11, (113*2.5 + 11*10) / 1e6, 1}}},
		{file: "A4-litellm-promoted", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A6-agent-only", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A8-cache-details", want: map[string]want{"claude-sonnet-4-5": {1, 130_213, 100, 0.0439605, 1}}},
		{file: "A8b-cache-names", want: map[string]want{"claude-sonnet-4-5": {1, 130_213, 100, 0.0439605, 1}}},
		{file: "A8-cache-details", cards: withCacheWrite, want: map[string]want{"claude-sonnet-4-5": {1, 130_213, 100, 0.04490025, 1}}},
		{file: "A10-langfuse-exclusive", want: map[string]want{"gpt-4o": {1, 2495, 291, 0.0062675, 1}}},
		{file: "A11-azure-deployment", want: map[string]want{"our-prod-deployment": {1, 1000, 200, 0.0045, 1}}},
		{file: "A12-bedrock-arn", want: map[string]want{"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/ab12cd34ef56": {1, 1000, 200, 0.0045, 1}}},
		{file: "A19-stream-noversion", want: map[string]want{"gpt-4o": {2, 20, 4, 2 * (10*2.5 + 2*10) / 1e6, 1}}},
		{file: "A21-mlflow-usage", want: map[string]want{"gpt-4o": {1, 1000, 200, 0.0045, 1}}},
		{file: "A30b-pydantic-operation-cost", want: map[string]want{"no-card-model": {1, 1000, 200, 0.0042, 1}}},
		{file: "adk-call-llm", want: map[string]want{"gemini-2.5-flash": {1, 1001, 101, 0, 1}}},
		{file: "aws-invoke-model", want: map[string]want{"anthropic.claude-3-haiku-v1": {1, 1005, 105, 0, 1}}},
		{file: "anthropic-cached-exclusive", cards: withCacheWrite, want: map[string]want{"claude-sonnet-4-5": {1, 5, 1, (5*3 + 50_000*0.3 + 2000*3.75 + 15) / 1e6, 1}}},
		{file: "cache-write", cards: withCacheWrite, want: map[string]want{"claude-sonnet-4-5": {1, 300, 0, (250*3 + 50*3.75) / 1e6, 1}}},
		{file: "error-no-type", want: map[string]want{"m": {1, 0, 0, 0, 1}}},
		{file: "finish-json-text", want: map[string]want{"m": {1, 0, 0, 0, 1}}},
		{file: "langfuse-usage", want: map[string]want{"gpt-4o-mini": {1, 1001, 101, 0, 1}}},
		{file: "langfuse-cost-no-total", want: map[string]want{"m-no-card": {1, 10, 5, 0.75, 1}}},
		{file: "B17-scores", want: map[string]want{
			"B17": {calls: 1, versions: 1}, "B17b": {calls: 1, versions: 1}, "B17c": {calls: 1, versions: 1},
			"B17d": {calls: 1, versions: 1}, "B17e": {calls: 1, versions: 1}, "B17f": {calls: 1, versions: 1},
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			td := readCase(t, c.file)
			if c.cards == "" {
				c.cards = cards
			}
			out := count(t, td, c.cards)
			assert.ElementsMatch(t, slices.Collect(maps.Keys(c.want)), slices.Collect(maps.Keys(out)))
			for model, w := range c.want {
				got := out[model]
				assert.InDelta(t, w.calls, got.calls, 1e-9, "%s: calls", model)
				assert.InDelta(t, w.input, got.input, 1e-9, "%s: input", model)
				assert.InDelta(t, w.output, got.output, 1e-9, "%s: output", model)
				assert.InDelta(t, w.cost, got.cost, 1e-9, "%s: cost", model)
				assert.Equal(t, w.versions, got.versions, "%s: versions", model)
			}
		})
	}
}

// TestSpans compares attributes of the spans of cases.
func TestSpans(t *testing.T) {
	for _, c := range []struct {
		file string
		want map[string]any
	}{
		{"error-no-type", map[string]any{"error.type": "_OTHER"}},
		{"finish-json-text", map[string]any{"gen_ai.response.finish_reasons": []any{"stop"}}},
		{"A10-langfuse-exclusive", map[string]any{"gen_ai.usage.cache_read.input_tokens": int64(2304)}},
		{"A8-cache-details", map[string]any{"gen_ai.usage.cache_read.input_tokens": int64(128_955), "gen_ai.usage.cache_creation.input_tokens": int64(1253)}},
		{"A8b-cache-names", map[string]any{"gen_ai.usage.cache_read.input_tokens": int64(128_955), "gen_ai.usage.cache_creation.input_tokens": int64(1253)}},
		{"cache-write", map[string]any{"gen_ai.usage.cache_creation.input_tokens": int64(50)}},
		{"langfuse-cost-no-total", map[string]any{"ml.prediction.cost": 0.75, "ml.prediction.currency": "USD"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			td := readCase(t, c.file)
			normalize(t, testkit.Host{}, consumertest.NewNop())(td)
			attributes := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
			for key, value := range c.want {
				assert.Equal(t, value, attributes[key], key)
			}
		})
	}
}

// TestNoPromptIsLeft looks for the prompts and answers of all cases behind drop_content.
func TestNoPromptIsLeft(t *testing.T) {
	const mark = "CANARY"
	marked := 0
	for _, file := range allCases(t) {
		data, err := os.ReadFile(filepath.Join(folder, file+".json"))
		require.NoError(t, err)
		if !strings.Contains(string(data), mark) {
			continue
		}
		td := readCase(t, file)
		marked++
		normalize(t, testkit.Host{}, consumertest.NewNop())(td)
		assert.NotContains(t, text(t, td), mark, file)
	}
	assert.Positive(t, marked)
}

// TestJobs sends each case through ml_normalize and ml_job, and compares its alerts and stages.
func TestJobs(t *testing.T) {
	for _, c := range []struct {
		file string
		// alerts are name, stage; stages are the outcomes that are counted, by stage.
		alerts []string
		stages map[string]string
	}{
		{"D1-github-skipped-step", nil, map[string]string{"Checkout": "success", "Upload on failure": "skip", "Test": "success"}},
		{"D1b-github-real-failure", []string{"JobFailed Test", "JobFailed "}, map[string]string{"Checkout": "success", "Test": "failure", "Deploy": "skip"}},
		{"D1c-github-realistic", []string{"JobFailed Test"}, map[string]string{"Checkout": "success", "Test": "failure", "Deploy": "skip", "Post Checkout": "success"}},
		{"D7b-prefect-crashed", []string{"JobFailed load"}, map[string]string{"load": "error"}},
		{"d8-argo-retry", nil, map[string]string{"Pod": "success"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			td := readCase(t, c.file)
			synctest.Test(t, func(t *testing.T) {
				got := judge(t, td)
				assert.ElementsMatch(t, c.alerts, got.alerts(t))
				assert.Equal(t, c.stages, got.stages())
			})
		})
	}
}

// judge sends spans through ml_normalize and ml_job, in a bubble of synctest, and returns what has
// been written three hours later.
func judge(t *testing.T, td ptrace.Traces) *records {
	t.Helper()
	got := &records{}
	job := mljobconnector.NewFactory()
	set := connectortest.NewNopSettings(job.Type())
	cfg := job.CreateDefaultConfig()
	toLogs, err := job.CreateTracesToLogs(t.Context(), set, cfg, &got.LogsSink)
	require.NoError(t, err)
	toMetrics, err := job.CreateTracesToMetrics(t.Context(), set, cfg, &got.MetricsSink)
	require.NoError(t, err)
	for _, next := range []consumer.Traces{toLogs, toMetrics} {
		c := next.(component.Component)
		require.NoError(t, c.Start(t.Context(), testkit.Host{}))
		defer func() { require.NoError(t, c.Shutdown(context.Background())) }()
	}
	shift(td, time.Now())
	normalize(t, testkit.Host{}, consumertest.NewNop())(td)
	for _, next := range []consumer.Traces{toLogs, toMetrics} {
		copied := ptrace.NewTraces()
		td.CopyTo(copied)
		require.NoError(t, next.ConsumeTraces(t.Context(), copied))
	}
	testkit.Advance(3 * time.Hour)
	return got
}

// records are what ml_job writes.
type records struct {
	consumertest.LogsSink
	consumertest.MetricsSink
}

// alerts returns name and stage of the alerts that fired.
func (r *records) alerts(t testing.TB) (out []string) {
	for lr := range testkit.LogRecords(r.AllLogs()...) {
		a, err := alert.Decode(lr)
		require.NoError(t, err)
		if name := a.Name + " " + a.Labels["stage"]; a.State == alert.Firing && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// stages returns the outcomes of stages, by stage.
func (r *records) stages() map[string]string {
	out := map[string]string{}
	for _, md := range r.AllMetrics() {
		eachPoint(md, mlconv.MetricStageCount, func(attributes map[string]any, n float64) {
			if n > 0 {
				out[attributes[mlconv.AttrTaskName].(string)] = attributes[mlconv.AttrTaskRunResult].(string)
			}
		})
	}
	return out
}

// normalize starts ml_normalize, with drop_content, before the next component.
func normalize(t testing.TB, h component.Host, next consumer.Traces) func(ptrace.Traces) {
	t.Helper()
	f := mlnormalizeprocessor.NewFactory()
	p := created(t, h, f, dropping(t, true), next)
	return func(td ptrace.Traces) { require.NoError(t, p.ConsumeTraces(t.Context(), td)) }
}

// dropping is the config of ml_normalize with a value of drop_content.
func dropping(t testing.TB, drop any) component.Config {
	t.Helper()
	cfg := mlnormalizeprocessor.NewFactory().CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"drop_content": drop}).Unmarshal(cfg))
	return cfg
}

func created(t testing.TB, h component.Host, f processor.Factory, cfg component.Config, next consumer.Traces) processor.Traces {
	t.Helper()
	p, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p
}

// count sends a case through ml_normalize, ml_metadata, ml_summary and ml_drift, and returns what
// it has counted by model.
func count(t *testing.T, td ptrace.Traces, text string) map[string]want {
	t.Helper()
	h := testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalogtest.Load(t, text))}
	sink := &consumertest.MetricsSink{}
	drift, summary := mldriftconnector.NewFactory(), mlsummaryconnector.NewFactory()
	d, err := drift.CreateMetricsToMetrics(t.Context(), settings(drift), drift.CreateDefaultConfig(), sink)
	require.NoError(t, err)
	s, err := summary.CreateTracesToMetrics(t.Context(), settings(summary), summary.CreateDefaultConfig(), d)
	require.NoError(t, err)
	require.NoError(t, d.Start(t.Context(), h))
	require.NoError(t, s.Start(t.Context(), h))
	metadata := mlmetadataprocessor.NewFactory()
	shift(td, time.Now())
	normalize(t, h, created(t, h, metadata, metadata.CreateDefaultConfig(), s))(td)
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, d.Shutdown(t.Context()))
	all := sink.AllMetrics()
	require.NotEmpty(t, all)
	return totals(all[len(all)-1])
}

func settings(f connector.Factory) connector.Settings {
	set := connectortest.NewNopSettings(f.Type())
	set.TelemetrySettings = componenttest.NewNopTelemetrySettings()
	return set
}

func totals(md pmetric.Metrics) map[string]want {
	out := map[string]want{}
	versions := map[string]map[any]bool{}
	add := func(metric string, to func(w *want, attributes map[string]any, value float64)) {
		eachPoint(md, metric, func(attributes map[string]any, value float64) {
			model, _ := attributes[mlconv.AttrModelName].(string)
			if versions[model] == nil {
				versions[model] = map[any]bool{}
			}
			versions[model][attributes[mlconv.AttrModelVersion]] = true
			w := out[model]
			to(&w, attributes, value)
			w.versions = len(versions[model])
			out[model] = w
		})
	}
	add(mlconv.MetricPredictionCount, func(w *want, _ map[string]any, value float64) { w.calls += value })
	add(mlconv.MetricTokenUsage, func(w *want, attributes map[string]any, value float64) {
		if attributes["gen_ai.token.type"] == "input" {
			w.input += value
		} else {
			w.output += value
		}
	})
	add(mlconv.MetricPredictionCost, func(w *want, _ map[string]any, value float64) { w.cost += value })
	return out
}

// eachPoint gives the points of a metric: the value of a number, the sum of a histogram.
func eachPoint(md pmetric.Metrics, name string, do func(attributes map[string]any, value float64)) {
	for p := range testkit.Points(name, md) {
		do(p.Attributes().AsRaw(), testkit.Number(p))
	}
	for m := range testkit.Metrics(md) {
		if m.Name() == name && m.Type() == pmetric.MetricTypeHistogram {
			for _, p := range m.Histogram().DataPoints().All() {
				do(p.Attributes().AsRaw(), p.Sum())
			}
		}
	}
}

const folder = "../../../shared/data/cases"

// allCases returns the names of the cases that are spans; it skips the test where there are none.
func allCases(t testing.TB) (out []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("the cases are not in %s", folder)
	}
	for _, f := range files {
		out = append(out, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return out
}

// readCase reads a case; it skips the test where there are none.
func readCase(t testing.TB, name string) ptrace.Traces {
	t.Helper()
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the cases are not in %s", folder)
	}
	data, err := os.ReadFile(filepath.Join(folder, name+".json"))
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
	require.NoError(t, err)
	return td
}

func text(t testing.TB, td ptrace.Traces) string {
	t.Helper()
	data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return string(data)
}

// shift moves all spans in time so that the last one ends now.
func shift(td ptrace.Traces, now time.Time) {
	var last pcommon.Timestamp
	each := func(do func(ptrace.Span)) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					do(span)
				}
			}
		}
	}
	each(func(s ptrace.Span) { last = max(last, s.EndTimestamp()) })
	by := pcommon.NewTimestampFromTime(now) - last // wraps around, and back
	each(func(s ptrace.Span) {
		s.SetStartTimestamp(s.StartTimestamp() + by)
		s.SetEndTimestamp(s.EndTimestamp() + by)
		for _, e := range s.Events().All() {
			e.SetTimestamp(e.Timestamp() + by)
		}
	})
}
