// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// span is a request of a prediction with these attributes.
func span(t testing.TB, attributes map[string]any) (ptrace.Traces, ptrace.Span) {
	t.Helper()
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	require.NoError(t, s.Attributes().FromRaw(map[string]any{"ml.model.name": "m", "ml.prediction.class": "x"}))
	for k, v := range attributes {
		require.NoError(t, s.Attributes().PutEmpty(k).FromRaw(v))
	}
	s.SetName("predict")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 11, 30, 13, 5, 0, 0, time.UTC)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 11, 30, 13, 5, 0, 250e6, time.UTC)))
	return td, s
}

// derive returns the attribute x that a spec gives on a span, and what became of it.
func derive(t testing.TB, name string, spec Spec, attributes map[string]any) (any, Outcome) {
	t.Helper()
	set, err := New(map[string]Spec{name: spec}, zap.NewNop())
	require.NoError(t, err)
	td, s := span(t, attributes)
	var outcome Outcome
	set.Traces(t.Context(), td, func(c Counts) {
		for o, n := range c[0] {
			if n > 0 {
				outcome = Outcome(o)
			}
		}
	})
	v, ok := s.Attributes().Get(name)
	if !ok {
		return nil, outcome
	}
	return v.AsRaw(), outcome
}

func TestDerive(t *testing.T) {
	const feature, segment = "ml.feature.x", "ml.segment.x"
	ratio := `attributes["ml.feature.amount"] / attributes["ml.feature.items"]`
	for _, c := range []struct {
		name, attribute string
		spec            Spec
		attributes      map[string]any
		want            any
		outcome         Outcome
	}{
		{"a quotient", feature, Spec{Value: ratio}, map[string]any{"ml.feature.amount": 9.0, "ml.feature.items": 2}, 4.5, Derived},
		{"of integers", feature, Spec{Value: ratio}, map[string]any{"ml.feature.amount": 9, "ml.feature.items": 2}, int64(4), Derived},
		{"by zero", feature, Spec{Value: ratio}, map[string]any{"ml.feature.amount": 9.0, "ml.feature.items": 0}, nil, Failed},
		{"an operand is missing", feature, Spec{Value: ratio}, map[string]any{"ml.feature.amount": 9.0}, nil, Failed},
		{"an operand is a text", feature, Spec{Value: ratio}, map[string]any{"ml.feature.amount": "9", "ml.feature.items": 2}, nil, Failed},
		{"an overflow", feature, Spec{Value: `attributes["a"] * attributes["a"]`}, map[string]any{"a": 1e300}, nil, Unusable},
		{"not a number", feature, Spec{Value: `attributes["a"]`}, map[string]any{"a": math.NaN()}, nil, Unusable},
		{"nothing", feature, Spec{Value: `attributes["a"]`}, nil, nil, Missing},
		{"an empty text", feature, Spec{Value: `attributes["a"]`}, map[string]any{"a": ""}, nil, Missing},
		{"a text", feature, Spec{Value: `Concat([attributes["a"], name], "-")`}, map[string]any{"a": "b"}, "b-predict", Derived},
		{"a long text", feature, Spec{Value: `attributes["a"]`}, map[string]any{"a": strings.Repeat("x", 1000)}, strings.Repeat("x", 253) + "…", Derived},
		{"a boolean", feature, Spec{Value: `IsString(attributes["a"])`}, map[string]any{"a": "b"}, true, Derived},
		{"a list", feature, Spec{Value: `attributes["a"]`}, map[string]any{"a": []any{1}}, nil, Unusable},
		{"a map", feature, Spec{Value: `attributes["a"]`}, map[string]any{"a": map[string]any{"b": 1}}, nil, Unusable},
		{"of a map", feature, Spec{Value: `attributes["a"]["b"]`}, map[string]any{"a": map[string]any{"b": 1}}, int64(1), Derived},
		{"bytes", feature, Spec{Value: `attributes["a"]`}, map[string]any{"a": []byte{1}}, nil, Unusable},
		{"a duration", feature, Spec{Value: `end_time - start_time`}, nil, nil, Unusable},
		{"of a duration", feature, Spec{Value: `Milliseconds(end_time - start_time)`}, nil, int64(250), Derived},
		{"it is there", feature, Spec{Value: `1`}, map[string]any{feature: 7}, int64(7), Kept},
		{"it is there, empty", feature, Spec{Value: `1`}, map[string]any{feature: nil}, int64(1), Derived},
		{"over what is there", feature, Spec{Value: `1`, Overwrite: true}, map[string]any{feature: 7}, int64(1), Derived},
		{"over what is there, of nothing", feature, Spec{Value: `attributes["a"]`, Overwrite: true}, map[string]any{feature: 7}, int64(7), Missing},

		{"the hour", segment, Spec{Value: `Hour(start_time)`}, nil, "13", Derived},
		{"a segment of a number", segment, Spec{Value: `attributes["a"]`}, map[string]any{"a": 1e-7}, "1e-7", Derived},
		{"a segment of a boolean", segment, Spec{Value: `attributes["a"]`}, map[string]any{"a": true}, "true", Derived},
		{"a segment of the resource", segment, Spec{Value: `resource.attributes["region"]`}, nil, nil, Missing},
		{"an interval", segment, Spec{Value: `attributes["a"]`, Bounds: []float64{0, 50}}, map[string]any{"a": 50}, "0..50", Derived},
		{"an interval of what was there", segment, Spec{Value: `attributes["ml.segment.x"]`, Bounds: []float64{0, 50}, Overwrite: true}, map[string]any{segment: 70.5}, ">50", Derived},
		{"an interval of a text", segment, Spec{Value: `attributes["a"]`, Bounds: []float64{0}}, map[string]any{"a": "1"}, nil, Unusable},
		{"an interval of infinity", segment, Spec{Value: `attributes["a"]`, Bounds: []float64{0}}, map[string]any{"a": math.Inf(1)}, nil, Unusable},
		{"a cell", segment, Spec{Latitude: `attributes["lat"]`, Longitude: `attributes["lon"]`, Grid: 0.5}, map[string]any{"lat": 52.52, "lon": 13.4}, "52.5,13.0", Derived},
		{"a cell of texts", segment, Spec{Latitude: `Double(attributes["lat"])`, Longitude: `Double(attributes["lon"])`, Grid: 0.5}, map[string]any{"lat": "52.52", "lon": "13"}, "52.5,13.0", Derived},
		{"half a place", segment, Spec{Latitude: `attributes["lat"]`, Longitude: `attributes["lon"]`, Grid: 0.5}, map[string]any{"lat": 52.52}, nil, Missing},
		{"no place", segment, Spec{Latitude: `attributes["lat"]`, Longitude: `attributes["lon"]`, Grid: 0.5}, map[string]any{"lat": 152.52, "lon": 13.4}, nil, Unusable},
		{"a place in words", segment, Spec{Latitude: `attributes["lat"]`, Longitude: `attributes["lon"]`, Grid: 0.5}, map[string]any{"lat": "N", "lon": 13.4}, nil, Unusable},
		{"a place that fails", segment, Spec{Latitude: `1`, Longitude: `attributes["lon"] / 0`, Grid: 0.5}, map[string]any{"lon": 13.4}, nil, Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, outcome := derive(t, c.attribute, c.spec, c.attributes)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.outcome.String(), outcome.String())
		})
	}
}

