// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestValuesThatDoNotFit gives rules what their targets cannot be: it stays where it is and is
// counted.
func TestValuesThatDoNotFit(t *testing.T) {
	e := engine(t, Options{})
	long := strings.Repeat("prompt ", 200)
	for name, attributes := range map[string]m{
		"negative tokens":        {"gen_ai.usage.prompt_tokens": -1},
		"tokens with a fraction": {"gen_ai.usage.prompt_tokens": 1.5},
		"tokens without end":     {"gen_ai.usage.prompt_tokens": math.Inf(1)},
		"tokens in words":        {"gen_ai.usage.prompt_tokens": "many"},
		"tokens as a list":       {"gen_ai.usage.prompt_tokens": []any{1}},
		"too many tokens":        {"gen_ai.usage.prompt_tokens": 1e18},
		"true tokens":            {"gen_ai.usage.prompt_tokens": true},
		"negative time":          {"gen_ai.server.ttft": -0.5},
		"confidence of truth":    {"confidence": true},
		"confidence of nothing":  {"confidence": math.NaN()},
		"confidence below 0":     {"confidence": -0.1},
		"confidence above 100":   {"confidence": 101},
		"confidence as a text":   {"confidence": "high"},
		"confidence as a map":    {"confidence": m{"a": 0.5}},
		"a long class":           {"prediction": long},
		"a long name":            {"model.name": long},
		"a structured name":      {"mlflow.spanType": `"LLM"`, "mlflow.llm.model": `{"a":"` + long + `"}`},
		"a map for a name":       {"model.name": m{"a": "b"}},
		"bytes for a name":       {"model.name": []byte("abc")},
		"a list of nothing":      {"gen_ai.response.finish_reason": []any{[]any{"stop"}, m{}, ""}},
		"a retry without a next": {"dagster.op_name": "x", "dagster.retry_number": int64(math.MaxInt64)},
		"a negative cost":        {"gen_ai.operation.name": "chat", "gen_ai.usage.cost": -1.0},
	} {
		added, stats := read(t, e, given{attributes: attributes}, nil)
		for _, known := range []string{"cicd.pipeline.task.name", "gen_ai.operation.name", "ml.prediction.currency"} {
			delete(added, known)
		}
		assert.Empty(t, added, name)
		assert.Equal(t, int64(1), sum(stats.Unreadable), name)
	}
}

// TestValuesThatFit are odd but right.
func TestValuesThatFit(t *testing.T) {
	e := engine(t, Options{})
	for _, c := range []struct{ given, want m }{
		{m{"gen_ai.usage.prompt_tokens": 23.0}, m{"gen_ai.usage.input_tokens": int64(23)}},
		{m{"gen_ai.usage.prompt_tokens": " 23\n"}, m{"gen_ai.usage.input_tokens": int64(23)}},
		{m{"confidence_pct": 100}, m{"ml.prediction.confidence": 1.0}},
		{m{"confidence": "0"}, m{"ml.prediction.confidence": 0.0}},
		{m{"gen_ai.response.finish_reason": []any{"stop", m{}, 3, ""}}, m{"gen_ai.response.finish_reasons": []any{"stop", "3"}}},
		{m{"model.name": 7}, m{"ml.model.name": "7"}},
		// An attribute that is there is not filled, even where it is empty or of another kind.
		{m{"gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.input_tokens": "12"}, m{}},
		{m{"model.name": "a", "ml.model.name": ""}, m{}},
		// Maps and lists are read as JSON is.
		{m{"langfuse.observation.usage_details": m{"input": 3}}, m{"gen_ai.usage.input_tokens": int64(3)}},
		{m{"langfuse.observation.usage_details": `{"input":3,"input":4}`}, m{"gen_ai.usage.input_tokens": int64(3)}},
		{m{"langfuse.observation.usage_details": `{"input":null}`}, m{}},
		{m{"langfuse.observation.usage_details": ""}, m{}},
		{m{"langfuse.observation.usage_details": 7}, m{}},
		{m{"langfuse.observation.usage_details": []any{m{"input": 3}}}, m{}},
	} {
		added, stats := read(t, e, given{attributes: c.given}, nil)
		assert.Equal(t, c.want, added, "%v", c.given)
		assert.Zero(t, sum(stats.Unreadable), "%v", c.given)
	}
}

// TestDialectsAtOnce reads one table of each concept, and never two of one.
func TestDialectsAtOnce(t *testing.T) {
	e := engine(t, Options{})
	added, stats := read(t, e, given{scope: "langfuse-sdk", attributes: m{
		"openinference.span.kind": "LLM", "llm.model_name": "gpt", "llm.token_count.prompt": 1, "langfuse.observation.usage_details": `{"input":2}`,
		"langfuse.observation.model.name": "other", "gen_ai.usage.completion_tokens": 5, "triton.model_name": "resnet", "model.name": "mine", "confidence": 0.5,
		"airflow.dag_id": "d", "pipeline.name": "p", "pipeline.stage": "s",
	}}, nil)
	assert.ElementsMatch(t, []string{"openinference", "triton", "airflow"}, spoken(e, stats))
	assert.Equal(t, m{
		"gen_ai.operation.name": "chat", "ml.model.name": "gpt", "gen_ai.usage.input_tokens": int64(1), "gen_ai.usage.output_tokens": int64(5),
		"ml.operation.name": "predict", "cicd.pipeline.name": "d",
	}, added)
}

