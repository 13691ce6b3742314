// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExpressions(t *testing.T) {
	data := sample()
	data["body"] = map[string]any{"id": int64(9007199254740993), "items": []any{map[string]any{"name": "a", "n": int64(1)}, map[string]any{"name": "b", "n": int64(2)}}, "ok": true, "nothing": nil}
	data["status"] = int64(201)
	data["headers"] = map[string]any{"retry-after": "5"}
	data["now"] = "2026-01-02T03:04:05Z"
	data["key"] = "abc"
	for text, want := range map[string]any{
		`body.id`:                                        int64(9007199254740993),
		`body.nope`:                                      nil,
		`body.nope?.x`:                                   nil,
		`body.nope ?? "x"`:                               "x",
		`filter(body.items, .n > 1)[0].name`:             "b",
		`map(body.items, .n)`:                            []any{int64(1), int64(2)},
		`{"a": body.ok, "b": [1, 2.5]}`:                  map[string]any{"a": true, "b": []any{int64(1), 2.5}},
		`find(body.items, .name == "z")`:                 nil,
		`len(body.items) + 1`:                            int64(3),
		`status == 201 && headers["retry-after"] == "5"`: true,
		`now + key`:                                      "2026-01-02T03:04:05Zabc",
		`fromJSON("{\"a\": 9007199254740993}").a`:        int64(9007199254740993),
		`let x = 2; x * 3`:                               int64(6),
		`6 / 3`:                                          int64(2),
		`groupBy(body.items, .n)`:                        map[string]any{"1": []any{map[string]any{"name": "a", "n": int64(1)}}, "2": []any{map[string]any{"name": "b", "n": int64(2)}}},
	} {
		t.Run(text, func(t *testing.T) {
			e, err := Compile(text)
			require.NoError(t, err)
			got, err := e.Eval(data)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestBadExpressions(t *testing.T) {
	for _, text := range []string{"", "a ==", "a b", `now()`, `foo("x"`, `foo("x")`, `reduce(1..30, #acc + #acc)`, `repeat("x", 100)`} {
		_, err := Compile(text)
		require.Error(t, err, text)
		assert.NotContains(t, err.Error(), "\n")
	}
	_, err := Compile(string(make([]byte, maxExpression+1)))
	require.ErrorContains(t, err, "at most 8192 are allowed")
}

func TestExpressionsThatFail(t *testing.T) {
	for text, want := range map[string]string{
		"body.a":                              "cannot fetch a from <nil>",
		"x.y.z":                               "cannot fetch",
		"map(1..1000000, map(1..1000000, #))": "memory budget exceeded",
		`"a" + 1`:                             "",
	} {
		t.Run(text, func(t *testing.T) {
			e, err := Compile(text)
			if err != nil {
				return
			}
			_, err = e.Eval(map[string]any{})
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	e, err := Compile("body")
	require.NoError(t, err)
	_, err = e.Holds(map[string]any{"body": "s3cret"})
	require.EqualError(t, err, `"body" gives a value that is neither true nor false`)
}

func TestExpressionNames(t *testing.T) {
	for text, want := range map[string][][]string{
		`steps.read.version != target.to`:     {{"steps", "read", "version"}, {"target", "to"}},
		`steps["read"].version`:               {{"steps", "read", "version"}},
		`steps?.read?.version ?? with.x`:      {{"steps", "read", "version"}, {"with", "x"}},
		`filter(body.items, .name == with.x)`: {{"body", "items"}, {"with", "x"}},
		`let x = body.a; x.b`:                 {{"body", "a"}},
		`len(body)`:                           {{"body"}},
		`body.items[0].id`:                    {{"body", "items"}},
		`body.items[status].id`:               {{"body", "items"}, {"status"}},
		`{"a": key, "b": [now]}`:              {{"key"}, {"now"}},
		`1 + 2`:                               nil,
	} {
		t.Run(text, func(t *testing.T) {
			e, err := Compile(text)
			require.NoError(t, err)
			assert.Equal(t, want, e.Names())
		})
	}
}

func TestSeen(t *testing.T) {
	data := map[string]any{"body": map[string]any{"a": map[string]any{"b": "PENDING"}, "n": int64(3)}, "status": int64(200)}
	for text, want := range map[string]string{
		`body.a.b == "READY"`:                  `body.a.b is "PENDING"`,
		`body.a.b == "READY" && status == 200`: `body.a.b is "PENDING", status is 200`,
		`body.x == 1 || body.n > 4`:            `body.x is not there, body.n is 3`,
		`body.x.y == 1`:                        ``,
		`target.to == "6"`:                     ``,
	} {
		t.Run(text, func(t *testing.T) {
			e, err := Compile(text)
			require.NoError(t, err)
			assert.Equal(t, want, e.Seen(data))
		})
	}
}