// TestOrder: what an expression needs of another one is there, whatever the names.
func TestOrder(t *testing.T) {
	specs := map[string]Spec{
		"ml.segment.band":            {Value: `attributes["ml.feature.per_item"]`, Bounds: []float64{1, 2}},
		"ml.feature.per_item":        {Value: `attributes["ml.feature.total"] / 2`},
		"ml.feature.total":           {Value: `attributes["a"] + attributes["b"]`},
		"ml.feature.a":               {Value: `attributes["ml.feature.a"]`}, // of itself: what the span has
		"ml.segment.band_of_a_place": {Latitude: `attributes["ml.feature.total"]`, Longitude: `1`, Grid: 1},
	}
	set, err := New(specs, zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, []string{"ml.feature.a", "ml.feature.total", "ml.feature.per_item", "ml.segment.band", "ml.segment.band_of_a_place"}, set.Names())
	td, s := span(t, map[string]any{"a": 1.0, "b": 2.0})
	set.Traces(t.Context(), td, func(Counts) {})
	band, _ := s.Attributes().Get("ml.segment.band")
	assert.Equal(t, "1..2", band.Str())
}

// TestOnlyPredictions: what is no prediction gets nothing, and a failure no feature, which would make
// it another kind of span.
func TestOnlyPredictions(t *testing.T) {
	set, err := New(map[string]Spec{"ml.feature.one": {Value: "1"}, "ml.segment.hour": {Value: "Hour(start_time)"}}, zap.NewNop())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change           func(rs ptrace.ResourceSpans, s ptrace.Span)
		feature, segment bool
	}{
		"an answer":      {func(ptrace.ResourceSpans, ptrace.Span) {}, true, true},
		"without model":  {func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Attributes().Remove("ml.model.name") }, false, false},
		"without answer": {func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Attributes().Remove("ml.prediction.class") }, false, false},
		"the resource names the model": {func(rs ptrace.ResourceSpans, s ptrace.Span) {
			s.Attributes().Remove("ml.model.name")
			rs.Resource().Attributes().PutStr("ml.model.name", "m")
		}, true, true},
		"a failure": {func(_ ptrace.ResourceSpans, s ptrace.Span) {
			s.Attributes().Remove("ml.prediction.class")
			s.Status().SetCode(ptrace.StatusCodeError)
		}, false, true},
		"a call": {func(_ ptrace.ResourceSpans, s ptrace.Span) {
			s.Attributes().Remove("ml.prediction.class")
			s.Attributes().PutStr("gen_ai.operation.name", "chat")
		}, true, true},
		"an unknown operation with tokens": {func(_ ptrace.ResourceSpans, s ptrace.Span) {
			s.Attributes().Remove("ml.prediction.class")
			s.Attributes().PutStr("gen_ai.operation.name", "dream")
			s.Attributes().PutInt("gen_ai.usage.input_tokens", 1)
		}, false, false},
	} {
		td, s := span(t, nil)
		c.change(td.ResourceSpans().At(0), s)
		set.Traces(t.Context(), td, func(Counts) {})
		_, feature := s.Attributes().Get("ml.feature.one")
		_, segment := s.Attributes().Get("ml.segment.hour")
		assert.Equal(t, [2]bool{c.feature, c.segment}, [2]bool{feature, segment}, name)
	}
}

