// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// outcomes returns the spans by what became of them.
func (w *watched) outcomes(t *testing.T) map[string]int64 {
	t.Helper()
	return sums(t, w.tel, "otelcol_ml_summary_spans", "outcome")
}

// sums returns a counter by the values of an attribute.
func sums(t *testing.T, tel *componenttest.Telemetry, name, key string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	m, err := tel.GetMetric(name)
	require.NoError(t, err)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		v, _ := p.Attributes.Value(attribute.Key(key))
		out[v.AsString()] += p.Value
	}
	return out
}

// selecting is a config with conditions.
func selecting(conditions ...string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Conditions = conditions
	return cfg
}

// TestConditions: a prediction counts where one of the conditions is true; what is no prediction is
// skipped without being asked.
func TestConditions(t *testing.T) {
	w := watch(t, selecting(
		`attributes["ml.segment.country"] == "DE"`,
		`span.attributes["amount"] / 10 > 5`,
		`resource.attributes["service.name"] == "shop" and instrumentation_scope.name == "lib"`,
	))
	for i, attributes := range []map[string]any{
		{"ml.segment.country": "DE"},                   // the first
		{"ml.segment.country": "FR"},                   // none; amount is not there: an error
		{"ml.segment.country": "FR", "amount": 100},    // the second
		{"ml.segment.country": "FR", "amount": "much"}, // an error
		{"ml.segment.country": "FR", "amount": 10},     // none
	} {
		attributes[mlconv.AttrPredictionClass] = "ok"
		w.consume(t, i+1, "m", attributes)
	}
	td := one1(9, "m", map[string]any{mlconv.AttrPredictionClass: "ok", "amount": 0})
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", "shop")
	td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().SetName("lib")
	require.NoError(t, w.ConsumeTraces(t.Context(), td)) // the third
	w.consume(t, 10, "", map[string]any{"http.route": "/"})
	assert.Equal(t, map[string]int64{"counted": 3, "not_selected": 3, "skipped": 1}, w.outcomes(t))
	assert.Equal(t, map[string]int64{"": 2}, sums(t, w.tel, "otelcol_ml_summary_condition_errors", ""))
	lines := w.logged("A condition cannot be evaluated")
	require.Len(t, lines, 1)
	assert.Equal(t, "conditions[1]", lines[0]["key"])
	w.flush(t.Context(), true)
	assert.EqualValues(t, 3, total(w.next.AllMetrics(), mlconv.MetricPredictionCount))
}

// agent makes calls of agents, as ml_normalize does.
func agent(td ptrace.Traces) ptrace.Traces {
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		if v, ok := s.Attributes().Get("gen_ai.operation.name"); ok && v.Str() == "invoke_agent" {
			s.Attributes().PutStr("ml.operation.name", "chat")
		}
	}
	return td
}

// TestConditionsAndCallsWithinCalls: what is not selected takes no part in what counts for what, but
// calls stay above and below each other.
func TestConditionsAndCallsWithinCalls(t *testing.T) {
	byModel := func(not string) *Config {
		return selecting(fmt.Sprintf(`attributes[%q] != %q`, mlconv.AttrModelName, not))
	}
	bySpan := func(not string) *Config { return selecting(fmt.Sprintf(`span_id.string != "%016s"`, not)) }
	for name, tt := range map[string]struct {
		cfg  *Config
		td   ptrace.Traces
		want map[string]int64
	}{
		"the outer call is not selected": {
			bySpan("1"), llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"}), map[string]int64{"counted": 1, "not_selected": 1},
		},
		"the inner call is not selected": {
			bySpan("2"), llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"}), map[string]int64{"counted": 1, "not_selected": 1},
		},
		"one between two is not selected": {
			bySpan("2"), llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"}, llmSpan{3, 2, "m", "chat"}),
			map[string]int64{"counted": 1, "not_selected": 1, "nested": 1},
		},
		"an agent between them separates though it is not selected": {
			byModel("a"), agent(llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "a", "invoke_agent"}, llmSpan{3, 2, "m", "chat"})),
			map[string]int64{"counted": 2, "not_selected": 1},
		},
		"an agent whose call is selected": {
			selecting("true"), agent(llm(1, llmSpan{1, 0, "m", "invoke_agent"}, llmSpan{2, 1, "n", "chat"})), map[string]int64{"counted": 1, "nested": 1},
		},
		"an agent whose call is not selected": {
			byModel("n"), agent(llm(1, llmSpan{1, 0, "m", "invoke_agent"}, llmSpan{2, 1, "n", "chat"})), map[string]int64{"counted": 1, "not_selected": 1},
		},
		"no call is selected": {
			selecting("false"), llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"}), map[string]int64{"not_selected": 2},
		},
		"all are": {
			selecting("true"), llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"}), map[string]int64{"counted": 1, "nested": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, tt.cfg)
			require.NoError(t, w.ConsumeTraces(t.Context(), tt.td))
			assert.Equal(t, tt.want, w.outcomes(t))
		})
	}
}

