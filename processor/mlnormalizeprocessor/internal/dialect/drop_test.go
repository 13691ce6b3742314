// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/contentkey"
)

// canary is what must not survive.
const canary = "CANARY"

// keyOf makes a key of a written pattern.
func keyOf(written string) string {
	return strings.ReplaceAll(strings.ReplaceAll(written, ".N", ".3"), anyStep, "some.thing")
}

// everywhere puts attributes on all that has some, within maps and lists, too.
func everywhere(t testing.TB, scope, name string, attributes map[string]any) (ptrace.Traces, plog.Logs) {
	t.Helper()
	put := func(attrs pcommon.Map) {
		for key, v := range attributes {
			require.NoError(t, attrs.PutEmpty(key).FromRaw(v))
			require.NoError(t, attrs.PutEmpty("within").FromRaw(m{"list": []any{m{"deeper": m{key: v}}}}))
		}
	}
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	put(rs.Resource().Attributes())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(scope)
	put(ss.Scope().Attributes())
	span := ss.Spans().AppendEmpty()
	span.SetName(name)
	put(span.Attributes())
	put(span.Links().AppendEmpty().Attributes())
	event := span.Events().AppendEmpty()
	event.SetName("exception")
	put(event.Attributes())

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	put(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scope)
	put(sl.Scope().Attributes())
	lr := sl.LogRecords().AppendEmpty()
	put(lr.Attributes())
	put(lr.Body().SetEmptyMap())
	return td, ld
}

// left drops content and returns what is then there, as JSON.
func left(t testing.TB, e *Engine, td ptrace.Traces, ld plog.Logs) (out string, stats Stats) {
	t.Helper()
	add := func(s *Stats) {
		for i, n := range s.Dropped {
			stats.Dropped[i] += n
		}
		for _, n := range s.Notes {
			n.Key = strings.Clone(n.Key)
			stats.Notes = append(stats.Notes, n)
		}
	}
	e.Traces(td, nil, add)
	e.Logs(ld, add)
	spans, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	logs, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return string(spans) + "\n" + string(logs), stats
}

// TestEveryListedKey puts a text under each key that a table or content.yaml lists, on spans of no
// dialect: it is gone from all places.
func TestEveryListedKey(t *testing.T) {
	e := engine(t, Options{Drop: DropContent})
	lists := map[string]content{}
	for _, table := range embedded() {
		lists[table.Name] = table.Content
	}
	for _, s := range systems() {
		lists[s.name] = s.content
	}
	checked := 0
	for name, list := range lists {
		for _, a := range list.attributes {
			td, ld := everywhere(t, "x", "GET /", m{keyOf(a.written): canary})
			out, stats := left(t, e, td, ld)
			assert.NotContains(t, out, canary, "%s: %s", name, a.written)
			for c, n := range stats.Dropped {
				assert.GreaterOrEqual(t, n, int64(2), "%s: %s from %v", name, a.written, Carrier(c))
			}
			checked++
		}
		for _, event := range list.events {
			td, ld := everywhere(t, "x", "GET /", m{})
			span := firstSpan(td)
			span.Events().At(0).SetName(event)
			span.Events().At(0).Attributes().PutStr("x", canary)
			lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
			lr.At(0).SetEventName(event)
			lr.At(0).Body().SetStr(canary)
			lr.AppendEmpty().Attributes().PutStr("event.name", event)
			lr.At(1).Body().SetEmptyMap().PutStr("x", canary)
			out, _ := left(t, e, td, ld)
			assert.NotContains(t, out, canary, "%s: event %s", name, event)
			assert.Zero(t, span.Events().Len())
			checked++
		}
	}
	assert.Greater(t, checked, 200)
}

