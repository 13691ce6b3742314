// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScannerValue(t *testing.T) {
	for in, want := range map[string]value{
		`1`:          {kind: integer, int: 1, num: 1},
		`-12.5e1`:    {kind: number, num: -125},
		`1e999`:      {kind: number, num: inf()},
		`true`:       {kind: boolean, num: 1},
		`false`:      {kind: boolean},
		`null`:       {kind: empty},
		`NaN`:        {kind: empty},
		`-Infinity`:  {kind: empty},
		`""`:         {kind: empty},
		`"a b"`:      {kind: text, str: "a b"},
		`"\u00e4\n"`: {kind: text, str: "ä\n"},
		`"\""`:       {kind: text, str: `"`},
		`[1, "x"]`:   {kind: jsonList, str: `1, "x"`, int: 2},
		`[]`:         {kind: jsonList},
		`{"a":"}"}`:  {kind: unusable},
		`[[1],{}]`:   {kind: unusable, str: `[1],{}`, int: 2},
	} {
		t.Run(in, func(t *testing.T) {
			var got value
			p := scanner{s: in}
			require.True(t, p.value(&got))
			assert.True(t, p.end())
			if want.kind == unusable {
				got.str, got.int, want.str, want.int = "", 0, "", 0
			}
			assert.Equal(t, want, got)
		})
	}
	for _, in := range []string{``, `"`, `"\`, `"\x"`, `[1`, `[1 2]`, `{`, `-`, `1.2.3`, `tru`, `x`, `{"a]`} {
		t.Run("bad "+in, func(t *testing.T) {
			var got value
			p := scanner{s: in}
			assert.False(t, p.value(&got) && p.end())
		})
	}
}

func inf() float64 {
	v := 1e308
	return v * 10
}

// What encoding/json reads as a plain value, the scanner reads as the same value.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{`1`, `-1.5e-3`, `"a\tb"`, `[1,2,[3]]`, `{"a":{"b":[]}}`, ` true `, `"\ud83d\ude00"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got value
		p := scanner{s: s}
		ok := p.value(&got) && p.end()
		var want any
		if json.Unmarshal([]byte(s), &want) != nil {
			return // the scanner may take what is not quite JSON, but must not panic
		}
		require.True(t, ok, "%q", s)
		switch w := want.(type) {
		case float64:
			require.Equal(t, w, got.num)
		case string:
			if got.kind == text && json.Valid([]byte(s)) && len(w) > 0 {
				// Invalid UTF-8 is passed on as it is, where encoding/json replaces it.
				if string([]rune(w)) == string([]rune(got.str)) {
					require.Equal(t, string([]rune(w)), string([]rune(got.str)))
				} else {
					require.Contains(t, w, "\ufffd")
				}
			} else {
				require.Empty(t, w)
			}
		case bool:
			require.Equal(t, boolean, got.kind)
		case nil:
			require.Equal(t, empty, got.kind)
		case []any:
			require.Contains(t, []kind{jsonList, unusable}, got.kind)
			if got.kind == jsonList {
				require.Equal(t, int64(len(w)), got.int)
			}
		}
	})
}
