// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type word string

func TestPlain(t *testing.T) {
	for name, c := range map[string]struct{ in, want any }{
		"nothing":            {nil, nil},
		"int":                {7, int64(7)},
		"whole float":        {1e6, int64(1000000)},
		"float":              {1.5, 1.5},
		"great float":        {1e300, 1e300},
		"number":             {json.Number("9007199254740993"), int64(9007199254740993)},
		"greater than int64": {json.Number("18446744073709551616"), json.Number("18446744073709551616")},
		"uint64":             {uint64(18446744073709551615), json.Number("18446744073709551615")},
		"number with point":  {json.Number("2.50"), 2.5},
		"own type":           {word("x"), "x"},
		"time":               {time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03:04:05Z"},
		"map of texts":       {map[string]string{"a": "b"}, map[string]any{"a": "b"}},
		"map of numbers":     {map[any]any{1: []int{2}}, map[string]any{"1": []any{int64(2)}}},
		"list":               {[]string{"a"}, []any{"a"}},
		"nested":             {map[string]any{"a": []any{1.0, map[string]int{"b": 2}}}, map[string]any{"a": []any{int64(1), map[string]any{"b": int64(2)}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Plain(c.in)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	_, err := Plain(struct{}{})
	require.ErrorContains(t, err, "a value of the type struct {} is none of text")
	_, err = Plain(map[string]any{"f": func() {}})
	require.Error(t, err)
	_, err = Plain(strings.Repeat("x", maxSize+1))
	require.ErrorContains(t, err, "too large")
	var deep any
	for range maxDepth + 2 {
		deep = []any{deep}
	}
	_, err = Plain(deep)
	require.ErrorContains(t, err, "too large")
}

// TestPlainIsACopy: what a template reads does not change under it.
func TestPlainIsACopy(t *testing.T) {
	in := map[string]any{"a": []any{"b"}}
	out, err := Plain(in)
	require.NoError(t, err)
	in["a"].([]any)[0] = "c"
	assert.Equal(t, map[string]any{"a": []any{"b"}}, out)
}

func TestJSON(t *testing.T) {
	v, err := DecodeJSON([]byte(` {"id": 12345678901234567, "big": 123456789012345678901234567890, "f": 0.1, "l": [1e6]} `))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"id": int64(12345678901234567), "big": json.Number("123456789012345678901234567890"), "f": 0.1, "l": []any{int64(1000000)}}, v)
	data, err := EncodeJSON(v)
	require.NoError(t, err)
	assert.Equal(t, `{"big":123456789012345678901234567890,"f":0.1,"id":12345678901234567,"l":[1000000]}`, string(data))
	data, err = EncodeJSON("<a&b>\u2028")
	require.NoError(t, err)
	assert.Equal(t, `"<a&b>\u2028"`, string(data))
	for _, bad := range []string{"", "{", "1 2", "nope"} {
		_, err := DecodeJSON([]byte(bad))
		require.Error(t, err, bad)
	}
}

func TestText(t *testing.T) {
	for want, v := range map[string]any{
		"": nil, "a": "a", "true": true, "1000000": int64(1000000), "12345678.9": 12345678.9, "123456789012345678901": json.Number("123456789012345678901"),
		`{"a":["<b>"]}`: map[string]any{"a": []any{"<b>"}},
	} {
		assert.Equal(t, want, Text(v))
	}
}