// TestScopedContent: names that are content of one system are dropped from what is of it, whether
// scope or names say so, and stay elsewhere.
func TestScopedContent(t *testing.T) {
	e := engine(t, Options{Drop: DropContent})
	for _, s := range systems() {
		for _, a := range s.scoped.attributes {
			key := keyOf(a.written)
			for _, b := range s.beginnings {
				td, ld := everywhere(t, b+"x", "GET /", m{})
				firstSpan(td).Attributes().PutStr(key, canary)
				lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
				lr.Attributes().PutStr(key, canary)
				out, _ := left(t, e, td, ld)
				assert.NotContains(t, out, canary, "%s: %s by the scope %s", s.name, key, b)

				td, ld = everywhere(t, "", b+"x", m{})
				firstSpan(td).Attributes().PutStr(key, canary)
				logs := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
				logs.At(0).SetEventName(b + "x")
				logs.At(0).Attributes().PutStr(key, canary)
				logs.AppendEmpty().Body().SetStr(b + "x")
				logs.At(1).Attributes().PutStr(key, canary)
				out, _ = left(t, e, td, ld)
				assert.NotContains(t, out, canary, "%s: %s by the name %s", s.name, key, b)
			}
		}
	}
	td, ld := everywhere(t, "x", "GET /", m{})
	for _, key := range []string{"message", "response", "body", "content", "error"} {
		firstSpan(td).Attributes().PutStr(key, "here")
		ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr(key, "here")
	}
	out, stats := left(t, e, td, ld)
	assert.Equal(t, 10, strings.Count(out, "here"))
	assert.Zero(t, stats.Dropped)

	// A table may list a name that many share: numbers under it stay.
	td = given{attributes: m{"input": 3, "x": m{"output": true}}}.traces(t)
	_, stats = left(t, e, td, plog.NewLogs())
	assert.Zero(t, stats.Dropped)
}

// TestWords: texts under keys that end in a word for content go: the sure ones everywhere, the others
// from spans and log records of generative models. Names of the conventions and of the vocabulary, and
// numbers, stay.
func TestWords(t *testing.T) {
	e := engine(t, Options{Drop: DropContent})
	for _, w := range append(slices.Clone(contentkey.SureWords), contentkey.LooseWords...) {
		sure := slices.Contains(contentkey.SureWords, w)
		require.False(t, sure && slices.Contains(contentkey.LooseWords, w), "%s is there twice", w)
		for _, key := range []string{w, "acme." + w, "acme:" + w, "acme.a/" + w} {
			span := given{attributes: m{key: "text", "acme.n." + w: 3, "acme.b." + w: true}}.traces(t)
			_, stats := left(t, e, span, plog.NewLogs())
			assert.Equal(t, sure || e.content.keys.of(key)&listed != 0, stats.Dropped[OnSpan] == 1, key)
			generative := given{attributes: m{key: "text", "acme.n." + w: 3, "gen_ai.system": "x"}}.traces(t)
			_, stats = left(t, e, generative, plog.NewLogs())
			assert.Equal(t, int64(1), stats.Dropped[OnSpan], key)
		}
	}
	td := given{attributes: m{
		"gen_ai.system": "openai", "gen_ai.prompt.name": "greeting", "error.message": "boom", "db.query.text": "SELECT 1", "ml.prediction.class": "prompt",
		"ml.features": m{"prompt": "short", "input": "x"}, "ml.feature.prompt": "x", "messaging.operation": "publish", "prompt.length": "4", "http.route": "/prompt",
	}, events: []event{{name: "exception", attributes: m{"exception.message": "boom", "exception.stacktrace": "at x"}}}, message: "failed"}.traces(t)
	_, stats := left(t, e, td, plog.NewLogs())
	assert.Zero(t, stats.Dropped)
}

