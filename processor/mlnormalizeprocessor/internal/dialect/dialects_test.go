// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
)

type m = map[string]any

// TestScopeThatManyShare keeps the scope of OpenTelemetry's own Python instrumentations from being
// taken for OpenLLMetry.
func TestScopeThatManyShare(t *testing.T) {
	_, stats := read(t, engine(t, Options{}), given{scope: "opentelemetry.instrumentation.flask", attributes: m{"http.route": "/"}}, nil)
	assert.Equal(t, int64(1), stats.Foreign)
}

// TestKept: what is there stays as it is, also where it is wrong.
func TestKept(t *testing.T) {
	e := engine(t, Options{})
	added, _ := read(t, e, given{attributes: m{
		"openinference.span.kind": "LLM", "gen_ai.operation.name": "text_completion", "ml.model.name": "mine", "llm.model_name": "gpt", "llm.token_count.prompt": 5,
		"gen_ai.usage.input_tokens": 4,
	}}, nil)
	assert.Equal(t, m{"ml.model.version": "gpt"}, added)
}

func TestUnreadable(t *testing.T) {
	e := engine(t, Options{MaxJSON: 40})
	deep := ""
	for range 2 * jsonscan.MaxDepth {
		deep += "["
	}
	for _, text := range []string{`{"input":`, `{"input":1} x`, `{"input":"a` + "\n" + `"}`, `{"input": 1, "a long text that is not read": 0}`, deep, `{"input":"many"}`, `{"input":1.5}`} {
		added, stats := read(t, e, given{scope: "langfuse-sdk", attributes: m{"langfuse.observation.usage_details": text}}, nil)
		assert.Empty(t, added, text)
		assert.Positive(t, sum(stats.Unreadable), text)
	}
	_, stats := read(t, e, given{scope: "langfuse-sdk", attributes: m{"langfuse.observation.usage_details": "no JSON"}}, nil)
	assert.Zero(t, sum(stats.Unreadable), "a text has no paths")
}

type fakePrices map[string]Price

func (f fakePrices) Price(environment, model, version string, _ pcommon.Timestamp) (Price, Priced) {
	p, ok := f[environment+"/"+model+"/"+version]
	if !ok {
		return p, NoPrice
	}
	return p, HasPrice
}

// TestEnvironment asks for the price in the span's environment, else in its resource's, by the
// older name where there is no other.
func TestEnvironment(t *testing.T) {
	e := engine(t, Options{})
	in := 1.0
	for want, where := range map[string][2]m{
		"a": {{"deployment.environment.name": "a", "deployment.environment": "b"}, {"deployment.environment.name": "c"}},
		"b": {{"deployment.environment": "b"}, {"deployment.environment.name": "c"}},
		"c": {{"deployment.environment.name": ""}, {"deployment.environment.name": "c", "deployment.environment": "d"}},
		"d": {{}, {"deployment.environment": "d"}},
		"":  {{}, {}},
	} {
		attributes := m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", "gen_ai.usage.input_tokens": 1_000_000}
		maps.Copy(attributes, where[0])
		added, _ := read(t, e, given{resource: where[1], attributes: attributes}, fakePrices{want + "/gpt/": {Input: &in, Currency: "USD"}})
		assert.Equal(t, 1.0, added["ml.prediction.cost"], "%q", want)
	}
}