// TestCachedTokens cost what they cost, also where they are no part of the input.
func TestCachedTokens(t *testing.T) {
	e := engine(t, Options{})
	in, out, cached := 1.0, 10.0, 0.1
	prices := fakePrices{"/gpt/": {Input: &in, Output: &out, CachedInput: &cached, Currency: "USD"}}
	for _, c := range []struct {
		in, cached, out any
		want            any
	}{
		{1000, 400, 0, (600 + 40.0) / 1e6},
		{1000, -400, 0, 1000 / 1e6},
		{1000, 4000, 0, (1000 + 400.0) / 1e6},
		{-1000, 0, 10, nil}, // how many went in is not known, and they cost, too
		{"1000", "400", 0, (600 + 40.0) / 1e6},
		{-1, 0, -1, nil},
	} {
		added, _ := read(t, e, given{attributes: m{
			"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", "gen_ai.usage.input_tokens": c.in,
			"gen_ai.usage.cache_read.input_tokens": c.cached, "gen_ai.usage.output_tokens": c.out,
		}}, prices)
		assert.Equal(t, c.want, added["ml.prediction.cost"], "%v", c)
	}
}

// quick fails where something takes time that only what grows with the square takes.
func quick(t *testing.T, what string, do func()) {
	t.Helper()
	start := time.Now()
	do()
	assert.Less(t, time.Since(start), 20*time.Second, what)
}

// TestSizes gives spans, resources and JSON of the size that a request may have.
func TestSizes(t *testing.T) {
	const many = 100_000
	for _, o := range []Options{{}, {RemoveOriginals: true, Drop: DropContent, BareFeatures: true}} {
		e := engine(t, o)
		td := func(fill func(attrs pcommon.Map)) ptrace.Traces {
			td := ptrace.NewTraces()
			fill(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes())
			return td
		}
		wide := func(key string) ptrace.Traces {
			return td(func(attrs pcommon.Map) {
				raw := map[string]any{"model.name": "m"}
				for i := range many {
					raw[fmt.Sprintf(key, i)] = i
				}
				_ = attrs.FromRaw(raw)
			})
		}
		for _, key := range []string{"features.f%d", "ml.feature.f%d", "llm.input_messages.%d.message.content", "gen_ai.prompt.%d.content", "some.key.%d"} {
			spans := wide(key)
			quick(t, key, func() { e.Traces(spans, nil, func(*Stats) {}) })
			name, _ := firstSpan(spans).Attributes().Get("ml.model.name")
			assert.Equal(t, "m", name.AsString())
		}
		// Twice as many that are both there and to be moved.
		both := td(func(attrs pcommon.Map) {
			raw := map[string]any{"model.name": "m"}
			for i := range many {
				raw[fmt.Sprint("features.f", i)], raw[fmt.Sprint("ml.feature.f", i)] = 1, 2
			}
			_ = attrs.FromRaw(raw)
		})
		quick(t, "both", func() { e.Traces(both, nil, func(*Stats) {}) })

		// A resource is read once, however many scopes and spans it has.
		scopes := ptrace.NewTraces()
		rs := scopes.ResourceSpans().AppendEmpty()
		raw := map[string]any{"cicd.pipeline.name": "d", "cicd.pipeline.run.status": "failure"}
		for i := range many / 2 {
			raw[fmt.Sprint("some.key.", i)] = i
		}
		require.NoError(t, rs.Resource().Attributes().FromRaw(raw))
		for range many / 2 {
			rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		}
		quick(t, "scopes", func() { e.Traces(scopes, nil, func(*Stats) {}) })
		result, _ := firstSpan(scopes).Attributes().Get("cicd.pipeline.result")
		assert.Equal(t, "failure", result.AsString())

		// JSON of the largest size that is read, and lists of any length.
		parts := "[" + strings.TrimSuffix(strings.Repeat(`{"role":"user","parts":[{"content":"x"}]},`, 20_000), ",") + "]"
		require.Less(t, len(parts), DefaultMaxJSON)
		reasons := make([]any, many)
		for i := range reasons {
			reasons[i] = "stop"
		}
		big := given{attributes: m{"gen_ai.input.messages": parts, "gen_ai.response.finish_reason": reasons}}.traces(t)
		quick(t, "JSON", func() { e.Traces(big, nil, func(*Stats) {}) })
		got := firstSpan(big).Attributes()
		n, _ := got.Get("ml.llm.input.messages")
		assert.Equal(t, int64(20_000), n.Int())
		list, _ := got.Get("gen_ai.response.finish_reasons")
		assert.Equal(t, maxItems, list.Slice().Len())
	}
}