func TestStrict(t *testing.T) {
	e := engine(t, Options{Drop: DropUnknown, Keep: []string{"acme.tier", "acme.tags.*", "langfuse.observation.metadata.tenant", "acme.runs.N.id", "event:acme.done"}})
	long := strings.Repeat("x", shortText+1)
	kept := m{
		// OpenTelemetry's, the vocabulary's, tables' own.
		"http.request.method": "GET", "http.method": "GET", "url.path": "/x", "gen_ai.request.model": "gpt", "k8s.pod.label.app": "x", "user.id": "u",
		"ml.model.name": "fraud", "ml.feature.country": "DE", "ml.features": m{"country": "DE"}, "ml.prediction.scores": m{"a": 0.1},
		"openinference.span.kind": "LLM", "llm.model_name": "gpt", "ai.operationId": "ai.x", "airflow.dag_id": "d", "gen_ai.response.finish_reasons": []any{"stop"},
		"evaluations.0.evaluation.name": "relevance", "annotations.12.annotation.label": "good", "annotations.12.annotation.annotator_kind": "HUMAN",
		// Numbers, booleans, nothing.
		"acme.n": int64(3), "acme.d": 0.5, "acme.b": true, "acme.nil": nil,
		// What the operator keeps.
		"acme.tier": "gold", "acme.tags.a": []any{"x", "y", int64(1)}, "acme.runs.3.id": "r", "langfuse.observation.metadata.tenant": "t",
	}
	gone := m{
		"acme.text": canary, "acme.list": []any{canary}, "acme.numbers": []any{1.0}, "acme.map": m{"n": int64(1)}, "acme.bytes": []byte(canary), "": canary,
		"gen_ai.input.messages": canary, "gen_ai.tool.description": canary, "db.query.text": canary, "db.statement": canary, "url.full": canary, "url.query": canary,
		"exception.message": canary, "http.request.header.x": []any{canary}, "process.command_args": []any{canary}, "gen_ai.prompt.0.tokens": int64(3),
		"langfuse.observation.usage_details": `{"input":1}`, "langfuse.observation.metadata.other": canary, "features.comment": canary,
		"acme.tags.b": long, "acme.runs.x.id": canary, "acme.tags.c": m{"a": "b"}, "acme.tags.d": []any{[]any{"x"}}, "llm.input_messages.0.message.role": "user",
		"evaluations.0.evaluation.explanation": canary, "evaluations.0.evaluation.x": canary, "evaluations.x.evaluation.name": canary,
		"k8s.pod.annotation.x": canary, "error.message": canary, "traceloop.association.properties.x": canary,
	}
	both := maps.Clone(kept)
	maps.Copy(both, gone)
	td, ld := everywhere(t, "x", "GET /", both)
	span := firstSpan(td)
	span.Status().SetMessage(canary)
	for _, name := range []string{"acme.done", "acme." + canary} {
		span.Events().AppendEmpty().SetName(name)
	}
	out, stats := left(t, e, td, ld)
	assert.NotContains(t, out, canary)
	assert.Empty(t, span.Status().Message())
	require.Equal(t, 2, span.Events().Len())
	assert.Equal(t, "acme.done", span.Events().At(1).Name())
	rs := td.ResourceSpans().At(0)
	for place, attrs := range map[string]pcommon.Map{
		"resource": rs.Resource().Attributes(), "scope": rs.ScopeSpans().At(0).Scope().Attributes(), "link": span.Links().At(0).Attributes(),
		"event": span.Events().At(0).Attributes(), "log": ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes(),
	} {
		assert.Equal(t, kept, attrs.AsRaw(), place)
	}
	for _, n := range stats.Notes {
		assert.NotContains(t, n.Key, canary)
		assert.Empty(t, n.Value)
	}
	// Each of the keys, and what they were in; of the event also the one of an unknown name, of the
	// span the message.
	n := int64(len(gone) + 1)
	assert.Equal(t, [Carriers]int64{OnSpan: n + 1, OnEvent: n + 1, OnLink: n, OnScope: 2 * n, OnResource: 2 * n, OnLog: stats.Dropped[OnLog]}, stats.Dropped)
}

