// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spanottl

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

// transformed returns what contrib's transform processor sets an attribute of the first span to.
func transformed(t *testing.T, expression string) any {
	t.Helper()
	factory := transformprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"error_mode": "silent", "trace_statements": []any{
		map[string]any{"context": "span", "statements": []any{`set(span.attributes["out"], ` + expression + `)`}},
	}}).Unmarshal(cfg))
	sink := new(consumertest.TracesSink)
	p, err := factory.CreateTraces(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeTraces(t.Context(), contribTraces()))
	out, ok := first(sink.AllTraces()[0]).Attributes().Get("out")
	if !ok {
		return nil
	}
	return out.AsRaw()
}

func first(td ptrace.Traces) ptrace.Span {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

// TestAsTheTransformProcessor: expressions in the forms of OTTL's list of functions give what the
// transform processor sets an attribute to.
func TestAsTheTransformProcessor(t *testing.T) {
	given := 0
	for _, expression := range []string{
		`span.name`, `span.attributes["http.method"]`, `resource.attributes["host.name"]`, `scope.name`, `span.kind.string`, `span.trace_id.string`,
		`1 + 2 * 3`, `span.end_time_unix_nano - span.start_time_unix_nano`, `span.dropped_attributes_count / 0`, `span.attributes["absent"]`,
		`span.attributes["absent"] + 1`, `Hour(span.start_time)`, `Year(span.start_time)`, `Weekday(span.end_time)`, `Milliseconds(span.end_time - span.start_time)`,
		`Concat([span.attributes["http.method"], span.attributes["http.path"]], ": ")`, `ConvertCase(span.name, "upper")`, `Len(span.attributes["flags"])`,
		`Double(span.attributes["total.string"]) / 1000`, `Int(span.attributes["total.string"])`, `Substring(span.name, 0, 3)`, `Split(span.attributes["flags"], "|")[1]`,
		`Coalesce([span.attributes["absent"], span.attributes["http.method"]])`, `Log(10.0)`, `SHA256(span.name)`, `IsRootSpan()`, `IsString(span.name)`,
		`FormatTime(span.start_time, "%Y-%m-%d")`, `URL(span.attributes["http.url"])["url.path"]`, `ExtractPatterns(span.name, "(?P<kind>[A-Z])$")["kind"]`,
		`ParseJSON("{\"a\": 1.5}")["a"]`, `Hex(span.attributes["total.string"])`, `span.status.code`, `TruncateTime(span.start_time, Duration("1h"))`,
	} {
		v, err := NewValue("derive", expression)
		require.NoError(t, err)
		assert.Equal(t, expression, v.String())
		td := contribTraces()
		span := NewSpan(td.ResourceSpans().At(0), td.ResourceSpans().At(0).ScopeSpans().At(0), first(td))
		got, err := v.Of(t.Context(), span)
		span.Close()
		want := transformed(t, expression)
		if want == nil {
			assert.True(t, err != nil || notScalar(got), "%s: %v", expression, got)
			continue
		}
		given++
		require.NoError(t, err, expression)
		assert.Equal(t, want, got, expression)
	}
	assert.Greater(t, given, 25)
}

// notScalar is true for what an attribute cannot be set to.
func notScalar(v any) bool {
	switch v.(type) {
	case string, bool, int64, float64:
		return false
	default:
		return true
	}
}

func TestValueErrors(t *testing.T) {
	for expression, want := range map[string]string{
		`attributes["a"`:   `'derive::x': "attributes[\"a\"": expression has invalid syntax: 1:15: unexpected token`,
		``:                 `'derive::x': "": expression has invalid syntax: 1:1: unexpected token`,
		`Frob(name)`:       `undefined function "Frob"`,
		`nam`:              `segment "nam" from path "nam" is not a valid path`,
		`attributes["a"])`: `1:16: unexpected token ")"`,
	} {
		_, err := NewValue("derive::x", expression)
		require.ErrorContains(t, err, want)
	}
}
