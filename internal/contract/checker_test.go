// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"math"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var end = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// span returns a request with one prediction of the model m.
func span(t testing.TB, attributes map[string]any) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Second)))
	require.NoError(t, s.Attributes().FromRaw(attributes))
	s.Attributes().PutStr(mlconv.AttrModelName, "m")
	s.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
	return td
}

// checker checks by the given checks.
func checker(checks ...Check) *Checker { return checkerOf(&Contract{Checks: checks}) }

func checkerOf(c *Contract) *Checker {
	for i := range c.Checks {
		if c.Checks[i].Name == "" {
			c.Checks[i].Name = string(c.Checks[i].Kind)
		}
	}
	return NewChecker(Options{Attributes: c.Attributes(), Contract: func(id prediction.Identity) (*Contract, int) {
		if id.Name == "m" {
			return c, 1
		}
		return nil, 1
	}})
}

// broken says what a request breaks: id, rows and what was observed of each check.
func broken(t testing.TB, c *Checker, td ptrace.Traces) []string {
	t.Helper()
	results, _ := c.Check(t.Context(), td)
	said := []string{}
	for _, r := range results {
		for _, v := range r.Violations {
			said = append(said, strings.TrimSpace(fmt.Sprintf("%s ×%d %s", v.ID(), v.Rows, v.Observed)))
		}
	}
	return said
}

// TestValues gives each kind of check each kind of value.
func TestValues(t *testing.T) {
	values := map[string]any{
		"int": int64(3), "negative": int64(-3), "float": 2.5, "whole": 3.0, "nan": math.NaN(), "inf": math.Inf(-1), "bool": true,
		"text": "EUR", "digits": "3", "empty": "", "null": nil, "time": "2026-11-30T11:00:00Z", "list": []any{int64(1), int64(2)},
		"map": map[string]any{"a": int64(1)}, "bytes": []byte{1}, "json": `{"a": 1}`, "long": strings.Repeat("é", 300),
	}
	all := func(except ...string) map[string]bool {
		want := map[string]bool{}
		for name := range values {
			want[name] = true
		}
		for _, missing := range append(except, "nan", "inf", "empty", "null") {
			delete(want, missing)
		}
		return want
	}
	only := func(names ...string) map[string]bool {
		want := map[string]bool{}
		for _, name := range names {
			want[name] = true
		}
		return want
	}
	for name, c := range map[string]struct {
		check Check
		want  map[string]bool // the values that break it
	}{
		"integer":       {Check{Kind: Type, Types: []string{Integer}}, all("int", "negative", "whole")},
		"number":        {Check{Kind: Type, Types: []string{Number}}, all("int", "negative", "whole", "float")},
		"string":        {Check{Kind: Type, Types: []string{String}}, all("text", "digits", "time", "json", "long")},
		"timestamp":     {Check{Kind: Type, Types: []string{Timestamp}}, all("time")},
		"boolean":       {Check{Kind: Type, Types: []string{Boolean}}, all("bool")},
		"array":         {Check{Kind: Type, Types: []string{Array}}, all("list")},
		"object":        {Check{Kind: Type, Types: []string{Object}}, all("map")},
		"one of two":    {Check{Kind: Type, Types: []string{Number, Boolean}}, all("int", "negative", "whole", "float", "bool")},
		"not missing":   {Check{Kind: NotMissing}, only("nan", "inf", "empty", "null")},
		"required":      {Check{Kind: Required}, only()},
		"range":         {Check{Kind: Range, Min: new(0.0), Max: new(3.0)}, all("int", "float", "whole", "bool", "digits")},
		"above, below":  {Check{Kind: Range, Min: new(2.5), Above: true, Max: new(3.0), Below: true}, all()},
		"values":        {Check{Kind: Values, Values: []string{"EUR", "3"}}, all("text", "int", "whole", "digits")},
		"not values":    {Check{Kind: NotValues, Values: []string{"EUR", "3"}}, only("text", "int", "whole", "digits")},
		"pattern":       {Check{Kind: Matches, Pattern: regexp.MustCompile(`^[A-Z0-9]+$`)}, all("text", "int", "whole", "digits")},
		"not a pattern": {Check{Kind: NotMatches, Pattern: regexp.MustCompile(`^[A-Z0-9]+$`)}, only("text", "int", "whole", "digits")},
		"length":        {Check{Kind: Length, Min: new(2.0), Max: new(3.0)}, all("text", "float", "negative", "list")},
		"age":           {Check{Kind: Freshness, Age: time.Hour}, all("int", "negative", "float", "whole", "bool", "digits", "time")},
		"less than age": {Check{Kind: Freshness, Age: time.Second}, all("negative", "bool")},
	} {
		t.Run(name, func(t *testing.T) {
			c.check.Feature = "x"
			checker := checker(c.check)
			for value, v := range values {
				assert.Equal(t, c.want[value], len(broken(t, checker, span(t, map[string]any{"ml.feature.x": v}))) == 1, "%s: %v", value, v)
			}
		})
	}
}