// TestKeep: a key that is named wins over the lists, a family does not, and what is long goes.
func TestKeep(t *testing.T) {
	long := strings.Repeat("x", shortText+1)
	for _, mode := range []Drop{DropContent, DropUnknown} {
		e := engine(t, Options{Drop: mode, Keep: []string{"input.value", "gen_ai.*", "span:message", "log:body", "prompt", "attribute:genkit:input"}})
		td := given{message: "short", attributes: m{"input.value": "a", "gen_ai.prompt": "b", "prompt": "c", "gen_ai.acme": "d", "genkit:input": "e"}}.traces(t)
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		records.AppendEmpty().Body().SetStr("short")
		left(t, e, td, ld)
		span := firstSpan(td)
		span.Attributes().Remove("ml.llm.input.characters")
		assert.Equal(t, m{"input.value": "a", "prompt": "c", "gen_ai.acme": "d", "genkit:input": "e"}, span.Attributes().AsRaw())
		assert.Equal(t, "short", span.Status().Message())
		assert.Equal(t, "short", records.At(0).Body().Str())

		td = given{message: long, attributes: m{"input.value": long, "prompt": long}}.traces(t)
		records.At(0).Body().SetStr(long)
		left(t, e, td, ld)
		assert.Empty(t, firstSpan(td).Attributes().AsRaw())
		assert.Equal(t, mode == DropUnknown, firstSpan(td).Status().Message() == "")
		assert.Equal(t, mode == DropUnknown, records.At(0).Body().Type() == pcommon.ValueTypeEmpty)
	}
	for _, wrong := range []string{"", " ", "*", "N", ".*", "span:name", "a#b", "resource:x", "event:", "a.*.b.*"} {
		_, err := New(Options{Drop: DropContent, Keep: []string{"a", wrong}})
		require.ErrorContains(t, err, "keep[1", wrong)
	}
}

