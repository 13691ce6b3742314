// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A client is one of the applications in testdata/clients, and what its instrumentation says of the
// calls it makes. Where that is less than what happened, the reason is that of the instrumentation;
// the summaries can know no more.
type client struct {
	// name is that of its service.
	name string
	// folder is where it is; env says which way it is to work.
	folder, env string
	dialect     string
	// reports says what the spans tell of a call.
	reports func(call) report
	// operations are the spans by gen_ai.operation.name: what is no call counts too, but not as a
	// prediction.
	operations map[string]int
	// left are attributes with text of the prompt that drop_content does not remove.
	left []string
}

// report is what the spans tell of a call: nothing, or that it was made, by which version, and how
// many tokens it took.
type report struct {
	made, version, tokens bool
	// estimated: the tokens are the client's own guess, not the server's count.
	estimated bool
	// errorType is what a refused call is said to have failed with.
	errorType string
}

var clients = []client{
	{
		name:    "openinference",
		folder:  "openinference",
		dialect: "openinference",
		reports: func(c call) report {
			switch {
			case c.refused: // its span is never ended
				return report{}
			case c.kind == streamed: // its span names no version: it counts with that of the model's last call
				return report{made: true, version: true}
			case c.kind == embeddings:
				return report{made: true}
			}
			return report{made: true, version: true, tokens: true}
		},
		operations: map[string]int{"chat": 5, "embeddings": 1, "invoke_agent": 1, "execute_tool": 1, "invoke_workflow": 1},
	},
	{
		name:    "openllmetry",
		folder:  "openllmetry",
		dialect: "openllmetry",
		reports: func(c call) report {
			switch {
			case c.refused, c.kind == embeddings: // its span is never ended; embeddings are not instrumented
				return report{}
			case c.kind == streamed:
				return report{made: true, version: true, tokens: true, estimated: true}
			}
			return report{made: true, version: true, tokens: true}
		},
		operations: map[string]int{"chat": 5, "invoke_agent": 1, "execute_tool": 1, "invoke_workflow": 1, "": 1}, // a task is nothing of these
	},
	{
		name:    "vercel-ai",
		folder:  "vercel-ai",
		dialect: "vercel_ai",
		reports: vercelReports,
		// Each text is an agent of one or two steps; an embedding has two spans.
		operations: map[string]int{"chat": 6, "embeddings": 2, "invoke_agent": 5, "agent_step": 6, "execute_tool": 1},
	},
	{
		name:       "vercel-ai-legacy",
		folder:     "vercel-ai",
		env:        "SPANS=legacy",
		dialect:    "vercel_ai",
		reports:    vercelReports,
		operations: map[string]int{"chat": 6, "embeddings": 1, "invoke_agent": 5, "execute_tool": 1, "": 1}, // ai.embed, around the call
	},
}

// vercelReports: the SDK tells all but which version has made an embedding.
func vercelReports(c call) report {
	switch {
	case c.refused:
		return report{made: true, errorType: "AI_APICallError"}
	case c.kind == embeddings:
		return report{made: true, tokens: true}
	}
	return report{made: true, version: true, tokens: true}
}

// Each client calls two models for chats, streamed or not, one for embeddings and one that refuses,
// within an agent and a tool. What the summaries then show is what the model server has counted,
// and nothing else.
func TestSummariesShowModelsAndTokensOfRealClients(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			r := drive(t, c, false)
			assert.Equal(t, expected(c, r), r.summary)
			assert.Equal(t, c.operations, operations(r.normalized))
			assert.Positive(t, r.collector.telemetry(t, "otelcol_ml_normalize_spans", map[string]string{"dialect": c.dialect}))

			kinds := map[kind]int{}
			for _, call := range r.calls {
				kinds[call.kind]++
			}
			assert.Equal(t, map[kind]int{chat: 4, streamed: 1, responses: 1, embeddings: 1}, kinds, "what the client has called")
			assertNothingIsCopied(t, r)
			for _, span := range r.normalized {
				if operations(map[string]ptrace.Span{"": span})["chat"] == 0 {
					continue
				}
				attributes := span.Attributes().AsRaw()
				assert.Equal(t, "openai", attributes["gen_ai.provider.name"], span.Name())
				assert.GreaterOrEqual(t, attributes["ml.llm.input.characters"], int64(len(promptText)), span.Name())
				assert.GreaterOrEqual(t, attributes["ml.llm.input.messages"], int64(1), span.Name())
			}
		})
	}
}