// TestConditionsAndFailuresAroundAnswers: a span that failed around an answer of the same model counts
// with it once; where the answer is not selected, the failure counts.
func TestConditionsAndFailuresAroundAnswers(t *testing.T) {
	request := func(first byte) ptrace.Traces {
		td := llm(first, llmSpan{1, 0, "m", ""}, llmSpan{2, 1, "m", ""})
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i, s := range spans.All() {
			s.Attributes().Remove("gen_ai.operation.name")
			s.Attributes().Remove("gen_ai.usage.input_tokens")
			s.Attributes().PutStr("side", []string{"client", "server"}[i])
			s.Status().SetCode(ptrace.StatusCodeError)
		}
		spans.At(1).Attributes().PutStr(mlconv.AttrPredictionClass, "x")
		return td
	}
	known := map[string]any{mlconv.AttrPredictionClass: "x", "side": "client"}
	for name, tt := range map[string]struct {
		conditions []string
		want       map[string]int64
	}{
		"no conditions": {nil, map[string]int64{"counted": 2, "nested": 1}},
		"all":           {[]string{"true"}, map[string]int64{"counted": 2, "nested": 1}},
		"the outer one": {[]string{`attributes["side"] == "client"`}, map[string]int64{"counted": 2, "not_selected": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, selecting(tt.conditions...))
			w.consume(t, 9, "m", known) // so that failures of the model count
			require.NoError(t, w.ConsumeTraces(t.Context(), request(1)))
			assert.Equal(t, tt.want, w.outcomes(t))
		})
	}
}

// TestConditionErrors: a config is read as the collector reads it, and says all at once.
func TestConditionErrors(t *testing.T) {
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(`
flush_interval: 1
conditions:
  - attributes["a"] == "b"
  - attributes["a"] = "b"
  - |
    name == "x"
    or nam == "y"
  - name
  - Frob(name)
`))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	err = cfg.Validate()
	for _, want := range []string{
		"'flush_interval': 1ns",
		`'conditions[1]': "attributes[\"a\"] = \"b\"": condition has invalid syntax: 1:17: unexpected token`,
		`'conditions[2]': "name == \"x\"\nor nam == \"y\"\n": segment "nam" from path "nam" is not a valid path`,
		`'conditions[3]': "name": condition has invalid syntax: 1:5: unexpected token`,
		`'conditions[4]': "Frob(name)": undefined function "Frob"`,
	} {
		require.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "conditions[0]")
	_, err = newConnector(connectortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.ErrorContains(t, err, "conditions[1]")
}

// BenchmarkConditions is what conditions cost beside none, of which BenchmarkConsumeTraces has the
// rest.
func BenchmarkConditions(b *testing.B) {
	td := benchTraces(b, benchSpans, putFeatures)
	for _, c := range []struct {
		name       string
		conditions []string
	}{
		{"none", nil},
		{"one", []string{`attributes["url.path"] == "/v1/predict"`}},
		{"three", []string{`name == "x"`, `resource.attributes["service.name"] == "x"`, `attributes["url.path"] == "/v1/predict"`}},
		{"one that selects nothing", []string{`attributes["url.path"] == "/v2/predict"`}},
		{"one that fails", []string{`attributes["url.path"] / 2 > 1`}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := started(b, selecting(c.conditions...), consumertest.NewNop(), newCatalog(fraudCard(20)))
			measure(b, s, td)
		})
	}
}