// TestLogs: as they come from clients, which put prompts into attributes, maps and bodies.
func TestLogs(t *testing.T) {
	type record struct {
		scope, event string
		attributes   m
		body         any
	}
	for name, c := range map[string]struct {
		given, listed, strict record
	}{
		"Claude Code": {
			given: record{
				scope: "com.anthropic.claude_code.events", body: "claude_code.user_prompt",
				attributes: m{"event.name": "user_prompt", "prompt": canary, "prompt_length": 6, "session.id": "s", "acme": canary[:3]},
			},
			listed: record{body: "claude_code.user_prompt", attributes: m{"event.name": "user_prompt", "prompt_length": int64(6), "session.id": "s", "acme": canary[:3]}},
			strict: record{body: "claude_code.user_prompt", attributes: m{"event.name": "user_prompt", "prompt_length": int64(6), "session.id": "s"}},
		},
		"Claude Code's answers": {
			given:  record{body: "claude_code.assistant_response", attributes: m{"event.name": "assistant_response", "response": canary, "response_length": "6"}},
			listed: record{body: "claude_code.assistant_response", attributes: m{"event.name": "assistant_response", "response_length": "6"}},
			strict: record{body: "claude_code.assistant_response", attributes: m{"event.name": "assistant_response"}},
		},
		"Gemini CLI": {
			given:  record{attributes: m{"event.name": "gemini_cli.tool_call", "function_args": canary, "function_name": "x"}, body: "Tool call: x."},
			listed: record{attributes: m{"event.name": "gemini_cli.tool_call", "function_name": "x"}, body: "Tool call: x."},
			strict: record{attributes: m{"event.name": "gemini_cli.tool_call"}},
		},
		"Codex": {
			given:  record{attributes: m{"event.name": "codex.tool_result", "arguments": canary, "output": canary, "acme.state": "x"}},
			listed: record{attributes: m{"event.name": "codex.tool_result", "acme.state": "x"}},
			strict: record{attributes: m{"event.name": "codex.tool_result"}},
		},
		"OpenLIT": {
			given: record{
				event:      "gen_ai.client.inference.operation.details",
				attributes: m{"gen_ai.input.messages": []any{m{"role": "user", "parts": []any{m{"content": canary}}}}, "gen_ai.output.messages": canary, "gen_ai.request.model": "gpt"},
			},
			listed: record{event: "gen_ai.client.inference.operation.details", attributes: m{"gen_ai.request.model": "gpt"}},
			strict: record{event: "gen_ai.client.inference.operation.details", attributes: m{"gen_ai.request.model": "gpt"}},
		},
		"message of a user": {
			given:  record{event: "gen_ai.user.message", attributes: m{"gen_ai.system": "openai"}, body: m{"content": canary}},
			listed: record{event: "gen_ai.user.message", attributes: m{"gen_ai.system": "openai"}},
			strict: record{event: "gen_ai.user.message", attributes: m{"gen_ai.system": "openai"}},
		},
		"choice": {
			given:  record{attributes: m{"event.name": "gen_ai.choice"}, body: m{"index": 0, "message": m{"content": canary}}},
			listed: record{attributes: m{"event.name": "gen_ai.choice"}},
			strict: record{attributes: m{"event.name": "gen_ai.choice"}},
		},
		"body with keys": {
			given: record{body: m{
				"gen_ai": m{"input": m{"messages": canary}, "request": m{"model": "gpt"}, "n": 3}, "prompt": canary, "level": "info", "list": []any{m{"completion": canary, "n": 1}},
				"http.route": "/",
			}},
			listed: record{body: m{"gen_ai": m{"request": m{"model": "gpt"}, "n": int64(3)}, "level": "info", "list": []any{m{"n": int64(1)}}, "http.route": "/"}},
			strict: record{body: m{"gen_ai": m{"request": m{"model": "gpt"}, "n": int64(3)}, "http.route": "/"}},
		},
		"a text": {
			given:  record{body: "what happened", attributes: m{"message": "what happened", "log.file.name": "x.log"}},
			listed: record{body: "what happened", attributes: m{"message": "what happened", "log.file.name": "x.log"}},
			strict: record{attributes: m{"log.file.name": "x.log"}},
		},
		"a number": {given: record{body: 3}, listed: record{body: int64(3)}, strict: record{body: int64(3)}},
		"a list":   {given: record{body: []any{"a", m{"prompt": canary}}}, listed: record{body: []any{"a", m{}}}, strict: record{}},
		"bytes":    {given: record{body: []byte("x")}, listed: record{body: []byte("x")}, strict: record{}},
		"no name that is one": {
			given:  record{body: "what did you say user_prompt", attributes: m{"event.name": "user_prompt"}},
			listed: record{body: "what did you say user_prompt", attributes: m{"event.name": "user_prompt"}},
			strict: record{attributes: m{"event.name": "user_prompt"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for mode, want := range map[Drop]record{DropContent: c.listed, DropUnknown: c.strict} {
				e := engine(t, Options{Drop: mode})
				ld := plog.NewLogs()
				sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
				sl.Scope().SetName(c.given.scope)
				lr := sl.LogRecords().AppendEmpty()
				lr.SetEventName(c.given.event)
				require.NoError(t, lr.Attributes().FromRaw(c.given.attributes))
				require.NoError(t, lr.Body().FromRaw(c.given.body))
				out, _ := left(t, e, ptrace.NewTraces(), ld)
				if want.attributes == nil {
					want.attributes = m{}
				}
				assert.Equal(t, want.attributes, lr.Attributes().AsRaw())
				assert.Equal(t, want.body, lr.Body().AsRaw())
				assert.Equal(t, want.event, lr.EventName())
				assert.NotContains(t, out, canary)
			}
			e := engine(t, Options{})
			ld := plog.NewLogs()
			lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			require.NoError(t, lr.Attributes().FromRaw(c.given.attributes))
			before := lr.Attributes().AsRaw()
			e.Logs(ld, func(*Stats) { t.Error("nothing is to be done") })
			assert.Equal(t, before, lr.Attributes().AsRaw())
		})
	}
}

// TestNesting: what is too deep to be looked at is removed.
func TestNesting(t *testing.T) {
	for _, mode := range []Drop{DropContent, DropUnknown} {
		e := engine(t, Options{Drop: mode})
		for depth := range 3 * deepest {
			for _, list := range []bool{true, false} {
				v := pcommon.NewValueMap()
				v.Map().PutStr("prompt", canary)
				v.Map().PutStr("x", "here")
				for range depth {
					outer := pcommon.NewValueMap()
					if list {
						outer = pcommon.NewValueSlice()
						v.MoveTo(outer.Slice().AppendEmpty())
					} else {
						v.MoveTo(outer.Map().PutEmpty("a"))
					}
					v = outer
				}
				td := given{}.traces(t)
				v.CopyTo(firstSpan(td).Attributes().PutEmpty("acme"))
				ld := plog.NewLogs()
				v.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body())
				out, stats := left(t, e, td, ld)
				assert.NotContains(t, out, canary)
				assert.Positive(t, stats.Dropped[OnLog])
				assert.Equal(t, mode == DropContent && depth < deepest, strings.Contains(out, "here"), "depth %d", depth)
			}
		}
	}
}

