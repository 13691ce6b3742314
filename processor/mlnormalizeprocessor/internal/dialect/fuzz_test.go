// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// FuzzTraces rewrites any span: nothing panics, and without options nothing that is there is
// removed or changed, but for finish reasons that become a list.
func FuzzTraces(f *testing.F) {
	e := engine(f, Options{BareFeatures: true})
	removing := engine(f, Options{RemoveOriginals: true, Drop: DropContent})
	keys := slices.Sorted(maps.Keys(e.matcher.slots))
	for _, p := range e.matcher.prefixes {
		keys = append(keys, p+"x", p+"0.message.content", p+"1.message.role")
	}
	var scopes []string
	for _, c := range e.clauses {
		scopes = append(scopes, c.scope...)
	}
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, "text", "chat x")
	f.Add([]byte{200, 0, 7, 1, 100, 3, 0, 0, 50, 50, 50}, `{"a":[1,{"content":"x"}],"model":"m","input":3}`, "task_run.x")
	f.Add([]byte{9, 9, 9, 0, 1, 2}, `"\"7\""`, "node")
	f.Fuzz(func(t *testing.T, data []byte, text, name string) {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		span := ss.Spans().AppendEmpty()
		span.SetName(name)
		put := func(attrs pcommon.Map, key string, how byte) {
			v := attrs.PutEmpty(key)
			switch how % 9 {
			case 0:
				v.SetStr(text)
			case 1:
				v.SetInt(int64(how))
			case 2:
				v.SetDouble(float64(how) / 7)
			case 3:
				v.SetBool(how%2 == 0)
			case 4:
				v.SetEmptySlice().AppendEmpty().SetStr(text)
			case 5:
				v.SetEmptyMap().PutStr("content", text)
			case 6:
				v.SetEmptyBytes().FromRaw([]byte(text))
			case 7:
				v.SetStr(`[{"role":"user","parts":[{"content":"` + text + `"}],"content":"x"}]`)
			}
		}
		for i := 0; i+2 < len(data); i += 3 {
			key := keys[(int(data[i])<<8|int(data[i+1]))%len(keys)]
			switch data[i+2] % 5 {
			case 0:
				put(rs.Resource().Attributes(), key, data[i+2])
			case 1:
				ev := span.Events().AppendEmpty()
				ev.SetName(text)
				put(ev.Attributes(), key, data[i+2])
			case 2:
				ss.Scope().SetName(scopes[int(data[i+1])%len(scopes)])
			default:
				put(span.Attributes(), key, data[i+2])
			}
		}
		before := ptrace.NewTraces()
		td.CopyTo(before)
		e.Traces(td, nil, func(*Stats) {})
		attrs := firstSpan(td).Attributes()
		for k, v := range firstSpan(before).Attributes().All() {
			got, ok := attrs.Get(k)
			require.True(t, ok, k)
			if k == mlconv.AttrGenAIFinishReasons && v.Type() == pcommon.ValueTypeStr && got.Type() == pcommon.ValueTypeSlice {
				continue
			}
			require.True(t, got.Equal(v), k)
		}
		for k, v := range attrs.All() {
			if _, given := firstSpan(before).Attributes().Get(k); given {
				continue
			}
			switch kindOf(k) {
			case stringTarget:
				require.Equal(t, pcommon.ValueTypeStr, v.Type(), k)
				require.NotEmpty(t, v.Str(), k)
				require.LessOrEqual(t, len(v.Str()), maxCopied, k)
			case intTarget:
				require.GreaterOrEqual(t, v.Int(), int64(0), k)
			case doubleTarget:
				require.Equal(t, pcommon.ValueTypeDouble, v.Type(), k)
			}
			if most := mostOf(k); most > 0 && v.Type() == pcommon.ValueTypeDouble {
				require.True(t, v.Double() >= 0 && v.Double() <= most, k)
			}
		}
		seen := map[string]bool{}
		for k := range attrs.All() {
			require.False(t, seen[k], "%s is there twice", k)
			seen[k] = true
		}
		once := ptrace.NewTraces()
		td.CopyTo(once)
		e.Traces(td, nil, func(*Stats) {})
		for k, v := range firstSpan(once).Attributes().All() {
			got, _ := firstSpan(td).Attributes().Get(k)
			require.True(t, got.Equal(v), "a second reading changes %s", k)
		}
		removing.Traces(before, fakePrices{}, func(*Stats) {})
	})
}