// TestAbsent: an attribute that is not there breaks what asks for it, and nothing else; one that the
// SDK dropped, nothing.
func TestAbsent(t *testing.T) {
	c := checker(
		Check{Kind: Required, Feature: "x"}, Check{Kind: NotMissing, Feature: "x"}, Check{Kind: Type, Types: []string{Number}, Feature: "x"},
		Check{Kind: Required, Attribute: "a"}, Check{Kind: SchemaVersion, Values: []string{"3"}}, Check{Kind: Freshness, Age: time.Minute},
	)
	assert.Equal(t, []string{"x.required ×1", "x.not_missing ×1", "a.required ×1"}, broken(t, c, span(t, nil)))
	dropped := span(t, nil)
	dropped.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetDroppedAttributesCount(1)
	assert.Empty(t, broken(t, c, dropped))

	onResource := span(t, map[string]any{"ml.feature.x": 1, "ml.feature_view.age": 61})
	resource := onResource.ResourceSpans().At(0).Resource().Attributes()
	resource.PutStr("a", "")
	resource.PutStr("ml.data.schema_version", "4")
	assert.Equal(t, []string{"schema_version ×1 4", "freshness ×1 61"}, sorted(broken(t, c, onResource), "schema_version"))
}

// sorted puts what begins with a word first.
func sorted(list []string, first string) []string {
	if len(list) == 2 && !strings.HasPrefix(list[0], first) {
		list[0], list[1] = list[1], list[0]
	}
	return list
}

// predicate is a condition of a test.
type predicate func(ptrace.Span) (bool, error)

func (p predicate) Holds(_ ptrace.ResourceSpans, _ ptrace.ScopeSpans, s ptrace.Span) (bool, error) {
	return p(s)
}

// TestRows counts the rows of batches, in each way to write them.
func TestRows(t *testing.T) {
	c := checkerOf(&Contract{OnlyKnown: true, Known: map[string]bool{"x": true, "y": true}, Checks: []Check{
		{Kind: Range, Feature: "x", Min: new(0.0)},
		{Kind: NotMissing, Feature: "y"},
		{Kind: UnknownFeature},
		{Kind: Condition, Condition: "x < y", Predicate: predicate(func(s ptrace.Span) (bool, error) {
			x, okX := s.Attributes().Get("ml.feature.x")
			y, okY := s.Attributes().Get("ml.feature.y")
			if !okX || !okY || x.Type() != pcommon.ValueTypeInt || y.Type() != pcommon.ValueTypeInt {
				return false, fmt.Errorf("no numbers")
			}
			return x.Int() < y.Int(), nil
		})},
	}})
	columns := map[string]any{"ml.batch.size": 3, "ml.feature.x": []any{int64(1), int64(-1), int64(-2)}, "ml.feature.y": []any{int64(0), nil, int64(5)}}
	want := []string{"condition ×1", "x.range ×2 -1", "y.not_missing ×1"}
	assert.ElementsMatch(t, want, broken(t, c, span(t, columns)))
	_, stats := c.Check(t.Context(), span(t, columns))
	assert.Equal(t, int64(1), stats.Undecided, "no y")
	assert.EqualError(t, stats.Undecidable.Err, "no numbers")
	assert.Equal(t, [3]int64{1, 1, 3}, [3]int64{stats.Checked, stats.Violating, stats.Rows})

	rows := []any{map[string]any{"x": int64(1), "y": int64(0)}, map[string]any{"x": int64(-1)}, map[string]any{"x": int64(-2), "y": int64(5)}}
	assert.ElementsMatch(t, want, broken(t, c, span(t, map[string]any{"ml.batch.size": 3, "ml.features": rows})))
	assert.ElementsMatch(t, append(want, "z.unknown_feature ×3 9"), broken(t, c, span(t, map[string]any{
		"ml.batch.size": 3, "ml.features": `{"x": [1, -1, -2], "y": [0, null, 5], "z": 9}`,
	})))
	results, _ := c.Check(t.Context(), span(t, columns))
	require.Len(t, results, 1)
	for _, v := range results[0].Violations {
		if v.ID() == "x.range" {
			assert.Equal(t, 1, v.Row, "the second row is the first")
		}
	}
	assert.Empty(t, broken(t, c, span(t, map[string]any{"ml.feature.x": 1, "ml.feature.y": 2})))
}