// TestWideModel moves all features of a model that has many.
func TestWideModel(t *testing.T) {
	for _, remove := range []bool{false, true} {
		e := engine(t, Options{RemoveOriginals: remove})
		raw := m{"model.name": "m", "ml.feature.f0": -1}
		for i := range 2000 {
			raw[fmt.Sprint("features.f", i)] = i
		}
		td := given{attributes: raw}.traces(t)
		e.Traces(td, nil, func(s *Stats) { assert.Zero(t, sum(s.Unreadable)) })
		got := firstSpan(td).Attributes().AsRaw()
		assert.Equal(t, int64(-1), got["ml.feature.f0"], "what is there is not overwritten")
		assert.Equal(t, int64(1999), got["ml.feature.f1999"])
		want := 2002 + 1999 + 1
		if remove {
			want = 1 + 2000 + 1 // features.f0 has not moved
		}
		assert.Len(t, got, want)
	}
}

// TestRemovedWhereMoved keeps what was read in part, and a cost that was not the one taken.
func TestRemovedWhereMoved(t *testing.T) {
	e := engine(t, Options{RemoveOriginals: true})
	in := 1.0
	td := given{attributes: m{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", "gen_ai.usage.prompt_tokens": 5, "gen_ai.usage.cost": 9.0,
		"airflow.task_id": "x", "airflow.task.log_url": "http://h/?dag_run_id=r&map_index=1", "airflow.task_instance.state": "success",
	}}.traces(t)
	e.Traces(td, fakePrices{"/gpt/": {Input: &in, Currency: "USD"}}, func(*Stats) {})
	assert.Equal(t, m{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", "ml.model.name": "gpt", "gen_ai.usage.input_tokens": int64(5),
		"gen_ai.usage.cost": 9.0, "ml.prediction.cost": 5e-6, "ml.prediction.currency": "USD", "cicd.pipeline.task.name": "x",
		"airflow.task.log_url": "http://h/?dag_run_id=r&map_index=1", "cicd.pipeline.run.id": "r", "ml.stage.instance": "1", "cicd.pipeline.task.run.result": "success",
	}, firstSpan(td).Attributes().AsRaw())
}

// TestReadsAmongOtherParts holds a condition to all of its parts.
func TestReadsAmongOtherParts(t *testing.T) {
	tables, err := Tables("f.yaml", []byte("name: acme\nconcept: serving\ndetect: [{scope: acme, reads: [ml.model.name]}]\nmap: {ml.model.name: ['acme.answer#model', acme.model]}\n"))
	require.NoError(t, err)
	e := engine(t, Options{Extra: tables})
	for scope, want := range map[string]m{"acme": {"ml.model.name": "x"}, "other": {}} {
		added, _ := read(t, e, given{scope: scope, attributes: m{"acme.answer": `{"model":"x"}`}}, nil)
		assert.Equal(t, want, added)
	}
	_, err = Tables("f.yaml", []byte("name: acme\nconcept: serving\ndetect: [{any: [a], reads: [b]}]\nmap: {b: c}\nwrappers: [{reads: [b]}]\nspans: [{when: {reads: [b]}, map: {d: e}}]\ncontent: {attributes: ['resource:x', 'a#b']}\n---\nname: b\nconcept: llm\ndetect: [{has: 'resource:a.N.b'}]\nmap: {a: 'event:x:b.*'}\n"))
	for _, want := range []string{
		"detect[0]: has reads and any", "wrappers[0].reads: is for detect alone", "spans[0].when.reads: is for detect alone",
		`detect[0].has: "resource:a.N.b" has N or *, which are for attributes of the span`, `map.a: "event:x:b.*" has N or *`,
		`"resource:x" is no attribute of a span`, `"a#b" is no attribute of a span`,
	} {
		require.ErrorContains(t, err, want)
	}
}

// TestBrokenJSONThatDetects is no dialect and no panic.
func TestBrokenJSONThatDetects(t *testing.T) {
	tables, err := Tables("f.yaml", []byte("name: acme\nconcept: serving\ndetect: [{has: 'acme.answer#label'}, {equals: {'resource:acme.info#kind': [x]}}]\nmap: {ml.prediction.class: 'acme.answer#label'}\n"))
	require.NoError(t, err)
	e := engine(t, Options{Extra: tables})
	for answer, want := range map[string]m{`{"label":"x"}`: {"ml.prediction.class": "x"}, `{"label":`: {}, `{"other":"x"}`: {}} {
		added, stats := read(t, e, given{resource: m{"acme.info": `{"kind":`}, attributes: m{"acme.answer": answer}}, nil)
		assert.Equal(t, want, added, answer)
		assert.Zero(t, sum(stats.Unreadable))
	}
}
