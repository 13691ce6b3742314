// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// spanOf is a span of a trace with a model and, unless tokens is 0, tokens. An operation of "-" is
// none.
type spanOf struct {
	trace, id, parent byte
	operation         string
	tokens            int
}

func traceOf(t testing.TB, spans ...spanOf) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	for i, s := range spans {
		rs := td.ResourceSpans().AppendEmpty() // each of a service of its own
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", i))
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetName(s.operation)
		if s.trace > 0 {
			span.SetTraceID(pcommon.TraceID{s.trace})
		}
		span.SetSpanID(pcommon.SpanID{s.id})
		if s.parent > 0 {
			span.SetParentSpanID(pcommon.SpanID{s.parent})
		}
		attrs := span.Attributes()
		if s.operation != "-" {
			attrs.PutStr("gen_ai.operation.name", s.operation)
		}
		attrs.PutStr("gen_ai.request.model", "m")
		if s.tokens > 0 {
			attrs.PutInt("gen_ai.usage.prompt_tokens", int64(s.tokens))
		}
	}
	return td
}

// counted returns the ids of the spans that are calls, and what was assumed.
func counted(t testing.TB, e *Engine, td ptrace.Traces) (ids []byte, stats Stats) {
	t.Helper()
	e.Traces(td, nil, func(s *Stats) {
		stats = Stats{Assumed: s.Assumed, Uncounted: s.Uncounted}
		stats.Spans = append(stats.Spans, s.Spans...)
	})
	for _, rs := range td.ResourceSpans().All() {
		span := rs.ScopeSpans().At(0).Spans().At(0)
		attributes := span.Attributes().AsRaw()
		operation, _ := attributes["gen_ai.operation.name"].(string)
		name, named := attributes[mlconv.AttrModelName]
		call := operation == "chat" || operation == "embeddings" || attributes[mlconv.AttrOperation] == "chat"
		require.Equal(t, call, named, "%v %v: a call has its model's name", span.SpanID(), attributes)
		if named {
			require.Equal(t, "m", name)
			ids = append(ids, span.SpanID()[0])
		}
	}
	return ids, stats
}

// Spans in doubt are calls where nothing below them, or of their trace, is.
func TestSpansInDoubt(t *testing.T) {
	for _, test := range []struct {
		name      string
		requests  [][]spanOf
		want      []byte // of all requests
		assumed   [Assumptions]int64
		uncounted [Reasons]int64
	}{
		{
			name: "no operation", requests: [][]spanOf{{{1, 1, 0, "-", 9}}}, want: []byte{1}, assumed: [4]int64{NoOperation: 1},
		},
		{
			name: "an operation that nobody knows, beside a call", requests: [][]spanOf{{{1, 1, 0, "score", 9}, {1, 2, 0, "chat", 9}}},
			want: []byte{1, 2}, assumed: [4]int64{UnknownOperation: 1},
		},
		{
			name: "around a call", requests: [][]spanOf{{{1, 1, 0, "score", 9}, {1, 2, 1, "chat", 9}}}, want: []byte{2}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "around a call with spans between them, the call first", requests: [][]spanOf{{{1, 4, 3, "chat", 9}, {1, 3, 2, "-", 0}, {1, 2, 1, "execute_tool", 0}, {1, 1, 0, "-", 9}}},
			want: []byte{4}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "around a call that came before", requests: [][]spanOf{{{1, 2, 1, "chat", 9}}, {{1, 1, 0, "call_llm", 9}}}, want: []byte{2}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "of the same id in another trace", requests: [][]spanOf{{{1, 2, 1, "chat", 9}}, {{2, 1, 0, "call_llm", 9}}}, want: []byte{2, 1},
		},
		{
			name: "one around another: the inner one", requests: [][]spanOf{{{1, 1, 0, "-", 9}, {1, 2, 1, "-", 9}}}, want: []byte{2},
			assumed: [4]int64{NoOperation: 1}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "without a trace", requests: [][]spanOf{{{0, 1, 0, "-", 9}, {0, 2, 1, "chat", 9}}}, want: []byte{1, 2}, assumed: [4]int64{NoOperation: 1},
		},
		{
			name: "an agent alone", requests: [][]spanOf{{{1, 1, 0, "invoke_agent", 9}, {1, 2, 1, "execute_tool", 9}}}, want: []byte{1}, assumed: [4]int64{WrapperIsCall: 1},
		},
		{
			name: "agents with steps alone: the steps", requests: [][]spanOf{{{1, 1, 0, "invoke_agent", 9}, {1, 2, 1, "agent_step", 5}, {1, 3, 1, "agent_step", 4}}}, want: []byte{2, 3},
			assumed: [4]int64{WrapperIsCall: 2}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "an agent whose trace has a call elsewhere", requests: [][]spanOf{{{1, 1, 0, "invoke_agent", 9}, {1, 2, 7, "chat", 9}}}, want: []byte{2}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "an agent whose trace had a call", requests: [][]spanOf{{{1, 2, 7, "chat", 9}}, {{1, 1, 0, "invoke_agent", 9}}}, want: []byte{2}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "an agent around a call in doubt", requests: [][]spanOf{{{1, 1, 0, "invoke_agent", 9}, {1, 2, 1, "score", 9}}}, want: []byte{2},
			assumed: [4]int64{UnknownOperation: 1}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "an agent around an agent that came before", requests: [][]spanOf{{{1, 2, 1, "invoke_agent", 9}}, {{1, 1, 0, "invoke_agent", 9}}}, want: []byte{2},
			assumed: [4]int64{WrapperIsCall: 1}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "an agent without a trace", requests: [][]spanOf{{{0, 1, 0, "invoke_agent", 9}}}, uncounted: [2]int64{Repeats: 1},
		},
		{
			name: "its own parent", requests: [][]spanOf{{{1, 1, 1, "-", 9}, {1, 2, 3, "invoke_agent", 9}, {1, 3, 2, "invoke_agent", 9}}}, uncounted: [2]int64{Repeats: 3},
		},
		{
			name: "without tokens", requests: [][]spanOf{{{1, 1, 0, "-", 0}, {1, 2, 0, "score", 0}, {1, 3, 0, "invoke_agent", 0}}}, uncounted: [2]int64{OperationUnknown: 1},
		},
		{name: "a tool", requests: [][]spanOf{{{1, 1, 0, "execute_tool", 9}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := engine(t, Options{})
			var got []byte
			var stats Stats
			for _, spans := range test.requests {
				ids, s := counted(t, e, traceOf(t, spans...))
				got = append(got, ids...)
				for i, n := range s.Assumed {
					stats.Assumed[i] += n
				}
				for i, n := range s.Uncounted {
					stats.Uncounted[i] += n
				}
				assert.EqualValues(t, len(spans), sum(s.Spans), "each span is counted once")
			}
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.assumed, stats.Assumed)
			assert.Equal(t, test.uncounted, stats.Uncounted)
		})
	}
}