// With drop_content the numbers are the same, and no span has a word of what was said.
func TestDropContentLeavesNumbersAndNoText(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			r := drive(t, c, true)
			assert.Equal(t, expected(c, r), r.summary)
			var left []string
			for _, texts := range markers(r.normalized) {
				for _, text := range texts {
					left = append(left, text.where)
				}
			}
			slices.Sort(left)
			assert.Equal(t, c.left, slices.Compact(left), "where text is left on spans")
			said := map[string]bool{}
			for _, texts := range markers(r.received) {
				for _, text := range texts {
					said[text.marker] = true
				}
			}
			assert.Len(t, said, 3, "the client has sent no content to drop")
		})
	}
}

// expected is what the metrics page must show, by what the model server has answered and what the
// client tells of it.
func expected(c client, r run) summary {
	want := summary{predictions: map[series]float64{}, tokens: map[tokenSeries]tokens{}, failures: map[failure]float64{}}
	for _, call := range r.calls {
		said := c.reports(call)
		if !said.made {
			continue
		}
		s := series{model: call.asked}
		if said.version {
			s.version = call.answered
		}
		want.predictions[s]++
		if call.refused {
			want.failures[failure{call.asked, said.errorType}]++
		}
		if !said.tokens {
			continue
		}
		input, output := float64(call.input), float64(call.output)
		if said.estimated {
			input, output = r.estimate(call)
		}
		for kind, n := range map[string]float64{"input": input, "output": output} {
			if call.kind == embeddings && kind == "output" {
				continue // has none
			}
			key := tokenSeries{s, c.name, kind}
			have := want.tokens[key]
			want.tokens[key] = tokens{have.requests + 1, have.sum + n}
		}
	}
	return want
}

// estimate returns the token counts of a call as the client has put them on its span.
func (r run) estimate(c call) (input, output float64) {
	r.t.Helper()
	for _, span := range r.received {
		if id, ok := span.Attributes().Get("gen_ai.response.id"); ok && id.Str() == c.id {
			in, hasInput := span.Attributes().Get("gen_ai.usage.input_tokens")
			out, hasOutput := span.Attributes().Get("gen_ai.usage.output_tokens")
			require.True(r.t, hasInput && hasOutput, "%s has no token counts", span.Name())
			return float64(in.Int()), float64(out.Int())
		}
	}
	require.Fail(r.t, "no span of a call", "%+v", c)
	return 0, 0
}

// operations counts spans by what they do.
func operations(spans map[string]ptrace.Span) map[string]int {
	count := map[string]int{}
	for _, span := range spans {
		operation := ""
		if v, ok := span.Attributes().Get("gen_ai.operation.name"); ok {
			operation = v.Str()
		}
		count[operation]++
	}
	return count
}

// assertNothingIsCopied compares each span with what was received: there is more on it, and no text
// of a prompt or an answer in what is new.
func assertNothingIsCopied(t *testing.T, r run) {
	t.Helper()
	added := 0
	before := markers(r.received)
	for id, texts := range markers(r.normalized) {
		assert.Equal(t, before[id], texts, "where span %s has text of prompts and answers", id)
		added += r.normalized[id].Attributes().Len() - r.received[id].Attributes().Len()
	}
	assert.Len(t, r.normalized, len(r.received))
	assert.Greater(t, added, len(r.normalized), "attributes that were added")
}
