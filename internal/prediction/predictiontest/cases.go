// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package predictiontest has the spans on which all components that ask whether a span is a
// prediction, and whose, must agree.
package predictiontest

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Case is one span with the right answer.
type Case struct {
	Name string
	// Span and Resource are attributes.
	Span, Resource map[string]any
	// Error is true for a span whose status is an error.
	Error bool
	// Want is whose the span is, and Kind what. Want has no meaning where the kind is None.
	Want prediction.Identity
	Kind prediction.Kind
}

// Traces returns the case's span in a request of its own. Each case has ids of its own.
func (c *Case) Traces(tb testing.TB, id byte) ptrace.Traces {
	tb.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(tb, rs.Resource().Attributes().FromRaw(c.Resource))
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	require.NoError(tb, s.Attributes().FromRaw(c.Span))
	s.SetTraceID(pcommon.TraceID{0: 1, 15: id})
	s.SetSpanID(pcommon.SpanID{0: 1, 7: id})
	s.SetStartTimestamp(1_700_000_000e9)
	s.SetEndTimestamp(1_700_000_001e9)
	if c.Error {
		s.Status().SetCode(ptrace.StatusCodeError)
	}
	return td
}

type attributes = map[string]any

// with returns attributes of a model m and more.
func with(more attributes) attributes {
	out := attributes{"ml.model.name": "m"}
	maps.Copy(out, more)
	return out
}

// Cases are the spans.
func Cases() []Case {
	m := prediction.Identity{Name: "m"}
	return append(kinds(m), identities()...)
}

// kinds tell what is a prediction.
func kinds(m prediction.Identity) []Case {
	answered := func(key string, v any) Case {
		return Case{Name: key, Span: with(attributes{key: v}), Want: m, Kind: prediction.Answered}
	}
	none := func(key string, v any) Case { return Case{Name: key + " alone", Span: with(attributes{key: v})} }
	operation := func(name string, kind prediction.Kind) Case {
		return Case{Name: name, Span: with(attributes{"gen_ai.operation.name": name}), Want: m, Kind: kind}
	}
	both := func(operation, ml string, kind prediction.Kind) Case {
		return Case{Name: operation + " as " + ml, Want: m, Kind: kind, Span: with(attributes{"gen_ai.operation.name": operation, "ml.operation.name": ml})}
	}
	return []Case{
		answered("ml.prediction.class", "ok"), answered("ml.prediction.value", 1.5), answered("ml.prediction.confidence", 0.5), answered("ml.prediction.score", 0.5),
		answered("ml.prediction.scores", `{"ok":1}`), answered("ml.prediction.ranking", []any{"a", "b"}), answered("ml.prediction.output.eta", 12.5),
		answered("ml.feature.amount", 12.5), answered("ml.features", `{"amount":12.5}`), answered("ml.embedding.query", []any{0.5, 0.25}),
		answered("ml.operation.name", "predict"),
		none("ml.prediction.id", "r-1"), none("ml.prediction.cost", 0.5), none("ml.prediction.currency", "USD"), none("ml.prediction.duration.unknown", true),
		none("ml.segment.country", "DE"), none("ml.batch.size", int64(3)), none("ml.feature_view.name", "v"), none("ml.feature.", "no name"),
		none("ml.operation.name", "train"), none("gen_ai.request.model", "m"),
		{Name: "a model alone", Span: with(nil)},
		{Name: "no model", Span: attributes{"ml.prediction.class": "ok"}},
		{Name: "nothing"},

		operation("chat", prediction.Call), operation("generate_content", prediction.Call), operation("text_completion", prediction.Call),
		operation("embeddings", prediction.Call),
		operation("invoke_agent", prediction.None), operation("invoke_workflow", prediction.None), operation("execute_tool", prediction.None),
		operation("create_agent", prediction.None), operation("agent_step", prediction.None), operation("retrieval", prediction.None),
		operation("made_up", prediction.None),
		both("acompletion", "chat", prediction.Call), both("invoke_agent", "chat", prediction.Agent), both("agent_step", "chat", prediction.Agent),
		{
			Name: "an agent with features", Want: m, Kind: prediction.Answered,
			Span: with(attributes{"gen_ai.operation.name": "invoke_agent", "ml.feature.a": 1.5}),
		},
		{Name: "an unknown operation with tokens", Want: m, Kind: prediction.Unread, Span: with(attributes{"gen_ai.operation.name": "made_up", "gen_ai.usage.input_tokens": int64(3)})},
		{Name: "tokens without an operation", Want: m, Kind: prediction.Unread, Span: with(attributes{"gen_ai.usage.output_tokens": int64(3)})},
		{Name: "an agent with tokens", Span: with(attributes{"gen_ai.operation.name": "agent_step", "gen_ai.usage.input_tokens": int64(3)})},
		{Name: "an error", Span: with(nil), Error: true, Want: m, Kind: prediction.Bare},
		{Name: "an error's type", Span: with(attributes{"error.type": "timeout"}), Want: m, Kind: prediction.Bare},
		{Name: "an error of an agent", Span: with(attributes{"gen_ai.operation.name": "invoke_agent"}), Error: true},
		{Name: "an error of nobody", Error: true},
	}
}

