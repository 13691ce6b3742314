// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// tokensToPrometheus is the way of the default config.
const tokensToPrometheus = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
processors: {ml_normalize: {}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift: {emit_interval: 100ms}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [ml_normalize], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [prometheus]}
`

// tokens are sums of tokens by what is said of them: "MODEL input", "MODEL output".
type tokens map[string]float64

// The tokens that real clients report are counted once, by model and direction: agents, steps and
// workflows repeat those of the calls below them.
func TestTokensOfCapturedSpansAreCountedOnce(t *testing.T) {
	const chat, embedding = "gpt-4o-mini", "text-embedding-3-small"
	for _, test := range []struct {
		file string
		// call says of a span as it was captured whether it is a call of a model, of which, and
		// under which keys it has its tokens.
		call func(span ptrace.Span) (model, input, output string, ok bool)
		want tokens
	}{
		{
			file: "captured/openinference-js-openai.json",
			call: func(span ptrace.Span) (model, input, output string, ok bool) {
				kind, _ := span.Attributes().Get("openinference.span.kind")
				return chat, "llm.token_count.prompt", "llm.token_count.completion", kind.AsString() == "LLM"
			},
			want: tokens{chat + " input": 69, chat + " output": 27},
		},
		{
			file: "captured/openllmetry-js.json",
			call: func(span ptrace.Span) (model, input, output string, ok bool) {
				return chat, "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", strings.HasPrefix(span.Name(), "chat ")
			},
			want: tokens{chat + " input": 50, chat + " output": 25},
		},
		{
			file: "captured/vercel-ai-v7-genai.json",
			call: func(span ptrace.Span) (model, input, output string, ok bool) {
				operation, model, _ := strings.Cut(span.Name(), " ")
				return model, "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", operation == "chat" || operation == "embeddings"
			},
			want: tokens{chat + " input": 115, chat + " output": 45, embedding + " input": 8},
		},
	} {
		t.Run(test.file, func(t *testing.T) {
			td := sharedSpans(t, test.file)
			captured, everywhere := tokens{}, tokens{}
			eachSpan(td, func(span ptrace.Span) {
				model, input, output, ok := test.call(span)
				for direction, key := range map[string]string{"input": input, "output": output} {
					if n, found := span.Attributes().Get(key); found {
						everywhere[direction] += number64(n.AsRaw())
						if ok {
							captured[model+" "+direction] += number64(n.AsRaw())
						}
					}
				}
			})
			require.Equal(t, test.want, captured, "the calls in the file")
			if strings.Contains(test.file, "vercel") {
				require.Greater(t, everywhere["input"], captured[chat+" input"]+captured[embedding+" input"], "no parent repeats the tokens of a call: nothing is tested")
			}

			page := processtest.FreeAddr(t)
			c := start(t, tokensToPrometheus, "SCRAPE="+page)
			otlp := dial(t, c.otlp)
			otlp.send(td)
			shown := func() tokens {
				sums := tokens{}
				for _, s := range scrape(t, page)["gen_ai_client_token_usage"] {
					sums[s.labels["ml_model_name"]+" "+s.labels["gen_ai_token_type"]] += s.value
				}
				return sums
			}
			var got tokens
			processtest.WaitFor(t, 30*time.Second, "tokens on the page", func() bool {
				got = shown()
				return len(got) >= len(test.want) && c.telemetry(t, "otelcol_ml_summary_cells", "") == 0
			})
			// A call more: when it is there, so is all that was sent before it.
			marker := ptrace.NewTraces()
			span := marker.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			eachSpan(td, func(s ptrace.Span) { span.SetEndTimestamp(max(span.EndTimestamp(), s.EndTimestamp())) })
			span.SetStartTimestamp(span.EndTimestamp() - 1)
			require.NoError(t, span.Attributes().FromRaw(map[string]any{
				"gen_ai.operation.name": "chat", "gen_ai.request.model": "marker", "gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 2,
			}))
			otlp.send(marker)
			processtest.WaitFor(t, 30*time.Second, "the marker", func() bool {
				got = shown()
				return got["marker output"] == 2
			})
			c.Stop()
			delete(got, "marker input")
			delete(got, "marker output")
			assert.Equal(t, test.want, got)
		})
	}
}

// number64 reads a count, which JavaScript may write as a double.
func number64(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}