// TestRowsAlike: rows that lack the same, one behind the other and apart, are all counted, and the
// first of them is told.
func TestRowsAlike(t *testing.T) {
	c := checkerOf(&Contract{Checks: []Check{
		{Kind: Required, Feature: "x"},
		{Kind: NotMissing, Feature: "y"},
		{Kind: Required, Name: "owner", Attribute: "team"},
		{Kind: Range, Name: "age", Attribute: "age", Max: new(1.0)},
	}})
	x, y, neither, unreadable := map[string]any{"x": int64(1)}, map[string]any{"y": int64(1)}, map[string]any{}, "{"
	td := span(t, map[string]any{"ml.batch.size": 9, "ml.features": []any{x, x, x, y, y, neither, neither, unreadable, x}})
	td.ResourceSpans().At(0).Resource().Attributes().PutInt("age", 5)
	assert.ElementsMatch(t, []string{"x.required ×4", "y.not_missing ×6", "team.owner ×8", "age.age ×9 5"}, broken(t, c, td))
	results, _ := c.Check(t.Context(), td)
	require.Len(t, results, 1)
	for _, v := range results[0].Violations {
		if v.ID() == "x.required" {
			assert.Equal(t, 3, v.Row)
		}
	}
}

// TestRowsBeyondTheirWork: a text that all rows share is not matched a million times.
func TestRowsBeyondTheirWork(t *testing.T) {
	c := checkerOf(&Contract{Checks: []Check{
		{Kind: Matches, Feature: "text", Pattern: regexp.MustCompile("^[a-z]*9$")},
		{Kind: Required, Feature: "x"},
	}})
	const rows = 100_000
	column := make([]any, rows)
	td := span(t, map[string]any{"ml.batch.size": rows, "ml.feature.y": column, "ml.feature.text": strings.Repeat("a", 1<<16)})
	results, stats := c.Check(t.Context(), td)
	require.Len(t, results, 1)
	require.Len(t, results[0].Violations, 2)
	assert.Equal(t, rows, results[0].Rows)
	assert.Positive(t, stats.Unread)
	assert.Less(t, stats.Rows, int64(1000))
	for _, v := range results[0].Violations {
		assert.EqualValues(t, stats.Rows, v.Rows, v.ID())
	}
	assert.EqualValues(t, rows, stats.Rows+stats.Unread)
	assert.Equal(t, "m", stats.UnreadOf.Name)

	_, stats = c.Check(t.Context(), span(t, map[string]any{"ml.batch.size": rows, "ml.feature.y": column, "ml.feature.text": "abc"}))
	assert.Zero(t, stats.Unread, "what is short costs nothing")
}

