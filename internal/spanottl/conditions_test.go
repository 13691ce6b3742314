// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spanottl

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// contribTraces are the spans of traces_test.go of contrib's filter processor (v0.158.0), with an id
// each.
func contribTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("host.name", "localhost")
	for i := range 2 {
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName(fmt.Sprint("scope", i+1))
		one := ss.Spans().AppendEmpty()
		one.SetName("operationA")
		one.SetSpanID([8]byte{1, byte(i)})
		one.SetParentSpanID([8]byte{3})
		one.SetTraceID([16]byte{1})
		one.SetStartTimestamp(1_581_452_772_000_000_321)
		one.SetEndTimestamp(1_581_452_773_000_000_789)
		one.SetDroppedAttributesCount(1)
		one.SetKind(ptrace.SpanKindInternal)
		one.TraceState().FromRaw("new")
		one.Attributes().PutStr("http.method", "get")
		one.Attributes().PutStr("http.path", "/health")
		one.Attributes().PutStr("http.url", "http://localhost/health")
		one.Attributes().PutStr("flags", "A|B|C")
		one.Attributes().PutStr("total.string", "123456789")
		one.Status().SetCode(ptrace.StatusCodeError)
		one.Status().SetMessage("status-cancelled")
		two := ss.Spans().AppendEmpty()
		two.SetName("operationB")
		two.SetSpanID([8]byte{2, byte(i)})
		two.SetStartTimestamp(1_581_452_772_000_000_321)
		two.SetEndTimestamp(1_581_452_773_000_000_789)
		two.Attributes().PutStr("http.path", "/health")
		two.Attributes().PutStr("flags", "C|D")
		two.Attributes().PutStr("total.string", "345678")
		two.Attributes().PutInt("http.status_code", 503)
		two.Status().SetCode(ptrace.StatusCodeOk)
	}
	return td
}

// filtered returns the spans that contrib's filter processor drops by these conditions.
func filtered(t *testing.T, conditions []string) map[pcommon.SpanID]bool {
	t.Helper()
	factory := filterprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	texts := make([]any, len(conditions))
	for i, c := range conditions {
		texts[i] = c
	}
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"error_mode": "silent", "traces": map[string]any{"span": texts}}).Unmarshal(cfg))
	sink := new(consumertest.TracesSink)
	p, err := factory.CreateTraces(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	dropped := map[pcommon.SpanID]bool{}
	td := contribTraces()
	each(td, func(_ ptrace.ResourceSpans, _ ptrace.ScopeSpans, s ptrace.Span) { dropped[s.SpanID()] = true })
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	for _, kept := range sink.AllTraces() {
		each(kept, func(_ ptrace.ResourceSpans, _ ptrace.ScopeSpans, s ptrace.Span) { delete(dropped, s.SpanID()) })
	}
	return dropped
}

func each(td ptrace.Traces, do func(ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				do(rs, ss, s)
			}
		}
	}
}

// TestAsTheFilterProcessor takes the conditions of the tests and the READMEs of contrib's filter
// processor and OTTL: what the filter processor drops by them, they select here.
func TestAsTheFilterProcessor(t *testing.T) {
	some := 0
	for _, conditions := range [][]string{
		{`name == "operationA"`},
		{`IsMatch(name, "operation.*")`},
		{`name == "operationZ"`, `span_id != nil`},
		{`Substring("", 0, 100) == "test"`},
		{`Substring("", 0, 100) == "test"`, `name == "operationB"`},
		{`not IsMatch(name, "operationA")`},
		{`resource.attributes["host.name"] == "localhost"`},
		{`resource.schema_url == "test_schema_url"`},
		{`instrumentation_scope.name == "scope1"`},
		{`attributes["total.string"] == "123456789"`},
		{`status.code == STATUS_CODE_ERROR`},
		{`IsMatch(resource.attributes["host.name"], "local*")`, `attributes["http.method"] == nil`},
		{`attributes["container.name"] == "app_container_1"`, `attributes["http.status_code"] >= 500`},
		{`attributes["http.status_code"] / 100 == 5`},
		{`attributes["flags"] / 2 > 1`},
		{`attributes["flags"] > 3`},
		{`(name == "operationA" and status.code == STATUS_CODE_OK) or kind == SPAN_KIND_INTERNAL`},
		{`IsRootSpan()`},
		{`end_time_unix_nano - start_time_unix_nano > 1000000000`},
		{`Len(attributes["flags"]) == 3`},
		{`Split(attributes["flags"], "|")[1] == "D"`},
		{`trace_state["new"] == nil and dropped_attributes_count > 0`},
		{`IsMatch(attributes["absent"], ".*")`},
		{`ParseJSON(attributes["flags"])["a"] == 1`, `true and not false`},
	} {
		t.Run(strings.Join(conditions, " | "), func(t *testing.T) {
			want := filtered(t, conditions)
			got := map[pcommon.SpanID]bool{}
			c, err := NewConditions("conditions", conditions, zap.NewNop())
			require.NoError(t, err)
			each(contribTraces(), func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
				if c.Match(t.Context(), rs, ss, s) {
					got[s.SpanID()] = true
				}
			})
			assert.Equal(t, want, got)
			if len(want) > 0 && len(want) < 4 {
				some++
			}
		})
	}
	assert.Greater(t, some, 10, "conditions that tell the spans apart")
}