func TestAgentsAreKept(t *testing.T) {
	ids, stats := counted(t, engine(t, Options{KeepAgents: true}), traceOf(t, spanOf{1, 1, 0, "invoke_agent", 9}, spanOf{2, 2, 0, "-", 9}))
	assert.Equal(t, []byte{2}, ids)
	assert.Zero(t, stats.Assumed[WrapperIsCall])
}

// A span in doubt is read with its own resource and scope.
func TestSpansInDoubtHaveTheirResource(t *testing.T) {
	td := traceOf(t, spanOf{1, 1, 0, "-", 9}, spanOf{2, 2, 0, "chat", 9})
	td.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrEnvironment, "staging")
	price := 1.0
	engine(t, Options{}).Traces(td, fakePrices{"staging/m/": {Input: &price, Currency: "EUR"}}, func(*Stats) {})
	assert.Equal(t, "EUR", firstSpan(td).Attributes().AsRaw()[mlconv.AttrPredictionCurrency])
	assert.NotContains(t, td.ResourceSpans().At(1).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw(), mlconv.AttrPredictionCurrency)
}

// Prompts of spans in doubt are dropped, too, and were measured before.
func TestSpansInDoubtLoseTheirContent(t *testing.T) {
	e := engine(t, Options{Drop: DropContent})
	td := given{attributes: m{"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3, "gen_ai.prompt": "secret"}}.traces(t)
	var dropped int64
	e.Traces(td, nil, func(s *Stats) { dropped = sum(s.Dropped[:]) })
	assert.Equal(t, m{
		"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": int64(3), "gen_ai.operation.name": "chat", "ml.model.name": "m", "ml.llm.input.characters": int64(6),
	}, firstSpan(td).Attributes().AsRaw())
	assert.EqualValues(t, 1, dropped)
}

func TestRecentCallsForgetWhatIsOld(t *testing.T) {
	r := newRecentCalls()
	trace := func(n int) pcommon.TraceID { return pcommon.TraceID{byte(n), byte(n >> 8), byte(n >> 16), 1} }
	assert.False(t, r.in(trace(1)))
	r.add(nil)
	for n := range 4 * rememberedCalls {
		r.add([]call{{trace: trace(n)}})
		require.True(t, r.in(trace(n)))
	}
	old, recent := 0, 0
	for n := range 1000 {
		if r.in(trace(n)) {
			old++
		}
		if r.in(trace(4*rememberedCalls - 1 - n)) {
			recent++
		}
	}
	assert.Zero(t, old)
	assert.Equal(t, 1000, recent)
}
