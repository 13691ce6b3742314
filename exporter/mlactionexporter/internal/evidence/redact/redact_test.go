// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/contentkey"
	"github.com/otelcol-ml/otelcol-ml/internal/conventions"
)

func spanWith(t testing.TB, attributes map[string]any) (ptrace.Traces, ptrace.Span) {
	t.Helper()
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	require.NoError(t, span.Attributes().FromRaw(attributes))
	return td, span
}

func TestAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		in      map[string]any
		want    map[string]any // without what stays
	}{
		"content of language models": {in: map[string]any{
			"gen_ai.input.messages": `[{"role":"user"}]`, "gen_ai.output.messages": []any{map[string]any{"role": "assistant"}}, "gen_ai.prompt.0.content": "x",
			"gen_ai.completion": "x", "gen_ai.system_instructions": "x", "gen_ai.tool.call.arguments": "x", "traceloop.entity.input": "x", "input.value": "x",
			"output.value": "x", "llm.input_messages.0.message.content": "x", "llm.prompts.0.content": "x", "retrieval.documents.12.document.content": "x",
			"acme.system_prompt": "x", "acme.question": "x",
			"gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 12, "gen_ai.prompt.name": "greeting", "llm.token_count.prompt": 12, "acme.output": 1.5,
		}, want: map[string]any{
			"gen_ai.input.messages": Mark, "gen_ai.output.messages": Mark, "gen_ai.prompt.0.content": Mark, "gen_ai.completion": Mark,
			"gen_ai.system_instructions": Mark, "gen_ai.tool.call.arguments": Mark, "traceloop.entity.input": Mark, "input.value": Mark, "output.value": Mark,
			"llm.input_messages.0.message.content": Mark, "llm.prompts.0.content": Mark, "retrieval.documents.12.document.content": Mark,
			"acme.system_prompt": Mark, "acme.question": Mark,
		}},
		"people": {in: map[string]any{
			"user.id": "7", "user.email": "x", "enduser.id": 7, "client.address": "10.0.0.1", "geo.location.lat": 1.5, "customer_email": "x", "langfuse.user.id": "7",
			"session.id": "s", "acme.phone": 123, "server.address": "scoring", "host.name": "h", "k8s.pod.name": "p",
		}, want: map[string]any{
			"user.id": Mark, "user.email": Mark, "enduser.id": Mark, "client.address": Mark, "geo.location.lat": Mark, "customer_email": Mark, "langfuse.user.id": Mark,
			"session.id": Mark, "acme.phone": Mark,
		}},
		"requests and queries": {in: map[string]any{
			"http.request.header.authorization": []any{"Bearer x"}, "http.response.header.set-cookie": []any{"x"}, "http.request.body": "x", "url.query": "q=x",
			"url.full": "https://joe:pw@example.com/a/b?q=x#f", "http.url": "https://example.com/a", "http.target": "/a?b=c", "db.query.text": "SELECT 1",
			"db.statement": "SELECT 1", "http.request.body.size": 12, "http.request.method": "POST", "url.path": "/v2/models/fraud/infer", "http.route": "/v2",
		}, want: map[string]any{
			"http.request.header.authorization": Mark, "http.response.header.set-cookie": Mark, "http.request.body": Mark, "url.query": Mark,
			"url.full": "https://example.com/a/b?" + Mark, "http.target": "/a?" + Mark, "db.query.text": Mark, "db.statement": Mark,
		}},
		"features": {in: map[string]any{
			"ml.feature.amount": 2.5, "ml.features": `{"amount": 2.5}`, "ml.embedding.text": []any{0.5}, "ml.segment.country": "DE", "ml.model.name": "fraud",
			"ml.prediction.class": "fraud", "ml.feature.name": "amount",
		}, want: map[string]any{"ml.feature.amount": Mark, "ml.features": Mark, "ml.embedding.text": Mark}},
		"features that may be seen": {options: Options{Features: true, Remove: []string{"ml.feature.age"}}, in: map[string]any{
			"ml.feature.amount": 2.5, "ml.features": map[string]any{"amount": 2.5}, "ml.feature.age": 30,
		}, want: map[string]any{"ml.feature.age": Mark}},
		"keep and remove": {options: Options{Keep: []string{"acme.*.output", "user.id"}, Remove: []string{"acme.*", "ml.segment.*"}}, in: map[string]any{
			"acme.step.output": "joe@example.com", "acme.region": "eu", "user.id": "7", "user.name": "x", "ml.segment.country": "DE",
		}, want: map[string]any{"acme.region": Mark, "user.name": Mark, "ml.segment.country": Mark}},
		"maps and lists": {in: map[string]any{
			"acme.request": map[string]any{"messages": "x", "n": 1, "inner": map[string]any{"email": "x", "kind": "y"}, "list": []any{map[string]any{"prompt": "x", "k": 1}}},
			"acme.config":  `{"temperature": 0.70, "system_prompt": "x", "users": [{"email": "y", "id": 12345678901234567890}], "none": null}`,
			"acme.list":    []any{"joe@example.com", "plain"}, "acme.bytes": []byte("x"), "acme.json": `{"a": 1}`, "acme.nojson": "{x}",
		}, want: map[string]any{
			"acme.request": map[string]any{"messages": Mark, "n": int64(1), "inner": map[string]any{"email": Mark, "kind": "y"}, "list": []any{map[string]any{"prompt": Mark, "k": int64(1)}}},
			"acme.config":  `{"none":null,"system_prompt":"` + Mark + `","temperature":0.70,"users":[{"email":"` + Mark + `","id":12345678901234567890}]}`,
			"acme.list":    []any{Mark, "plain"}, "acme.bytes": Mark,
		}},
		"texts are masked": {in: map[string]any{
			"exception.message": "no account for joe@example.com", "exception.stacktrace": "at f(joe@example.com)", "error.message": "Bearer abcdefghijkl refused",
			"error.type": "timeout", "ml.segment.mail": "joe@example.com",
		}, want: map[string]any{
			"exception.message": "no account for " + Mark, "exception.stacktrace": "at f(" + Mark + ")", "error.message": "Bearer " + Mark + " refused", "ml.segment.mail": Mark,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			td, span := spanWith(t, c.in)
			want := span.Attributes().AsRaw()
			for k, v := range c.want {
				require.Contains(t, want, k)
				want[k] = v
			}
			New(c.options).Traces(td)
			assert.Equal(t, want, span.Attributes().AsRaw())
		})
	}
}

