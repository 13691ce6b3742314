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
		assert.Equal(t, len(s) > Max, cut)
		assert.True(t, strings.HasPrefix(s, strings.TrimSuffix(got, mark)) || got == s)
		if utf8.ValidString(s) {
			assert.True(t, utf8.ValidString(got))
		}
	})
}

func BenchmarkCut(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Cut("transaction_amount")
	}
}