// TestNamesAreSaidOnce: each name is said once, and so many of them.
func TestNamesAreSaidOnce(t *testing.T) {
	e := engine(t, Options{Drop: DropUnknown})
	seen := map[string]int{}
	lasts := 0
	for i := range 2 * maxSaid {
		for range 2 {
			td := given{attributes: m{fmt.Sprintf("acme.%d", i): "x"}}.traces(t)
			e.Traces(td, nil, func(s *Stats) {
				for _, n := range s.Notes {
					seen[strings.Clone(n.Key)]++
					if n.Last {
						lasts++
					}
				}
			})
		}
	}
	assert.Len(t, seen, maxSaid)
	assert.Equal(t, 1, lasts)
	for name, n := range seen {
		assert.Equal(t, 1, n, name)
	}
	// A request has room for a few notes; the rest is said by the next ones.
	e = engine(t, Options{Drop: DropUnknown})
	said := 0
	for range 4 {
		attributes := m{}
		for i := range 3 * maxNotes {
			attributes[fmt.Sprintf("acme.%d", i)] = "x"
		}
		e.Traces(given{attributes: attributes}.traces(t), nil, func(s *Stats) { said += len(s.Notes) })
	}
	assert.Equal(t, 3*maxNotes, said)
}

func TestUnmarshalDrop(t *testing.T) {
	for text, want := range map[string]Drop{"false": DropNothing, "true": DropContent, "strict": DropUnknown} {
		var d Drop
		require.NoError(t, d.UnmarshalText([]byte(text)))
		assert.Equal(t, want, d)
	}
	var d Drop
	require.EqualError(t, d.UnmarshalText([]byte("Strict")), `must be true, false or strict, not "Strict"`)
}

// TestDropAllocatesNothing keeps the benchmark's promise: a span with content costs no allocation more
// where it is dropped than where it stays.
func TestDropAllocatesNothing(t *testing.T) {
	td := spansOf("x", withContent)
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		span.Links().AppendEmpty()
		span.Events().AppendEmpty().SetName("exception")
	}
	allocations := func(drop Drop) float64 {
		e := engine(t, Options{Drop: drop})
		copies := make([]ptrace.Traces, 22)
		for i := range copies {
			copies[i] = ptrace.NewTraces()
			td.CopyTo(copies[i])
		}
		e.Traces(copies[0], nil, func(*Stats) {})
		next := 1
		return testing.AllocsPerRun(20, func() {
			e.Traces(copies[next], nil, func(*Stats) {})
			next++
		})
	}
	off := allocations(DropNothing)
	for name, drop := range map[string]Drop{"true": DropContent, "strict": DropUnknown} {
		if n := allocations(drop); n >= off+50 {
			t.Errorf("%s: %v allocations in 100 spans, %v without", name, n, off)
		}
	}
}