// Each place in which a span has attributes or a text.
func TestPlaces(t *testing.T) {
	const canary = "joe@example.com"
	td, span := spanWith(t, map[string]any{"user.id": canary})
	rs := td.ResourceSpans().At(0)
	rs.Resource().Attributes().PutStr("prompt", canary)
	rs.ScopeSpans().At(0).Scope().Attributes().PutStr("prompt", canary)
	span.SetName("GET /users/" + canary)
	span.Status().SetMessage(canary)
	e := span.Events().AppendEmpty()
	e.SetName("said " + canary)
	e.Attributes().PutStr("content", canary)
	span.Links().AppendEmpty().Attributes().PutStr("text", canary)
	counts := New(Options{}).Traces(td)
	data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	assert.NotContains(t, string(data), canary)
	assert.Equal(t, Counts{
		Removed: map[string]int{"user.id": 1, "prompt": 2, "content": 1, "text": 1},
		Masked:  map[string]int{"the span's name": 1, "the status' message": 1, "the event's name": 1},
	}, counts)
	assert.Equal(t, "5 values were removed: prompt (2), content (1), text (1), user.id (1). "+
		"3 values were masked in part: the event's name (1), the span's name (1), the status' message (1).", counts.Note())
	assert.Empty(t, (&Counts{}).Note())
}

