// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import "github.com/otelcol-ml/otelcol-ml/mlconv"

// OperationKind is what an operation of gen_ai.operation.name is to predictions.
type OperationKind uint8

// The kinds of operations.
const (
	// UnknownOperation is none that is known.
	UnknownOperation OperationKind = iota
	// NoOperation is the empty one.
	NoOperation
	// Inference is one call of one model.
	Inference
	// Wrapping is a span around calls: an agent, a step, a workflow. Its tokens are those of the
	// calls below it, and count only where there is no such call.
	Wrapping
	// Outer is around a call that another instrumentation may have seen, too.
	Outer
	// NoCall is neither a call of a model that answers nor a span around such calls, whatever it
	// says of tokens.
	NoCall
)

// OperationOf returns what an operation is.
func OperationOf(name string) OperationKind {
	switch name {
	case "":
		return NoOperation
	case "chat", "generate_content", "text_completion", "embeddings":
		return Inference
	case "invoke_agent", "invoke_workflow",
		"agent_step",                  // Vercel AI SDK 7
		"agent", "framework", "chain", // OpenLIT, Spring AI
		"workflow", "task", "plan", // hand-written and the conventions' drafts
		"execute_event_loop_cycle",        // Strands Agents
		"agent_run", "crew", "agent_turn": // CrewAI, LiveKit
		return Wrapping
	case "call_llm": // Google's ADK
		return Outer
	case "create_agent", "execute_tool", "retrieval", "rerank", "vectordb", "tool", "handoff", "guardrail", "evaluator",
		"create_memory", "search_memory", "update_memory", "upsert_memory", "delete_memory", "create_memory_store", "delete_memory_store":
		return NoCall
	default:
		return UnknownOperation
	}
}

// separates is true for the operation of a span between calls that makes requests of their own of
// them: a call below a tool is another one than the call around the tool. A framework's span
// between its own call and the provider's does not.
func separates(operation string) bool {
	switch operation {
	case "execute_tool", "create_agent", "invoke_agent", "invoke_workflow":
		return true
	default:
		return false
	}
}

// Signs are what tells a prediction from other spans.
type Signs struct {
	// Operation is gen_ai.operation.name, MLOperation ml.operation.name; empty where absent.
	Operation, MLOperation string
	// Answer says that an attribute is there whose Answer is true.
	Answer bool
	// Tokens says that the span has InputTokens or OutputTokens.
	Tokens bool
	// Failed says that the span's status is an error, or that it has an error.type.
	Failed bool
}

// Kind is what a span is.
type Kind uint8

// The kinds of spans. All but None and Unread are predictions if they name a model.
const (
	// None is not a prediction.
	None Kind = iota
	// Unread has tokens and an operation that nobody knows. It is not taken for a call.
	Unread
	// Answered has an answer, features or an embedding, or says that it is a prediction.
	Answered
	// Call is one call of a generative model.
	Call
	// Agent is an agent's or a workflow's that ml_normalize takes for a call.
	Agent
	// Bare failed before it had more to say than its model. It is a prediction if that is known: by
	// a card, or by earlier predictions.
	Bare
)

// IsPrediction is true for a span that is a prediction of the model that it names. known is asked
// whether that model has a card or has predicted before, where it matters.
func (k Kind) IsPrediction(known func() bool) bool {
	switch k {
	case Answered, Call, Agent:
		return true
	case Bare:
		return known()
	default:
		return false
	}
}

// Kind returns what a span with the signs is.
func (s Signs) Kind() Kind {
	operation := OperationOf(s.Operation)
	inference := operation == Inference || OperationOf(s.MLOperation) == Inference
	switch {
	case inference && (operation == Wrapping || separates(s.Operation)):
		return Agent
	case inference:
		return Call
	case s.Answer || s.MLOperation == mlconv.OperationPredict:
		return Answered
	case operation == Wrapping || operation == NoCall:
		return None
	case s.Failed:
		return Bare
	case s.Tokens:
		return Unread
	default:
		return None
	}
}
