// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var small = Options{MaxValues: 100, MaxDepth: 8}

// TestParse reads values as JSON would have them, with what aliases stand for in their places.
func TestParse(t *testing.T) {
	r := &Report{}
	docs, whole := Parse("f.yaml", []byte(`
a: &list [1, 2.5, x, true, null, 2026-01-02, 18446744073709551615]
b: *list
"c.d": {e: 'f'}
---
# nothing
---
two
`), small, r)
	require.NoError(t, r.Err())
	assert.True(t, whole)
	require.Len(t, docs, 2)
	list := []any{int64(1), 2.5, "x", true, nil, "2026-01-02", 18446744073709551615.0}
	assert.Equal(t, map[string]any{"a": list, "b": list, "c.d": map[string]any{"e": "f"}}, docs[0].Value)
	assert.Equal(t, "two", docs[1].Value)
	assert.False(t, docs[0].Bad())

	// An alias stands on its own line, and what is in it on the line where it was written.
	_, b := docs[0].At([]string{"b"})
	assert.Equal(t, 3, b.Line)
	_, inside := docs[0].At([]string{"b", "1"})
	assert.Equal(t, 2, inside.Line)
	docs[0].Fail(inside, []string{"b", "1"}, "is %s", "bad")
	key, _ := docs[0].At([]string{"c.d", "e"})
	docs[0].FailAt(key, Join("", "c.d"), "is bad")
	docs[0].FailAt(key, Join("", "c.d"), "is bad") // the same is said once
	docs[0].Fail(key, []string{"c.d", "e"}, "too")
	assert.EqualError(t, r.Err(), "f.yaml:2:14: b[1]: is bad\nf.yaml:4:9: [\"c.d\"]: is bad\nf.yaml:4:9: [\"c.d\"].e: too")
	assert.True(t, docs[0].Bad())
	assert.Len(t, Violations(r.Err()), 3)
	assert.Nil(t, Violations((&Report{}).Err()))
}

// TestViolations finds what cannot be a JSON value, all of it.
func TestViolations(t *testing.T) {
	for in, want := range map[string][]string{
		"a: [":                              {"f:2:1: is no YAML: did not find expected node content"},
		"a: @b":                             {"f: is no YAML: found character that cannot start any token"},
		"a: 1\na: 2\n":                      {"f:2:1: a: is there twice, first on line 1"},
		"a: {b: 1, b: 2}\nc: .nan\nd: !x y": {"f:1:11: a.b: is there twice, first on line 1", "f:2:4: c: .nan is no finite number", "f:3:4: d: the tag !x is not supported"},
		"a: {<<: {b: 1}}":                   {"f:1:5: a: keys must be texts; merge keys (<<) are not supported"},
		"? [a]\n: 1":                        {"f:1:3: keys must be texts; merge keys (<<) are not supported"},
		"a: &x [{b: .inf}]\nc: *x":          {"f:1:12: a[0].b: .inf is no finite number", "f:1:12: c[0].b: .inf is no finite number"},
		strings.Repeat("[", 10) + strings.Repeat("]", 10):               {"f:1:10: [0][0][0][0][0][0][0][0][0]: too large: at most 100 values, 8 levels deep"},
		"a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b]": {"f:1:20: c[0][3][6]: too large: at most 100 values, 8 levels deep"},
	} {
		t.Run(in, func(t *testing.T) {
			r := &Report{}
			Parse("f", []byte(in), small, r)
			var got []string
			for _, v := range Violations(r.Err()) {
				got = append(got, v.Error())
			}
			assert.Equal(t, want, got)
		})
	}
}

// TestPartOfAConfig has no file and no lines, but a place in the config.
func TestPartOfAConfig(t *testing.T) {
	r := &Report{}
	docs, _ := Parse("", []byte("a: {b: .nan}\n"), Options{MaxValues: 10, MaxDepth: 3, Key: "parts[0]"}, r)
	require.Len(t, docs, 1)
	docs[0].FailAt(docs[0].Root, Index("parts[0].c", 1), "is bad")
	assert.EqualError(t, r.Err(), "'parts[0].a.b': .nan is no finite number\n'parts[0].c[1]': is bad")
}

func TestKeys(t *testing.T) {
	assert.Equal(t, `map["ml.feature.*"].from[2]`, Index(Join(Join("map", "ml.feature.*"), "from"), 2))
	assert.Equal(t, `[""]`, Join("", ""))
	assert.Equal(t, "; did you mean owner?", Suggest("onwer", []string{"name", "owner"}))
	assert.Empty(t, Suggest("zebra", []string{"name", "owner"}))
	assert.Len(t, Clip(strings.Repeat("x", 100)), 80)
}

// FuzzParse reads anything: nothing panics, and what is read without a violation has a value.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: &a [*a]", "a: 1\n---\nb: {c: [d, 1.5]}\n", "a: [", "? {a: b}\n: c", "&a a: *a", "!!binary aGk="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &Report{}
		docs, whole := Parse("f", []byte(text), small, r)
		assert.True(t, whole || r.Err() != nil)
		for _, d := range docs {
			assert.True(t, d.Bad() || d.Value != nil)
			d.Fail(d.Root, []string{"a", "0"}, "x")
		}
	})
}
