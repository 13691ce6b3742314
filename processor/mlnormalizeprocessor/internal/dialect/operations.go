// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "slices"

// inferenceOperations are one call of one model. ml_summary counts the same.
var inferenceOperations = []string{"chat", "generate_content", "text_completion", "embeddings"}

// wrappingOperations are spans around calls: their tokens are those of the calls below them, and count only where there is no such call.
var wrappingOperations = []string{
	"invoke_agent", "invoke_workflow",
	"agent_step",                  // Vercel AI SDK 7
	"agent", "framework", "chain", // OpenLIT, Spring AI
	"workflow", "task", "plan", // hand-written and the conventions' drafts
	"execute_event_loop_cycle",        // Strands Agents
	"agent_run", "crew", "agent_turn", // CrewAI, LiveKit
}

// otherOperations are neither calls of a model that answers nor spans around them, whatever they say of tokens.
var otherOperations = []string{
	"create_agent", "execute_tool", "retrieval", "rerank", "vectordb", "tool", "handoff", "guardrail", "evaluator",
	"create_memory", "search_memory", "update_memory", "upsert_memory", "delete_memory", "create_memory_store", "delete_memory_store",
}

// outerOperation is what Google's ADK calls the span around a call that another instrumentation may have seen, too. It is known, but which of the
// two is there is not.
const outerOperation = "call_llm"

// doubt is why a span that is no call by its operation may be one.
type doubt uint8

const (
	// certain spans are calls, or are none.
	certain doubt = iota
	// unnamed spans have no operation, unknown ones one that nobody knows: with a model and tokens they are calls, unless one is below them.
	unnamed
	unknown
	// outer spans are the same by an operation that is known for it.
	outer
	// wrapping spans are agents, steps and workflows: with a model and tokens they stand for the calls of their trace where it has none.
	wrapping
)

// doubtOf says what an operation that is none of a call leaves open.
func doubtOf(operation string) doubt {
	switch {
	case operation == "":
		return unnamed
	case operation == outerOperation:
		return outer
	case slices.Contains(wrappingOperations, operation):
		return wrapping
	case slices.Contains(otherOperations, operation):
		return certain
	default:
		return unknown
	}
}
