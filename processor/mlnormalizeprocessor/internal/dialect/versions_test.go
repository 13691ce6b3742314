// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// calls makes a request of calls of a model, each with the version that answered or none.
func calls(versions ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, version := range versions {
		attrs := spans.AppendEmpty().Attributes()
		attrs.PutStr("gen_ai.operation.name", "chat")
		attrs.PutStr("gen_ai.request.model", "gpt")
		if version != "" {
			attrs.PutStr("gen_ai.response.model", version)
		}
	}
	return td
}

func versionsOf(td ptrace.Traces) (out []string) {
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		version, _ := span.Attributes().AsRaw()[mlconv.AttrModelVersion].(string)
		out = append(out, version)
	}
	return out
}

// Calls that do not say which version answered have that of the last call which did, so that a
// model is one series.
func TestVersionsOfCallsThatDoNotName(t *testing.T) {
	e := engine(t, Options{})
	read := func(td ptrace.Traces) ([]string, int64) {
		var assumed int64
		e.Traces(td, nil, func(s *Stats) { assumed = s.Assumed[SameVersion] })
		return versionsOf(td), assumed
	}
	got, n := read(calls("", ""))
	assert.Equal(t, []string{"", ""}, got, "none has answered yet")
	assert.Zero(t, n)
	got, n = read(calls("", "gpt-1", ""))
	assert.Equal(t, []string{"gpt-1", "gpt-1", "gpt-1"}, got)
	assert.EqualValues(t, 2, n)
	got, _ = read(calls("", "gpt-2", "", "gpt-1", "gpt-2", ""))
	assert.Equal(t, []string{"gpt-1", "gpt-2", "gpt-2", "gpt-1", "gpt-2", "gpt-2"}, got)

	other := calls("")
	other.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrEnvironment, "staging")
	got, _ = read(other)
	assert.Equal(t, []string{""}, got, "nothing is known of another environment")
	named := calls("")
	named.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrModelVersion, "7")
	got, _ = read(named)
	assert.Equal(t, []string{""}, got, "the resource says it")
}

func TestVersionsAreBounded(t *testing.T) {
	var v versions
	for i := range 2 * maxVersions {
		v.answered(modelKey{name: fmt.Sprint(i)}, "1")
	}
	assert.Len(t, v.last, maxVersions)
	assert.Equal(t, "1", v.of(modelKey{name: "0"}))
	v.answered(modelKey{name: "0"}, "2")
	assert.Equal(t, "2", v.of(modelKey{name: "0"}), "what is known stays known")
	v = versions{}
	v.answered(modelKey{name: strings.Repeat("x", 1000)}, "1")
	v.answered(modelKey{name: "x"}, strings.Repeat("x", 1000))
	assert.Empty(t, v.last)
}

func TestFinishReasonsAreAList(t *testing.T) {
	e := engine(t, Options{})
	for _, c := range []struct{ given, want any }{
		{`["stop"]`, []any{"stop"}},
		{`["stop","length"]`, []any{"stop", "length"}},
		{"stop", []any{"stop"}},
		{[]any{"stop"}, []any{"stop"}},
		{`"stop"`, []any{"stop"}},
		{`"stop`, `"stop`},
		{`[]`, []any{}},
		{`["stop"`, `["stop"`}, // broken
		{`[{"reason":"stop"}]`, `[{"reason":"stop"}]`},
		{`["stop",7]`, `["stop",7]`},
		{strings.Repeat("x", 2000), strings.Repeat("x", 2000)},
		{7, int64(7)},
	} {
		td := given{attributes: m{"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": c.given}}.traces(t)
		e.Traces(td, nil, func(*Stats) {})
		assert.Equal(t, c.want, firstSpan(td).Attributes().AsRaw()["gen_ai.response.finish_reasons"], "%v", c.given)
	}
}

// TestPrices prices each kind of tokens.
func TestPrices(t *testing.T) {
	e := engine(t, Options{})
	in, out, cached, written := 3.0, 15.0, 0.3, 3.75
	full := Price{Input: &in, Output: &out, CachedInput: &cached, CacheWrite: &written}
	plain := Price{Input: &in, Output: &out}
	type tokens struct{ in, cached, written, out, total int }
	for _, c := range []struct {
		name   string
		price  Price
		tokens tokens
		want   any
	}{
		{"among the input", full, tokens{in: 1000, cached: 400, written: 100, out: 10}, (500*3 + 400*0.3 + 100*3.75 + 10*15) / 1e6},
		{"more than the input", full, tokens{in: 5, cached: 50_000, written: 2000, out: 1}, (5*3 + 50_000*0.3 + 2000*3.75 + 15) / 1e6},
		{"beside the input, by the total", full, tokens{in: 1000, cached: 400, written: 100, out: 10, total: 1510}, (1000*3 + 400*0.3 + 100*3.75 + 10*15) / 1e6},
		{"among the input, by the total", full, tokens{in: 1000, cached: 400, written: 100, out: 10, total: 1010}, (500*3 + 400*0.3 + 100*3.75 + 10*15) / 1e6},
		{"without prices of their own", plain, tokens{in: 5, cached: 50_000, written: 2000, out: 1}, (52_005*3 + 15) / 1e6},
		{"written alone", full, tokens{in: 300, written: 50}, (250*3 + 50*3.75) / 1e6},
		{"cached alone", full, tokens{cached: 50}, 50 * 0.3 / 1e6},
		{"without any price for input", Price{Output: &out}, tokens{cached: 50, out: 3}, nil},
		{"without a price for output", Price{Input: &in}, tokens{in: 50, out: 3}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			attributes := m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
			for key, n := range map[string]int{
				mlconv.AttrGenAIInputTokens: c.tokens.in, mlconv.AttrGenAICacheReadTokens: c.tokens.cached, mlconv.AttrGenAICacheCreationTokens: c.tokens.written, mlconv.AttrGenAIOutputTokens: c.tokens.out, "gen_ai.usage.total_tokens": c.tokens.total,
			} {
				if n > 0 {
					attributes[key] = n
				}
			}
			added, _ := read(t, e, given{attributes: attributes}, fakePrices{"/m/": c.price})
			if c.want == nil {
				assert.Nil(t, added[mlconv.AttrPredictionCost])
				return
			}
			assert.InDelta(t, c.want, added[mlconv.AttrPredictionCost], 1e-12)
		})
	}
}
