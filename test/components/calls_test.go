// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// traced is a span of a call as a library writes it: what it is of its own library, where it stands
// in the trace, and when it was, in seconds.
type traced struct {
	library    library
	id, parent byte
	start, end int
}

// library is how one writes a call of gpt-4o with 1000 and 200 tokens, 0 for none of its own.
type library struct {
	scope, span string
	attributes  map[string]any
}

var (
	openinference = library{"openinference.instrumentation.langchain", "ChatOpenAI", map[string]any{
		"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-2024-08-06", "llm.invocation_parameters": `{"model":"gpt-4o"}`, "llm.token_count.prompt": 1000, "llm.token_count.completion": 200,
	}}
	chain = library{"openinference.instrumentation.langchain", "RunnableSequence", map[string]any{"openinference.span.kind": "CHAIN"}}
	agent = library{"openinference.instrumentation.langchain", "agent", map[string]any{"openinference.span.kind": "AGENT"}}
	tool  = library{"openinference.instrumentation.langchain", "search", map[string]any{"openinference.span.kind": "TOOL"}}
	http  = library{"@opentelemetry/instrumentation-http", "POST", map[string]any{"http.request.method": "POST"}}

	openai = library{"opentelemetry.instrumentation.openai_v2", "chat gpt-4o", map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200,
	}}
	openaiStreamed = library{"opentelemetry.instrumentation.openai_v2", "chat gpt-4o", map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}}
	openllmetry    = library{"opentelemetry.instrumentation.openai.v1", "openai.chat", map[string]any{
		"llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.usage.prompt_tokens": 1000, "gen_ai.usage.completion_tokens": 200, "traceloop.workflow.name": "w",
	}}
	langfuse = library{"langfuse-sdk", "generation", map[string]any{
		"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o", "langfuse.observation.usage_details": `{"input":1000,"output":200}`,
	}}
	langsmith = library{"langsmith", "ChatOpenAI", map[string]any{
		"langsmith.span.kind": "llm", "gen_ai.request.model": "gpt-4o", "langsmith.usage_metadata": `{"input_tokens":1000,"output_tokens":200}`,
	}}
	litellm = library{"litellm", "litellm_request", map[string]any{
		"gen_ai.operation.name": "acompletion", "gen_ai.request.model": "openai/gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200,
	}}
	noOperation = library{"livekit-agents", "llm_request", map[string]any{"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200}}
	unknown     = library{"homegrown", "ask", map[string]any{"gen_ai.operation.name": "llm_call", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200}}
	callLLM     = library{"gcp.vertex.agent", "call_llm", map[string]any{"gen_ai.operation.name": "call_llm", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200}}
	mlflow      = library{"mlflow", "Completions", map[string]any{
		"mlflow.spanType": `"CHAT_MODEL"`, "mlflow.llm.model": `"gpt-4o"`, "mlflow.chat.tokenUsage": `{"input_tokens":1000,"output_tokens":200}`,
	}}
	vercel = library{"ai", "ai.generateText.doGenerate", map[string]any{"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4o", "ai.usage.inputTokens": 1000, "ai.usage.outputTokens": 200}}
	bare   = library{"homegrown", "ask", map[string]any{"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 1000, "llm.token_count.completion": 200}}
	plain  = library{"homegrown", "chat gpt-4o", map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200}}
)

// traceOf returns spans of one trace, each in resource and scope of its own or all of one resource.
func traceOf(t *testing.T, apart bool, spans []traced) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	for i, x := range spans {
		if apart || i == 0 {
			td.ResourceSpans().AppendEmpty().Resource().Attributes().PutStr("service.name", "shop")
		}
		ss := td.ResourceSpans().At(td.ResourceSpans().Len() - 1).ScopeSpans().AppendEmpty()
		ss.Scope().SetName(x.library.scope)
		s := ss.Spans().AppendEmpty()
		s.SetName(x.library.span)
		s.SetTraceID(pcommon.TraceID{7})
		s.SetSpanID(pcommon.SpanID{x.id})
		if x.parent != 0 {
			s.SetParentSpanID(pcommon.SpanID{x.parent})
		}
		begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(x.start) * time.Second)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(x.end) * time.Second)))
		require.NoError(t, s.Attributes().FromRaw(x.library.attributes))
	}
	return td
}