// TestWithNameOfContext: paths with the name of their context select the same.
func TestWithNameOfContext(t *testing.T) {
	for with, without := range map[string]string{
		`span.name == "operationA"`:                               `name == "operationA"`,
		`span.attributes["flags"] == "C|D"`:                       `attributes["flags"] == "C|D"`,
		`scope.name == "scope2"`:                                  `instrumentation_scope.name == "scope2"`,
		`span.status.code == STATUS_CODE_ERROR`:                   `status.code == STATUS_CODE_ERROR`,
		`span.name == "operationA" and kind.string == "Internal"`: `name == "operationA" and span.kind.string == "Internal"`,
	} {
		a, err := NewConditions("conditions", []string{with}, zap.NewNop())
		require.NoError(t, err)
		b, err := NewConditions("conditions", []string{without}, zap.NewNop())
		require.NoError(t, err)
		selected := 0
		each(contribTraces(), func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
			m := a.Match(t.Context(), rs, ss, s)
			assert.Equal(t, m, b.Match(t.Context(), rs, ss, s), with)
			if m {
				selected++
			}
		})
		assert.Equal(t, 2, selected, with)
	}
}

// TestClientMetadata asks what the client of the request sent.
func TestClientMetadata(t *testing.T) {
	c, err := NewConditions("conditions", []string{`otelcol.client.metadata["tenant"][0] == "acme"`}, zap.NewNop())
	require.NoError(t, err)
	ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{"tenant": {"acme"}})})
	each(contribTraces(), func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
		assert.True(t, c.Match(ctx, rs, ss, s))
		assert.False(t, c.Match(t.Context(), rs, ss, s))
	})
}

func TestCheckConditions(t *testing.T) {
	require.NoError(t, CheckConditions("conditions", nil))
	require.NoError(t, CheckConditions("conditions", []string{`name == "a"`}))
	err := CheckConditions("conditions", []string{
		`name == "a"`, `IsMatch(name, "a"`, "name == \"a\"\n  and nam == \"b\"", `Foo(name)`, ``, `set(name, "x")`, `IsMatch(name, "(")`, "true\nand and",
	})
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		`'conditions[1]': "IsMatch(name, \"a\"": condition has invalid syntax: 1:18: unexpected token`,
		`'conditions[2]': "name == \"a\"\n  and nam == \"b\"": segment "nam" from path "nam" is not a valid path`,
		`'conditions[3]': "Foo(name)": undefined function "Foo"`,
		`'conditions[4]': "": condition has invalid syntax: 1:1: unexpected token`,
		`'conditions[5]': "set(name, \"x\")": `,
		`'conditions[6]': "IsMatch(name, \"(\")": `,
		`'conditions[7]': "true\nand and": condition has invalid syntax: 2:5: unexpected token`,
	} {
		require.Greater(t, len(lines), i)
		assert.Contains(t, lines[i], want)
	}
	assert.Len(t, lines, 7, err)
	_, err = NewConditions("conditions", []string{``}, zap.NewNop())
	require.ErrorContains(t, err, "'conditions[0]'")
}

// TestFailures: a condition that cannot be evaluated does not select, is counted each time and said
// once; the next one is asked all the same.
func TestFailures(t *testing.T) {
	core, logged := observer.New(zapcore.DebugLevel)
	c, err := NewConditions("conditions", []string{`attributes["flags"] / 2 > 1`, `attributes["flags"] / 0 > 1`, `name == "operationB"`}, zap.New(core))
	require.NoError(t, err)
	selected := 0
	for range 3 {
		each(contribTraces(), func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
			if c.Match(t.Context(), rs, ss, s) {
				selected++
			}
		})
	}
	assert.Equal(t, 6, selected)
	assert.EqualValues(t, 24, c.TakeFailures())
	assert.Zero(t, c.TakeFailures())
	assert.Zero(t, (*Conditions)(nil).TakeFailures())
	require.Equal(t, 2, logged.Len())
	assert.Equal(t, "conditions[0]", logged.All()[0].ContextMap()["key"])
	assert.Equal(t, `attributes["flags"] / 2 > 1`, logged.All()[0].ContextMap()["condition"])
	assert.Equal(t, "operationA", logged.All()[0].ContextMap()["span"])
	assert.NotEmpty(t, logged.All()[0].ContextMap()["error"])

	none, err := NewConditions("conditions", nil, zap.NewNop())
	require.NoError(t, err)
	assert.Nil(t, none)
}

func TestClip(t *testing.T) {
	assert.Equal(t, "a", Clip("a"))
	assert.Equal(t, strings.Repeat("ä", 60)+"…", Clip(strings.Repeat("ä", 200)))
	assert.Equal(t, "a"+strings.Repeat("ä", 59)+"…", Clip("a"+strings.Repeat("ä", 200)))
}

// BenchmarkMatch is what conditions cost a span.
func BenchmarkMatch(b *testing.B) {
	td := contribTraces()
	rs := td.ResourceSpans().At(0)
	ss := rs.ScopeSpans().At(0)
	for name, conditions := range map[string][]string{
		"attribute": {`attributes["total.string"] == "345678"`},
		"three":     {`name == "x"`, `resource.attributes["host.name"] == "x"`, `attributes["total.string"] == "345678"`},
		"regexp":    {`IsMatch(name, "^operationB$")`},
		"fails":     {`attributes["flags"] / 2 > 1`},
	} {
		c, err := NewConditions("conditions", conditions, zap.NewNop())
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Match(b.Context(), rs, ss, ss.Spans().At(0))
			}
		})
	}
}

// TestAtOnce evaluates conditions in many requests at the same time.
func TestAtOnce(t *testing.T) {
	c, err := NewConditions("conditions", []string{`attributes["flags"] / 2 > 1`, `IsMatch(name, Concat(["operation", "B"], ""))`}, zap.NewNop())
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				each(contribTraces(), func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
					assert.Equal(t, s.Name() == "operationB", c.Match(context.Background(), rs, ss, s))
				})
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 4*50*4, c.TakeFailures())
}