func TestPrice(t *testing.T) {
	e := engine(t, Options{})
	in, out, cached := 2.0, 8.0, 0.5
	call := func(attributes m, p Price) map[string]any {
		attributes["gen_ai.operation.name"], attributes["gen_ai.request.model"], attributes["gen_ai.response.model"] = "chat", "gpt", "gpt-1"
		added, _ := read(t, e, given{resource: m{"deployment.environment.name": "prod"}, attributes: attributes}, fakePrices{"prod/gpt/gpt-1": p})
		delete(added, "ml.model.name")
		delete(added, "ml.model.version")
		return added
	}
	assert.Equal(t, m{"ml.prediction.cost": (1000*2 + 100*8.0) / 1e6, "ml.prediction.currency": "EUR"},
		call(m{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}, Price{Input: &in, Output: &out, Currency: "EUR"}))
	assert.Equal(t, m{"ml.prediction.cost": (600*2 + 400*0.5 + 100*8.0) / 1e6, "ml.prediction.currency": "USD"},
		call(m{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read.input_tokens": 400, "gen_ai.usage.output_tokens": 100},
			Price{Input: &in, Output: &out, CachedInput: &cached, Currency: "USD"}), "cached tokens are among the input tokens")
	assert.Equal(t, 0.002, call(m{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cost": 9.0}, Price{Input: &in, Currency: "USD"})["ml.prediction.cost"], "the card wins over the system")
	assert.Empty(t, call(m{"ml.prediction.cost": 1.0, "ml.prediction.currency": "USD", "gen_ai.usage.input_tokens": 1}, Price{Input: &in, Currency: "EUR"}), "the span wins over the card")
	assert.Empty(t, call(m{"gen_ai.usage.output_tokens": 100}, Price{Input: &in, Currency: "USD"}), "half a price is none")
	assert.Empty(t, call(m{}, Price{Input: &in, Currency: "USD"}), "no tokens, no cost")
	added, _ := read(t, e, given{attributes: m{"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt", "gen_ai.usage.input_tokens": 5}}, fakePrices{"/gpt/": {Input: &in}})
	assert.Empty(t, added, "an agent's tokens are those of its calls")
}

func TestRemoveOriginals(t *testing.T) {
	e := engine(t, Options{RemoveOriginals: true})
	td := given{attributes: m{
		"openinference.span.kind": "LLM", "llm.model_name": "gpt-1", "llm.invocation_parameters": `{"model":"gpt"}`, "llm.token_count.prompt": 5, "llm.token_count.total": 6,
		"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hello", "session.id": "s", "features.amount": 2.5, "confidence": 0.5, "x": "y",
	}}.traces(t)
	e.Traces(td, nil, func(*Stats) {})
	assert.Equal(t, m{
		"gen_ai.operation.name": "chat", "gen_ai.conversation.id": "s", "gen_ai.usage.input_tokens": int64(5), "ml.model.name": "gpt", "ml.model.version": "gpt-1",
		"ml.llm.input.characters": int64(5), "ml.llm.input.messages": int64(1), "ml.feature.amount": 2.5, "ml.prediction.confidence": 0.5,
		// What was only measured or read in part, or not read, is still there.
		"llm.invocation_parameters": `{"model":"gpt"}`, "llm.token_count.total": int64(6), "llm.input_messages.0.message.role": "user",
		"llm.input_messages.0.message.content": "hello", "session.id": "s", "x": "y",
	}, firstSpan(td).Attributes().AsRaw())

	td = given{kind: ptrace.SpanKindServer, attributes: m{"url.path": "/v2/models/fraud/infer"}}.traces(t)
	e.Traces(td, nil, func(*Stats) {})
	assert.Equal(t, m{"url.path": "/v2/models/fraud/infer", "ml.model.name": "fraud"}, firstSpan(td).Attributes().AsRaw(), "the path is no dialect's")
}

func TestDropContent(t *testing.T) {
	e := engine(t, Options{Drop: DropContent})
	td := given{attributes: m{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "secret", "gen_ai.prompt.name": "greeting",
		"gen_ai.output.messages": `[{"role":"assistant","parts":[{"content":"secret"}]}]`, "llm.prompts.0.content": "secret",
	}, events: []event{
		{name: "gen_ai.content.prompt", attributes: m{"gen_ai.prompt": "secret"}},
		{name: "gen_ai.client.inference.operation.details", attributes: m{"gen_ai.input.messages": "secret", "gen_ai.response.id": "r"}},
	}}.traces(t)
	var dropped int64
	e.Traces(td, nil, func(s *Stats) { dropped = sum(s.Dropped[:]) })
	span := firstSpan(td)
	assert.Equal(t, m{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.prompt.name": "greeting", "ml.model.name": "m",
		"ml.llm.input.characters": int64(6), "ml.llm.input.messages": int64(1), "ml.llm.output.characters": int64(6), "ml.llm.output.messages": int64(1),
	}, span.Attributes().AsRaw())
	require.Equal(t, 1, span.Events().Len())
	assert.Equal(t, m{"gen_ai.response.id": "r"}, span.Events().At(0).Attributes().AsRaw())
	assert.Equal(t, int64(6), dropped)

	// Content is dropped from spans of no dialect, too.
	td = given{attributes: m{"input.value": "secret", "a": 1}}.traces(t)
	e.Traces(td, nil, func(*Stats) {})
	assert.Equal(t, m{"a": int64(1)}, firstSpan(td).Attributes().AsRaw())
}

func TestBareFeatures(t *testing.T) {
	e := engine(t, Options{BareFeatures: true, Categories: []string{"city", "vip"}, ExcludeFeatures: []string{"debug"}})
	added, stats := read(t, e, given{attributes: m{
		"feature.distance": 12.4, "feature.chips": 1, "feature.name": "chat", "feature.flag": 3, "feature.city": "Berlin", "feature.vip": true, "feature.street": "x", "feature.debug": 1,
	}}, nil)
	assert.Equal(t, m{"ml.feature.distance": 12.4, "ml.feature.chips": int64(1), "ml.feature.city": "Berlin", "ml.feature.vip": true}, added)
	assert.Equal(t, []string{"handwritten"}, spoken(e, stats))
}