// TestReports: each thing that is wrong is said once for each attribute.
func TestReports(t *testing.T) {
	core, logged := observer.New(zapcore.DebugLevel)
	set, err := New(map[string]Spec{
		"ml.feature.ratio": {Value: `1 / attributes["n"]`},
		"ml.segment.place": {Latitude: `attributes["lat"]`, Longitude: "0", Grid: 1, MaxCells: 1},
	}, zap.New(core))
	require.NoError(t, err)
	set.now = func() time.Time { return start }
	var counts []string
	for i := range 4 {
		td, _ := span(t, map[string]any{"n": i % 2, "lat": 40.0 * float64(i)})
		set.Traces(t.Context(), td, func(c Counts) { counts = append(counts, fmt.Sprint(c)) })
	}
	assert.Equal(t, []string{
		"[[0 0 0 1 0 0] [1 0 0 0 0 0]]", "[[1 0 0 0 0 0] [0 0 0 0 0 1]]", "[[0 0 0 1 0 0] [0 0 0 0 0 1]]", "[[1 0 0 0 0 0] [0 0 0 0 1 0]]",
	}, counts)
	var keys []string
	for _, line := range logged.All() {
		keys = append(keys, fmt.Sprint(line.ContextMap()["key"], ": ", line.ContextMap()["reason"]))
	}
	assert.Equal(t, []string{
		"derive::ml.feature.ratio: attempted to divide by 0", "derive::ml.segment.place: <nil>",
		"derive::ml.segment.place: there is no place at latitude 120, longitude 0",
	}, keys)
}