// FuzzDrop removes content from any values: under strict no text is left but under names that are
// known, under true none under a key that is content, and a second pass removes nothing.
func FuzzDrop(f *testing.F) {
	keys := []string{"prompt", "a", "gen_ai.prompt", "http.route", "input", "ml.feature.x", "messages", "acme.text", "gen_ai.input.messages", "b.c", "langfuse.observation.metadata.x", "content"}
	listedEngine, strictEngine := engine(f, Options{Drop: DropContent}), engine(f, Options{Drop: DropUnknown})
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "text")
	f.Add([]byte{5, 5, 5, 0, 5, 5, 5, 5, 1, 4, 0, 7, 200, 3, 9}, "x")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		at := 0
		next := func() int {
			if at >= len(data) {
				return 0
			}
			at++
			return int(data[at-1])
		}
		var fill func(v pcommon.Value, depth int)
		fill = func(v pcommon.Value, depth int) {
			switch n := next() % 8; {
			case n == 1:
				v.SetInt(7)
			case n == 2:
				v.SetBool(true)
			case n == 3:
				v.SetEmptyBytes().FromRaw([]byte(text))
			case n == 4 && depth < 40:
				list := v.SetEmptySlice()
				for range next() % 4 {
					fill(list.AppendEmpty(), depth+1)
				}
			case n >= 5 && depth < 40:
				within := v.SetEmptyMap()
				for range next() % 4 {
					fill(within.PutEmpty(keys[next()%len(keys)]), depth+1)
				}
			default:
				v.SetStr(text)
			}
		}
		td, ld := ptrace.NewTraces(), plog.NewLogs()
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
		span, lr := ss.Spans().AppendEmpty(), sl.LogRecords().AppendEmpty()
		maps := []pcommon.Map{
			rs.Resource().Attributes(), ss.Scope().Attributes(), span.Attributes(), span.Links().AppendEmpty().Attributes(), span.Events().AppendEmpty().Attributes(),
			rl.Resource().Attributes(), sl.Scope().Attributes(), lr.Attributes(),
		}
		for _, attrs := range maps {
			for range next() % 4 {
				fill(attrs.PutEmpty(keys[next()%len(keys)]), 0)
			}
		}
		fill(lr.Body(), 0)
		for mode, e := range map[Drop]*Engine{DropContent: listedEngine, DropUnknown: strictEngine} {
			spans, logs := ptrace.NewTraces(), plog.NewLogs()
			td.CopyTo(spans)
			ld.CopyTo(logs)
			e.Traces(spans, nil, func(*Stats) {})
			e.Logs(logs, func(*Stats) {})
			attributes := firstSpan(spans).Attributes()
			for key, v := range attributes.All() {
				what := e.content.keys.of(key)
				require.True(t, what&listed == 0 || isNumber(v) && contentkey.LastWord(key) == key, key)
				if mode == DropUnknown {
					require.True(t, isNumber(v) || what&known != 0, key)
				}
			}
			for _, key := range []string{"prompt", "gen_ai.input.messages", "langfuse.observation.metadata.x"} {
				noText(t, key, pcommon.NewValueEmpty(), attributes)
			}
			var again int64
			count := func(s *Stats) { again += sum(s.Dropped[:]) }
			e.Traces(spans, nil, count)
			e.Logs(logs, count)
			require.Zero(t, again, "a second pass removes more")
		}
	})
}

// noText fails where a text is left under a key, however deep, but for what the vocabulary holds.
func noText(t *testing.T, key string, v pcommon.Value, in pcommon.Map) {
	t.Helper()
	switch v.Type() {
	case pcommon.ValueTypeMap:
		in = v.Map()
	case pcommon.ValueTypeSlice:
		for _, item := range v.Slice().All() {
			noText(t, key, item, pcommon.NewMap())
		}
		return
	}
	for k, v := range in.All() {
		if strings.HasPrefix(k, "ml.") || k == "http.route" {
			continue
		}
		require.False(t, k == key && !isNumber(v), k)
		noText(t, key, v, pcommon.NewMap())
	}
}
