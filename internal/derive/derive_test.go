// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derive

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	list, err := Parse("ml.embedding.query#projections")
	require.NoError(t, err)
	require.Len(t, list, DefaultProjections)
	assert.Equal(t, Feature{Name: "ml.embedding.query#p7", Source: "ml.embedding.query", Measure: Projection, Index: 7}, list[7])
	list, err = Parse("a#b#text")
	require.NoError(t, err)
	require.Len(t, list, 4)
	assert.Equal(t, Feature{Name: "a#b#words", Source: "a#b", Measure: Words}, list[1])
	list, err = Parse("ml.prediction.scores#entropy")
	require.NoError(t, err)
	assert.Equal(t, []Feature{{Name: "ml.prediction.scores#entropy", Source: "ml.prediction.scores", Measure: Entropy}}, list)
	for _, bad := range []string{"", "x", "#p1", "x#", "x#p64", "x#p01", "x#p-1", "x#p", "x#length"} {
		_, err := Parse(bad)
		require.Error(t, err, bad)
		assert.Contains(t, err.Error(), bad)
		_, ok := Named(bad)
		assert.False(t, ok, bad)
	}
	for _, spec := range []string{"x#projections", "x#text", "x#norm", "x#value"} { // what is parsed is known by its name
		list, err := Parse(spec)
		require.NoError(t, err)
		for _, f := range list {
			named, ok := Named(f.Name)
			assert.True(t, ok)
			assert.Equal(t, f, named)
		}
	}
}

// measure returns a measure of a vector.
func measure(t *testing.T, values []float64, name string) float64 {
	t.Helper()
	f, ok := Named("x#" + name)
	require.True(t, ok)
	var v Vector
	v.Reset(MaxProjections, true)
	for _, x := range values {
		v.Add(x)
	}
	got, ok := v.Measure(&f)
	require.True(t, ok)
	return got
}

func TestVectorMeasures(t *testing.T) {
	assert.InDelta(t, 5, measure(t, []float64{3, -4}, "norm"), 1e-12)
	assert.InDelta(t, 1, measure(t, []float64{0.25, 0.25, 0.25, 0.25}, "entropy"), 1e-12)
	assert.InDelta(t, 0, measure(t, []float64{0, 1, 0}, "entropy"), 1e-12)
	want := -(0.7*math.Log(0.7) + 0.2*math.Log(0.2) + 0.1*math.Log(0.1)) / math.Log(3)
	assert.InDelta(t, want, measure(t, []float64{0.7, 0.2, 0.1}, "entropy"), 1e-12)
	assert.InDelta(t, want, measure(t, []float64{70, 20, 10}, "entropy"), 1e-12, "percents")
	var v Vector
	for name, values := range map[string][]float64{"nothing": nil, "NaN": {1, math.NaN()}, "infinite": {1, math.Inf(1)}, "long": make([]float64, MaxDimensions+1)} {
		v.Reset(1, true)
		for _, x := range values {
			v.Add(x)
		}
		_, ok := v.Measure(&Feature{Measure: Norm})
		assert.False(t, ok, name)
	}
	for name, values := range map[string][]float64{"one class": {1}, "negative": {1, -1, 3}, "all zero": {0, 0}} {
		v.Reset(0, true)
		for _, x := range values {
			v.Add(x)
		}
		_, ok := v.Measure(&Feature{Measure: Entropy})
		assert.False(t, ok, name)
	}
}

// The signs are part of the format: a baseline of today is compared with vectors of tomorrow.
func TestProjectionsStay(t *testing.T) {
	assert.Equal(t, [3]uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f}, [3]uint64{signsOf(0), signsOf(1), signsOf(2)})
	assert.InDelta(t, -1+2-3, measure(t, []float64{1, 2, 3}, "p0"), 1e-12)
	assert.InDelta(t, -1+2-3, measure(t, []float64{1, 2, 3}, "p1"), 1e-12)
}