func TestErrors(t *testing.T) {
	none, err := New(nil, zap.NewNop())
	require.NoError(t, err)
	assert.Nil(t, none)
	_, err = New(map[string]Spec{
		"ml.prediction.class": {Value: "1"},
		"ml.feature.":         {Value: "1"},
		"ml.feature.empty":    {},
		"ml.feature.syntax":   {Value: `attributes["a"] /`},
		"ml.feature.path":     {Value: `attribute["a"]`},
		"ml.feature.set":      {Value: `set(name, "x")`},
		"ml.feature.cells":    {Value: "1", MaxCells: 5},
		"ml.segment.bounds":   {Value: "1", Bounds: []float64{1, 1, math.Inf(1)}},
		"ml.segment.none":     {Value: "1", Bounds: []float64{}},
		"ml.segment.many":     {Value: "1", Bounds: make([]float64, 65)},
		"ml.segment.half":     {Latitude: "1", Grid: 0.5},
		"ml.segment.both":     {Latitude: "1", Longitude: "1", Grid: 0.5, Value: "1"},
		"ml.segment.grid":     {Latitude: "1", Longitude: "1", MaxCells: 20_000},
		"ml.segment.fine":     {Latitude: "1", Longitude: "1", Grid: 0.1234567},
		"ml.feature.egg":      {Value: `attributes["ml.feature.hen"]`},
		"ml.feature.hen":      {Value: `attributes["ml.feature.egg"]`},
	}, zap.NewNop())
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	for _, want := range []string{
		"'derive::ml.prediction.class': must be ml.feature. or ml.segment. and a name", "'derive::ml.feature.': must be ml.feature. or ml.segment. and a name",
		"'derive::ml.feature.empty': needs 'value'", `'derive::ml.feature.syntax::value': "attributes[\"a\"] /": expression has invalid syntax: 1:18: unexpected token`,
		`'derive::ml.feature.path::value': "attribute[\"a\"]": segment "attribute" from path`, "'derive::ml.feature.set::value'",
		"'derive::ml.feature.cells::max_cells': is for a grid", "'derive::ml.segment.bounds::bounds[1]': 1 must be above the one before, 1",
		"'derive::ml.segment.bounds::bounds[2]': +Inf must be finite", "'derive::ml.segment.none::bounds': 0 must be from 1 to 64",
		"'derive::ml.segment.many::bounds': 65 must be from 1 to 64", "'derive::ml.segment.half': needs 'longitude'",
		"'derive::ml.segment.both': must have 'value', or 'latitude', 'longitude' and 'grid', not both", "'derive::ml.segment.grid::grid': 0 must be from 0.001 to 90",
		"'derive::ml.segment.grid::max_cells': 20000 must be from 1 to 10000", "'derive::ml.segment.fine::grid': 0.1234567 must have at most 6 decimals",
		"'derive::ml.feature.egg': needs itself: ml.feature.egg needs ml.feature.hen needs ml.feature.egg",
	} {
		assert.True(t, func() bool {
			for _, l := range lines {
				if strings.Contains(l, want) {
					return true
				}
			}
			return false
		}(), "%s\n\n%s", want, err)
	}
	assert.Len(t, lines, 17)
	many := map[string]Spec{}
	for i := range 101 {
		many[fmt.Sprint("ml.feature.", i)] = Spec{Value: "1"}
	}
	_, err = New(many, zap.NewNop())
	require.ErrorContains(t, err, "'derive': 101 are more than the limit of 100")
}
