// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"fmt"
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

// TestManyViolations: of a file a hundred are listed and the others counted; those of other files are
// not fewer for it.
func TestManyViolations(t *testing.T) {
	r := &Report{}
	many := strings.Repeat("a: .nan\n---\n", MaxViolations+50)
	docs, whole := Parse("many", []byte(many), small, r)
	assert.True(t, whole)
	for _, d := range docs {
		assert.True(t, d.Bad())
	}
	Parse("other", []byte("a: .nan\n"), small, r)
	docs[0].FailAt(docs[0].Root, "b", "is one more")
	require.True(t, docs[0].Full())
	docs[1].Count(7)
	assert.Len(t, r.List(), MaxViolations+1)
	listed := Violations(r.Err())
	require.Len(t, listed, MaxViolations+2)
	assert.EqualError(t, listed[MaxViolations], "other:1:4: a: .nan is no finite number")
	assert.EqualError(t, listed[MaxViolations+1], "many: and 58 more violations, which are not listed")
	assert.Equal(t, MaxViolations+50+1+7+1, Count(r.Err()))
	assert.Zero(t, Count(nil))

	r = &Report{} // a part of the config has no file, and nothing else that lists it
	Parse("", []byte(many), small, r)
	assert.Len(t, Violations(r.Err()), 1, "they are all the same")
	assert.Len(t, r.List(), MaxViolations+50)
}

// TestLargeMappings are found by their keys as small ones are: the first of two of the same name.
func TestLargeMappings(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "k%d: {a: %d}\n", i, i)
	}
	b.WriteString("k7: 1\n")
	r := &Report{}
	docs, _ := Parse("f", []byte(b.String()), Options{MaxValues: 1000, MaxDepth: 8}, r)
	require.EqualError(t, r.Err(), "f:201:1: k7: is there twice, first on line 8")
	key, value := docs[0].At([]string{"k150", "a"})
	assert.Equal(t, "a", key.Value)
	assert.Equal(t, 151, value.Line)
	key, _ = docs[0].At([]string{"nothing"})
	assert.Equal(t, docs[0].Root, key)
}

// TestAliasesOfManyDocuments: each document is within its bound, the file is not.
func TestAliasesOfManyDocuments(t *testing.T) {
	r := &Report{}
	laugh := "a: &a [1,1,1,1,1,1,1,1,1]\nb: [*a,*a,*a,*a,*a,*a,*a]\n---\n"
	docs, whole := Parse("f", []byte(strings.Repeat(laugh, 100)), small, r)
	assert.False(t, whole)
	assert.Less(t, len(docs), 80)
	assert.ErrorContains(t, r.Err(), "too large: aliases stand for more than 100 values in this file")
	r = &Report{}
	_, whole = Parse("f", []byte(strings.Repeat("[1,1,1]\n---\n", 100)), small, r)
	assert.True(t, whole)
	assert.NoError(t, r.Err())
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