// FuzzTables reads any text as tables; those that are good compile and read a span.
func FuzzTables(f *testing.F) {
	entries, err := files.ReadDir("dialects")
	require.NoError(f, err)
	for _, e := range entries {
		data, err := files.ReadFile("dialects/" + e.Name())
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("name: x\nconcept: llm\ndetect: [{has: a}]\nmap: {b.*: a.*, c: {from: a.N, count: true}, d: 'event:*:a#*'}\n"))
	f.Add([]byte("name: x\nconcept: [serving, job]\ndetect: [{has: 'c#x'}, {equals: {'resource:r#*': [y]}}, {any: ['b', 'a#b']}]\nmap: {d: {from: 'c#x', split: ','}, e: 'event_time:a'}\nwrappers: [{has: 'c#x'}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tables, broken := Tables("f.yaml", data)
		e, err := New(Options{Extra: tables, Drop: DropContent, RemoveOriginals: true}) // broken tables compile, so that all errors are said
		if broken != nil || err != nil {
			return
		}
		td := given{name: "x", attributes: m{"a": `{"b":1}`, "a.x": 1, "a.0": "x", "b": true, "c": `{"x":`}, resource: m{"r": "[1", "a": []any{"b"}}, events: []event{{name: "a", attributes: m{"a": "[1]"}}}}.traces(t)
		e.Traces(td, nil, func(*Stats) {})
	})
}

// FuzzDoubt reads any spans of a few traces: an agent is a call only where its trace has no other,
// and a second reading, of spans that are calls by then, changes nothing.
func FuzzDoubt(f *testing.F) {
	operations := []string{"-", "chat", "invoke_agent", "score", "call_llm", "agent_step", "execute_tool", "embeddings"}
	e := engine(f, Options{})
	f.Add([]byte{1, 1, 0, 2, 1, 2, 1, 1})
	f.Add([]byte{1, 1, 2, 0, 1, 2, 1, 3, 0, 3, 3, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		var spans []spanOf
		for i := 0; i+3 < len(data) && len(spans) < 200; i += 4 {
			spans = append(spans, spanOf{data[i] % 4, data[i+1]%16 + 1, data[i+2] % 17, operations[data[i+3]%8], int(data[i+3] / 8)})
		}
		if len(spans) == 0 {
			return
		}
		td := traceOf(t, spans...)
		n := traces.Add(1)
		for _, rs := range td.ResourceSpans().All() {
			span := rs.ScopeSpans().At(0).Spans().At(0)
			if trace := span.TraceID(); !trace.IsEmpty() {
				binary.LittleEndian.PutUint64(trace[8:], n) // of which the engine knows nothing
				span.SetTraceID(trace)
			}
		}
		calls, stats := counted(t, e, td)
		var agents, others int
		for i, rs := range td.ResourceSpans().All() {
			span := rs.ScopeSpans().At(0).Spans().At(0)
			if _, called := span.Attributes().Get(mlconv.AttrModelName); !called {
				continue
			}
			if doubtOf(spans[i].operation) != wrapping {
				others++
				continue
			}
			agents++
			for j, other := range td.ResourceSpans().All() {
				_, called := other.ScopeSpans().At(0).Spans().At(0).Attributes().Get(mlconv.AttrModelName)
				require.False(t, called && spans[j].trace == spans[i].trace && doubtOf(spans[j].operation) != wrapping, "an agent beside a call")
			}
		}
		require.Len(t, calls, agents+others)
		require.EqualValues(t, agents, stats.Assumed[WrapperIsCall])
		once := ptrace.NewTraces()
		td.CopyTo(once)
		e.Traces(td, nil, func(*Stats) {})
		for i, rs := range once.ResourceSpans().All() {
			want := rs.ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
			require.Equal(t, want, td.ResourceSpans().At(i).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw())
		}
	})
}