// TestOtherModels leaves what has no contract alone.
func TestOtherModels(t *testing.T) {
	c := checker(Check{Kind: Required, Feature: "x"})
	td := span(t, nil)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr(mlconv.AttrModelName, "other")
	results, stats := c.Check(t.Context(), td)
	assert.Empty(t, results)
	assert.Equal(t, Stats{}, stats)
}

// TestManyModels forgets models where there are too many, and still finds the contract.
func TestManyModels(t *testing.T) {
	c := checker(Check{Kind: Range, Feature: "x", Min: new(0.0)})
	for i := range 2*maxModels + 10 {
		td := span(t, map[string]any{"ml.feature.x": -1})
		if i%2 == 1 {
			td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr(mlconv.AttrModelName, "other-"+strconv.Itoa(i))
		}
		require.Len(t, broken(t, c, td), (i+1)%2)
		require.LessOrEqual(t, len(c.models), maxModels)
	}
}

func TestStages(t *testing.T) {
	s := NewStages(&Contract{Checks: []Check{
		{Kind: Range, Name: "range", Attribute: "ml.stage.rows.out", Min: new(1000.0), Stage: "load"},
		{Kind: Required, Name: "required", Attribute: "ml.dataset.version"},
	}})
	td := span(t, map[string]any{"ml.stage.rows.out": 12})
	rs := td.ResourceSpans().At(0)
	check := func(stage string) (ids []string) {
		found, undecided := s.Check(stage, rs, rs.ScopeSpans().At(0), rs.ScopeSpans().At(0).Spans().At(0))
		require.Empty(t, undecided)
		for i := range found {
			ids = append(ids, found[i].ID()+" "+found[i].Observed)
		}
		return ids
	}
	assert.Equal(t, []string{"ml.stage.rows.out.range 12", "ml.dataset.version.required "}, check("load"))
	assert.Equal(t, []string{"ml.dataset.version.required "}, check("train"))
	rs.Resource().Attributes().PutStr("ml.dataset.version", "7")
	assert.Empty(t, check("train"))
}