// Projections keep lengths and distances (Johnson and Lindenstrauss): over many directions the mean
// square of a difference is that of the vectors, and no two directions agree more than by chance.
func TestProjectionsKeepDistances(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ratio := 0.0
	for range 200 {
		a, b := make([]float64, 768), make([]float64, 768)
		squares := 0.0
		for i := range a {
			a[i], b[i] = r.NormFloat64(), r.NormFloat64()
			squares += (a[i] - b[i]) * (a[i] - b[i])
		}
		var va, vb Vector
		va.Reset(MaxProjections, true)
		vb.Reset(MaxProjections, true)
		for i := range a {
			va.Add(a[i])
			vb.Add(b[i])
		}
		for k := range MaxProjections {
			d := va.sums[k] - vb.sums[k]
			ratio += d * d / squares / MaxProjections / 200
		}
	}
	assert.InDelta(t, 1, ratio, 0.05)
	for i := range MaxProjections {
		for j := range i {
			dot := 0
			for e := range uint64(MaxDimensions) {
				dot += 1 - 2*int((signsOf(e)>>i^signsOf(e)>>j)&1)
			}
			assert.Less(t, math.Abs(float64(dot)), 5*math.Sqrt(MaxDimensions), "%d and %d", i, j)
		}
	}
}

func TestAddJSON(t *testing.T) {
	var v, w Vector
	v.Reset(8, false)
	w.Reset(8, false)
	require.NoError(t, v.AddJSON(" [1, -2.5, 3e-1] "))
	for _, x := range []float64{1, -2.5, 0.3} {
		w.Add(x)
	}
	assert.Equal(t, w, v)
	v.Reset(0, true)
	require.NoError(t, v.AddJSON(`{"ok": 0.5, "fraud": 0.5}`))
	h, ok := v.Measure(&Feature{Measure: Entropy})
	assert.True(t, ok)
	assert.InDelta(t, 1, h, 1e-12)
	for _, bad := range []string{"", "[1", "[1,]", `["a"]`, "[null]", "[[1]]", "1", "[1] x"} {
		v.Reset(0, true)
		require.Error(t, v.AddJSON(bad), bad)
		_, ok := v.Measure(&Feature{Measure: Norm})
		assert.False(t, ok, bad)
	}
}

func TestText(t *testing.T) {
	for s, want := range map[string][4]float64{
		"two words":          {9, 2, 0, 0},
		"  a\tb\n c\u00a0d ": {11, 4, 1.0 / 11, 0},
		"Größe 42":           {8, 2, 2.0 / 8, 2.0 / 8},
		"数字 ٣":               {4, 2, 3.0 / 4, 1.0 / 4},
	} {
		text := NewText(s)
		for i, m := range []Measure{Characters, Words, NonASCII, Digits} {
			got, ok := text.Measure(m)
			assert.True(t, ok)
			assert.InDelta(t, want[i], got, 1e-12, "%q", s)
		}
	}
	empty := NewText("")
	n, ok := empty.Measure(Characters)
	assert.True(t, ok)
	assert.Zero(t, n)
	_, ok = empty.Measure(Digits)
	assert.False(t, ok, "a share of nothing")
	long := NewText("x" + strings.Repeat("é", MaxText))
	n, _ = long.Measure(Characters)
	assert.InDelta(t, 1+(MaxText-1)/2, n, 0, "no character is cut in two")
}

func FuzzText(f *testing.F) {
	f.Add("Größe 42")
	f.Fuzz(func(t *testing.T, s string) {
		text := NewText(s)
		if len(s) <= MaxText && text.characters != utf8.RuneCountInString(s) {
			t.Fatal("characters")
		}
		if text.words > text.characters || text.digits > text.characters || text.nonASCII > text.characters {
			t.Fatal("more than there are")
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add("[1,2]")
	f.Fuzz(func(t *testing.T, s string) {
		var v Vector
		v.Reset(4, true)
		err := v.AddJSON(s)
		if err == nil && !json.Valid([]byte(s)) {
			t.Fatalf("%q is taken", s)
		}
	})
}

func BenchmarkProject(b *testing.B) {
	values := make([]float64, 1536)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = r.NormFloat64()
	}
	var v Vector
	b.ReportAllocs()
	for b.Loop() {
		v.Reset(DefaultProjections, false)
		for _, x := range values {
			v.Add(x)
		}
	}
}
