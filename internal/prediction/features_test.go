// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

func TestScan(t *testing.T) {
	scalar := func(v value.Value) Field { return Field{Kind: Scalar, Value: v} }
	for in, want := range map[string]Field{
		`1`:          scalar(value.NewInt(1)),
		`-12.5e1`:    scalar(value.NewFloat(-125)),
		`1e999`:      {Kind: Empty},
		`true`:       scalar(value.NewBool(true)),
		`false`:      scalar(value.NewBool(false)),
		`null`:       {Kind: Empty},
		`NaN`:        {Kind: Empty},
		`-Infinity`:  {Kind: Empty},
		`""`:         {Kind: Empty, Value: value.NewText("")},
		`"a b"`:      scalar(value.NewText("a b")),
		`"\u00e4\n"`: scalar(value.NewText("ä\n")),
		`"\""`:       scalar(value.NewText(`"`)),
		`[1, "x"]`:   {Kind: JSONList, Value: value.NewText(`1, "x"`), count: 2},
		`[]`:         {Kind: JSONList, Value: value.NewText("")},
		`{"a":"}"}`:  {Kind: Unusable},
		`[[1],{}]`:   {Kind: Unusable, Value: value.NewText(`[1],{}`), count: 2},
	} {
		t.Run(in, func(t *testing.T) {
			var got Field
			p := jsonscan.New(in)
			require.NoError(t, got.scan(&p))
			require.NoError(t, p.End())
			assert.Equal(t, want, got)
		})
	}
	for _, in := range []string{``, `"`, `"\`, `"\x"`, `[1`, `[1 2]`, `{`, `-`, `1.2.3`, `tru`, `x`, `{"a]`} {
		t.Run("bad "+in, func(t *testing.T) {
			var got Field
			p := jsonscan.New(in)
			assert.False(t, got.scan(&p) == nil && p.End() == nil)
		})
	}
}

// What encoding/json reads as a plain value, scan reads as the same value.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`1`, `-1.5e-3`, `"a\tb"`, `[1,2,[3]]`, `{"a":{"b":[]}}`, ` true `, `"\ud83d\ude00"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got Field
		p := jsonscan.New(s)
		ok := got.scan(&p) == nil && p.End() == nil
		var want any
		if json.Unmarshal([]byte(s), &want) != nil {
			return // NaN and what nests too deep
		}
		require.True(t, ok || len(s) > 64, "%q", s)
		switch w := want.(type) {
		case float64:
			n, _ := got.Number()
			require.InDelta(t, w, n, 0)
		case bool:
			require.Equal(t, w, got.Bool())
		case nil:
			require.Equal(t, Empty, got.Kind)
		case []any:
			require.Contains(t, []FieldKind{JSONList, Unusable}, got.Kind)
			if got.Kind == JSONList {
				require.Len(t, w, got.count)
			}
		}
	})
}