// Whatever some system calls content, and whatever the conventions say may quote it, does not get out: not as an
// attribute, not in a map, not in JSON.
func TestNothingListedGetsOut(t *testing.T) {
	const canary = "kanarienvogel"
	keys := contentkey.Listed()
	for k := range conventions.Free() {
		if !slices.Contains(legible, k) && !slices.Contains(addresses, k) {
			keys = append(keys, k)
		}
	}
	keys = append(keys, people...)
	r := New(Options{})
	for _, pattern := range keys {
		key := strings.ReplaceAll(pattern, "*", "0")
		td, span := spanWith(t, map[string]any{key: canary})
		span.Attributes().PutEmptyMap("acme.map").PutStr(key, canary)
		span.Attributes().PutEmptySlice("acme.list").AppendEmpty().SetEmptyMap().PutEmptySlice(key).AppendEmpty().SetStr(canary)
		span.Attributes().PutStr("acme.json", fmt.Sprintf(`{"a": [{%q: [%q]}]}`, key, canary))
		td.ResourceSpans().At(0).Resource().Attributes().PutStr(key, canary)
		counts := r.Traces(td)
		data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		assert.NotContains(t, string(data), canary, pattern)
		total := 0
		for _, n := range counts.Removed {
			total += n
		}
		assert.Equal(t, 5, total, pattern)
	}
	assert.Greater(t, len(keys), 400)
}

func TestBounds(t *testing.T) {
	td, span := spanWith(t, nil)
	m := span.Attributes().PutEmptyMap("acme.deep")
	l := span.Attributes().PutEmptySlice("acme.list")
	for range 100 {
		m = m.PutEmptyMap("a")
		l = l.AppendEmpty().SetEmptySlice()
	}
	m.PutStr("a", "deep")
	l.AppendEmpty().SetStr("deep")
	span.Attributes().PutStr("acme.json", strings.Repeat("[", 100)+`{"a":{"a":"deep"}}`+strings.Repeat("]", 100))
	span.Attributes().PutStr("acme.long", `{"deep":"`+strings.Repeat("x", maxDocument)+`"}`)
	for i := range 2000 {
		span.Attributes().PutStr(fmt.Sprintf("prompt%c.prompt", rune('一'+i)), "x")
	}
	counts := New(Options{}).Traces(td)
	data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	assert.NotContains(t, strings.ReplaceAll(string(data), "acme.deep", ""), "deep\"")
	assert.LessOrEqual(t, len(counts.Removed), maxKeys+1)
	assert.Less(t, len(counts.Note()), 1000)
	assert.Contains(t, counts.Note(), "more keys")
}

// The spans that real libraries have sent keep what a fault is understood by, and none of what was said.
func TestRealSpans(t *testing.T) {
	files, err := filepath.Glob("../../../../../../shared/data/spans/captured/*.json")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs ../shared/data/spans")
	}
	kept := map[string]bool{}
	r := New(Options{})
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
		require.NoError(t, err)
		n := td.SpanCount()
		r.Traces(td)
		require.Equal(t, n, td.SpanCount())
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					for k, v := range span.Attributes().All() {
						if v.AsString() != Mark {
							kept[k] = true
						}
						if len(v.AsString()) > 100 && v.Type() == pcommon.ValueTypeStr {
							t.Logf("%s: %s = %s", filepath.Base(file), k, v.AsString())
						}
					}
				}
			}
		}
	}
	for _, k := range []string{"gen_ai.request.model", "llm.model_name", "llm.token_count.prompt", "gen_ai.usage.input_tokens", "openinference.span.kind"} {
		assert.True(t, kept[k], k)
	}
	for k := range kept {
		assert.NotContains(t, k, ".content")
	}
}

func FuzzTraces(f *testing.F) {
	f.Add("acme.json", `{"a": {"email": "x"}}`)
	f.Add("exception.message", "Bearer abcdefghijklm joe@example.com")
	f.Add("url.full", "http://a:b@c/?d#e")
	r := New(Options{})
	f.Fuzz(func(t *testing.T, key, text string) {
		td, span := spanWith(t, nil)
		span.Attributes().PutStr(key, text)
		r.Traces(td)
		once, _ := span.Attributes().Get(key)
		before := once.AsString()
		r.Traces(td)
		once, _ = span.Attributes().Get(key)
		assert.Equal(t, before, once.AsString(), "what was redacted stays so")
	})
}

func BenchmarkTraces(b *testing.B) {
	r := New(Options{})
	for b.Loop() {
		b.StopTimer()
		td, _ := spanWith(b, nil)
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for range 1000 {
			s := spans.AppendEmpty()
			for i := range 30 {
				s.Attributes().PutStr(fmt.Sprint("acme.attribute_", i), "some value of an attribute")
			}
		}
		b.StartTimer()
		r.Traces(td)
	}
}