// TestLargeBatchTakesLinearTime: a condition on each row of a batch must not copy the batch for each
// row. Ten times the rows take ten times the memory, not a hundred times.
func TestLargeBatchTakesLinearTime(t *testing.T) {
	c := checkerOf(&Contract{Checks: []Check{
		{Kind: Condition, Name: "a", Condition: `attributes["ml.feature.x"]`, Predicate: predicate(func(s ptrace.Span) (bool, error) {
			x, _ := s.Attributes().Get("ml.feature.x")
			return x.Int()%2 == 0, nil
		})},
		{Kind: Condition, Name: "b", Condition: "true", Predicate: predicate(func(s ptrace.Span) (bool, error) { return s.Attributes().Len() > 0, nil })},
	}})
	allocated := func(rows int) float64 {
		column := make([]any, rows)
		for i := range column {
			column[i] = int64(i)
		}
		td := span(t, map[string]any{"ml.batch.size": rows, "ml.feature.x": column, "ml.feature.y": column})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.Equal(t, []string{fmt.Sprintf("a ×%d", rows/2)}, broken(t, c, td))
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	assert.Less(t, allocated(10_000)/allocated(1000), 20.0)
}

// TestRowsOfMaps: a feature of one row is not one of the next.
func TestRowsOfMaps(t *testing.T) {
	var seen []any
	c := checkerOf(&Contract{Checks: []Check{{Kind: Condition, Condition: "nil", Predicate: predicate(func(s ptrace.Span) (bool, error) {
		x, _ := s.Attributes().Get("ml.feature.x")
		seen = append(seen, x.AsRaw())
		return true, nil
	})}}})
	broken(t, c, span(t, map[string]any{"ml.batch.size": 3, "ml.features": []any{map[string]any{"x": int64(1)}, map[string]any{"y": int64(2)}, map[string]any{"x": "3"}}}))
	assert.Equal(t, []any{int64(1), nil, "3"}, seen)
}

// FuzzValues gives the checks anything.
func FuzzValues(f *testing.F) {
	f.Add("a", "x", int64(1), 2.5, []byte("{}"), uint8(3))
	f.Add("{\"x\": [1, {}]}", "\xff", int64(-1), math.NaN(), []byte("[[[["), uint8(60))
	number := checkerOf(&Contract{OnlyKnown: true, Known: map[string]bool{}, Checks: everyCheck()})
	f.Fuzz(func(t *testing.T, text, key string, i int64, x float64, raw []byte, depth uint8) {
		td := span(t, nil)
		s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		a := s.Attributes()
		a.PutStr("ml.features", string(raw))
		a.PutStr("ml.feature.text", text)
		a.PutStr("ml.feature."+key, text)
		a.PutInt("ml.feature.int", i)
		a.PutDouble("ml.feature.float", x)
		a.PutEmptyBytes("ml.feature.bytes").FromRaw(raw)
		a.PutInt("ml.batch.size", i)
		deep := a.PutEmptyMap("ml.feature.map")
		for range depth {
			deep = deep.PutEmptyMap(key)
		}
		deep.PutDouble("x", x)
		list := a.PutEmptySlice("ml.feature.list")
		for range depth {
			list.AppendEmpty().SetStr(text)
		}
		results, _ := number.Check(t.Context(), td)
		for _, r := range results {
			for _, v := range r.Violations {
				if len(v.Observed) > 300 {
					t.Fatalf("%d bytes are shown", len(v.Observed))
				}
				_ = v.Expected()
			}
		}
	})
}

// everyCheck has each kind of check of each feature.
func everyCheck() []Check {
	var checks []Check
	for _, feature := range []string{"text", "int", "float", "bytes", "map", "list"} {
		for _, c := range []Check{
			{Kind: Type, Types: []string{Integer, Timestamp}},
			{Kind: Required},
			{Kind: NotMissing},
			{Kind: Range, Min: new(0.0), Max: new(1.0)},
			{Kind: Values, Values: []string{"a", "1"}},
			{Kind: NotValues, Values: []string{"a"}},
			{Kind: Matches, Pattern: regexp.MustCompile(`^(a+)+$`)},
			{Kind: NotMatches, Pattern: regexp.MustCompile(`(x*)*y`)},
			{Kind: Length, Max: new(3.0)},
			{Kind: Freshness, Age: time.Hour},
		} {
			c.Feature = feature
			checks = append(checks, c)
		}
	}
	return append(checks, Check{Kind: UnknownFeature})
}

// TestHugeValues ends though the text is one for which other engines take exponential time, as it is
// of a million letters.
func TestHugeValues(t *testing.T) {
	c := checkerOf(&Contract{Checks: everyCheck()})
	td := span(t, map[string]any{"ml.feature.text": strings.Repeat("a", 1<<20) + "b"})
	assert.Contains(t, strings.Join(broken(t, c, td), "\n"), "text.pattern")
}

func BenchmarkCheck(b *testing.B) {
	for name, features := range map[string]int{"20 features, 40 checks": 20} {
		b.Run(name, func(b *testing.B) {
			attributes := map[string]any{}
			var checks []Check
			for i := range features {
				feature := "f" + strconv.Itoa(i)
				if i%4 == 3 {
					attributes["ml.feature."+feature] = "EUR"
					checks = append(checks, Check{Kind: Type, Types: []string{String}, Feature: feature}, Check{Kind: Values, Values: []string{"EUR", "USD"}, Feature: feature})
					continue
				}
				attributes["ml.feature."+feature] = 1.5 * float64(i)
				checks = append(checks, Check{Kind: Type, Types: []string{Number}, Feature: feature}, Check{Kind: Range, Min: new(0.0), Max: new(100.0), Feature: feature})
			}
			const spans = 100
			td := span(b, attributes)
			list := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
			for range spans - 1 {
				list.At(0).CopyTo(list.AppendEmpty())
			}
			c := checker(checks...)
			require.Empty(b, broken(b, c, td))
			b.ReportAllocs()
			for b.Loop() {
				c.Check(b.Context(), td)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/spans, "ns/span")
		})
	}
}