// identities tell whose a prediction is.
func identities() []Case {
	of := func(name string, want prediction.Identity, span, resource attributes) Case {
		out := attributes{"ml.prediction.class": "ok"}
		maps.Copy(out, span)
		return Case{Name: name, Span: out, Resource: resource, Want: want, Kind: prediction.Answered}
	}
	all := prediction.Identity{Name: "m", Version: "7", Role: "shadow", Environment: "prod"}
	named := attributes{"ml.model.name": "m", "ml.model.version": "7", "ml.model.role": "shadow", "deployment.environment.name": "prod"}
	return []Case{
		of("all on the span", all, named, nil),
		of("all on the resource", all, nil, named),
		of("span before resource", all, named, attributes{
			"ml.model.name": "other", "ml.model.version": "8", "ml.model.role": "canary", "deployment.environment.name": "staging",
		}),
		of("empty is absent", all, attributes{"ml.model.name": "", "ml.model.version": "", "ml.model.role": "", "deployment.environment.name": ""}, named),
		of("primary is the default", prediction.Identity{Name: "m"}, attributes{"ml.model.name": "m", "ml.model.role": "primary"}, nil),
		of("primary before another one of the resource", prediction.Identity{Name: "m"},
			attributes{"ml.model.name": "m", "ml.model.role": "primary"}, attributes{"ml.model.role": "shadow"}),
		of("an integer as version", prediction.Identity{Name: "m", Version: "7"}, attributes{"ml.model.name": "m", "ml.model.version": int64(7)}, nil),
		of("a large integer", prediction.Identity{Name: "m", Version: "20261129"}, attributes{"ml.model.name": "m", "ml.model.version": int64(20261129)}, nil),
		of("a whole number as version", prediction.Identity{Name: "m", Version: "7"}, attributes{"ml.model.name": "m"}, attributes{"ml.model.version": 7.0}),
		of("a number as version", prediction.Identity{Name: "m", Version: "1.5"}, attributes{"ml.model.name": "m", "ml.model.version": 1.5}, nil),
		of("a number as name", prediction.Identity{Name: "12"}, attributes{"ml.model.name": int64(12)}, nil),
		of("a map is no version", prediction.Identity{Name: "m", Version: "7"},
			attributes{"ml.model.name": "m", "ml.model.version": map[string]any{"a": "b"}}, attributes{"ml.model.version": "7"}),
		of("the older environment", prediction.Identity{Name: "m", Environment: "prod"}, attributes{"ml.model.name": "m", "deployment.environment": "prod"}, nil),
		of("the older environment of the resource", prediction.Identity{Name: "m", Environment: "prod"},
			attributes{"ml.model.name": "m"}, attributes{"deployment.environment": "prod"}),
		of("the newer environment before the older", prediction.Identity{Name: "m", Environment: "prod"}, attributes{"ml.model.name": "m"},
			attributes{"deployment.environment": "old", "deployment.environment.name": "prod"}),
		of("the span's older environment before the resource's newer", prediction.Identity{Name: "m", Environment: "prod"},
			attributes{"ml.model.name": "m", "deployment.environment": "prod"}, attributes{"deployment.environment.name": "staging"}),
	}
}
