// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package validtext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestOf(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"Munich":                           "Munich",
		"M\u00fcnchen":                     "M\u00fcnchen",
		"M\xfcnchen":                       "M\uFFFDnchen",
		"\xff":                             "\uFFFD",
		"\xff\xfe":                         "\uFFFD",
		"\uFFFD":                           "\uFFFD",
		"a\xffb\xfec":                      "a\uFFFDb\uFFFDc",
		"half a letter \xe2\x82":           "half a letter \uFFFD",
		"a surrogate \xed\xa0\x80":         "a surrogate \uFFFD",
		"more than eight bytes, \xe9t\xe9": "more than eight bytes, \uFFFDt\uFFFD",
	} {
		got, replaced := Of(in)
		assert.Equal(t, want, got, "%q", in)
		assert.Equal(t, want != in, replaced, "%q", in)
	}
}

// TestIsLooksAtEachByte puts a byte that is no UTF-8 in each place of strings of many lengths.
func TestIsLooksAtEachByte(t *testing.T) {
	for n := range 70 {
		s := strings.Repeat("a", n)
		assert.True(t, Is(s))
		for i := range n {
			assert.False(t, Is(s[:i]+"\xfc"+s[i+1:]), "%d of %d", i, n)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add("M\xfcnchen")
	f.Add("\u65e5\u672c, and more of it")
	f.Fuzz(func(t *testing.T, s string) {
		got, replaced := Of(s)
		assert.Equal(t, utf8.ValidString(s), Is(s))
		assert.Equal(t, utf8.ValidString(s), !replaced)
		assert.Equal(t, strings.ToValidUTF8(s, "\uFFFD"), got)
	})
}

func BenchmarkIs(b *testing.B) {
	b.ReportAllocs()
	for _, s := range []string{"value", "transaction_amount", "http.request.header.content-type", "M\u00fcnchen", strings.Repeat("prompt ", 1000)} {
		b.Run(s[:min(len(s), 20)], func(b *testing.B) {
			for b.Loop() {
				Is(s)
			}
		})
	}
	b.Run("utf8", func(b *testing.B) {
		for b.Loop() {
			utf8.ValidString("transaction_amount")
		}
	})
}