// TestCallOfTwoLibraries: a call that two libraries trace is one, in whatever order its spans come
// and wherever they stand; two that one library traces are two.
func TestCallOfTwoLibraries(t *testing.T) {
	const price = (1000*2.5 + 200*10) / 1e6
	for _, c := range []struct {
		name  string
		calls float64
		spans []traced
	}{
		{"framework around provider", 1, []traced{{openinference, 1, 0, 0, 9}, {openai, 2, 1, 1, 8}}},
		{"provider around framework", 1, []traced{{openai, 1, 0, 0, 9}, {openinference, 2, 1, 1, 8}}},
		{"three in each other", 1, []traced{{langfuse, 1, 0, 0, 9}, {openinference, 2, 1, 1, 8}, {openai, 3, 2, 2, 7}}},
		{"a request between", 1, []traced{{openinference, 1, 0, 0, 9}, {http, 2, 1, 1, 8}, {openai, 3, 2, 2, 7}}},
		{"a chain between", 1, []traced{{langsmith, 1, 0, 0, 9}, {chain, 2, 1, 1, 8}, {openai, 3, 2, 2, 7}}},
		{"a gateway", 1, []traced{{vercel, 1, 0, 0, 9}, {http, 2, 1, 1, 8}, {litellm, 3, 2, 2, 7}}},
		{"streamed: the provider's span has no tokens", 1, []traced{{openinference, 1, 0, 0, 9}, {openaiStreamed, 2, 1, 1, 8}}},
		{"without an operation around one", 1, []traced{{noOperation, 1, 0, 0, 9}, {openai, 2, 1, 1, 8}}},
		{"without an operation within one", 1, []traced{{openai, 1, 0, 0, 9}, {noOperation, 2, 1, 1, 8}}},
		{"one that nobody knows around one", 1, []traced{{unknown, 1, 0, 0, 9}, {http, 2, 1, 1, 8}, {openai, 3, 2, 2, 7}}},
		{"call_llm around one", 1, []traced{{callLLM, 1, 0, 0, 9}, {openai, 2, 1, 1, 8}}},
		{"an agent around both", 1, []traced{{agent, 1, 0, 0, 9}, {openinference, 2, 1, 1, 8}, {openai, 3, 2, 2, 7}}},

		{"siblings: framework and provider", 1, []traced{{openinference, 1, 9, 0, 9}, {openai, 2, 9, 1, 8}}},
		{"siblings: two of the provider", 1, []traced{{openllmetry, 1, 9, 0, 9}, {openai, 2, 9, 1, 8}}},
		{"siblings: of one program", 1, []traced{{bare, 1, 9, 0, 9}, {plain, 2, 9, 1, 8}}},
		{"siblings: Langfuse", 1, []traced{{langfuse, 1, 9, 0, 9}, {openllmetry, 2, 9, 1, 8}}},
		{"siblings: LangSmith and MLflow", 1, []traced{{langsmith, 1, 9, 0, 9}, {mlflow, 2, 9, 1, 8}}},
		{"siblings: three", 1, []traced{{langsmith, 1, 9, 0, 9}, {mlflow, 2, 9, 1, 8}, {litellm, 3, 9, 2, 7}}},
		{"siblings: without an operation", 1, []traced{{noOperation, 1, 9, 0, 9}, {openai, 2, 9, 1, 8}}},
		{"siblings: below different spans", 1, []traced{{agent, 1, 0, 0, 9}, {chain, 2, 1, 0, 9}, {openinference, 3, 2, 0, 9}, {openai, 4, 1, 1, 8}}},
		{"siblings: and nested", 1, []traced{{langfuse, 1, 0, 0, 9}, {openinference, 2, 1, 1, 8}, {openai, 3, 9, 1, 8}}},

		{"two calls at once, one library", 2, []traced{{openai, 1, 9, 0, 9}, {openai, 2, 9, 1, 8}}},
		{"two calls at once, one framework", 2, []traced{{openinference, 1, 9, 0, 9}, {openinference, 2, 9, 0, 9}}},
		{"two calls at once, each of two libraries", 2, []traced{{openinference, 1, 9, 0, 9}, {openai, 2, 9, 1, 8}, {openinference, 3, 9, 0, 8}, {openai, 4, 9, 1, 7}}},
		{"two calls at once, each of two nested libraries", 2, []traced{{openinference, 1, 9, 0, 9}, {openai, 2, 1, 1, 8}, {openinference, 3, 9, 0, 8}, {openai, 4, 3, 1, 7}}},
		{"one after the other", 2, []traced{{openinference, 1, 9, 0, 4}, {openai, 2, 9, 4, 8}}},
		{"a call of a tool of a call", 2, []traced{{openai, 1, 0, 0, 9}, {tool, 2, 1, 1, 8}, {openai, 3, 2, 2, 7}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, apart := range []bool{false, true} {
				for _, backwards := range []bool{false, true} {
					spans := slices.Clone(c.spans)
					if backwards {
						slices.Reverse(spans)
					}
					got := count(t, traceOf(t, apart, spans), "kind: model\nname: gpt-4o\nmodels: ['*/gpt-4o']\nprices: {input_per_million: 2.5, output_per_million: 10}\n")
					var sum want
					for _, w := range got {
						sum.calls += w.calls
						sum.input += w.input
						sum.output += w.output
						sum.cost += w.cost
					}
					assert.InDelta(t, c.calls, sum.calls, 0, "calls, apart %t, backwards %t: %v", apart, backwards, got)
					assert.InDelta(t, c.calls*1000, sum.input, 0, "input")
					assert.InDelta(t, c.calls*200, sum.output, 0, "output")
					assert.InDelta(t, c.calls*price, sum.cost, 1e-12, "cost")
				}
			}
		})
	}
}
