// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package boundedname

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		in, want string
		cut      bool
	}{
		"empty":                {"", "", false},
		"short":                {"fraud", "fraud", false},
		"the longest":          {strings.Repeat("a", Max), strings.Repeat("a", Max), false},
		"a byte too long":      {strings.Repeat("a", Max+1), strings.Repeat("a", Max-3) + "…", true},
		"two bytes a letter":   {strings.Repeat("é", Max), strings.Repeat("é", (Max-3)/2) + "…", true},
		"four bytes a letter":  {strings.Repeat("🦊", Max), strings.Repeat("🦊", (Max-3)/4) + "…", true},
		"not UTF-8, no letter": {strings.Repeat("\x80", Max+1), "…", true},
		"Latin-1":              {"M\xfcnchen", "M\uFFFDnchen", true},
		"too long with U+FFFD": {strings.Repeat("a", Max-1) + "\xfc", strings.Repeat("a", Max-3) + "…", true},
		"long Latin-1":         {strings.Repeat("a\xfc", Max), strings.Repeat("a\uFFFD", (Max-3)/4) + "a…", true},
		"half a letter":        {strings.Repeat("a", Max-3) + "日本", strings.Repeat("a", Max-3) + "…", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, cut := Cut(c.in)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.cut, cut)
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("fraud")
	f.Add(strings.Repeat("日本", 100))
	f.Fuzz(func(t *testing.T, s string) {
		got, cut := Cut(s)
		assert.LessOrEqual(t, len(got), Max)
		assert.True(t, utf8.ValidString(got))
		assert.Equal(t, got != s, cut)
		assert.Equal(t, Fits(s), !cut)
		if utf8.ValidString(s) {
			assert.Equal(t, len(s) > Max, cut)
			assert.True(t, strings.HasPrefix(s, strings.TrimSuffix(got, mark)) || got == s)
		}
		again, cut := Cut(got)
		assert.Equal(t, got, again)
		assert.False(t, cut)
	})
}

func BenchmarkCut(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Cut("transaction_amount")
	}
}
