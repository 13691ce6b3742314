// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// source draws values.
type source func(r *rand.Rand) float64

var (
	normal    source = func(r *rand.Rand) float64 { return 50 + 10*r.NormFloat64() }
	standard  source = func(r *rand.Rand) float64 { return r.NormFloat64() }
	lognormal source = func(r *rand.Rand) float64 { return math.Exp(3 + r.NormFloat64()) }
	zeros     source = func(r *rand.Rand) float64 {
		if r.Float64() < 0.6 {
			return 0
		}
		return 20 * r.ExpFloat64()
	}
	integers source = func(r *rand.Rand) float64 { return float64(1 + r.IntN(7)) }
	prices   source = func(r *rand.Rand) float64 { return math.Round(100*math.Exp(2+0.8*r.NormFloat64())) / 100 }
)

var sources = map[string]source{
	"normal": normal, "standard": standard, "lognormal": lognormal, "zeros": zeros, "integers": integers, "prices": prices,
}

// then changes what a source draws.
func (s source) then(f func(r *rand.Rand, v float64) float64) source {
	return func(r *rand.Rand) float64 { return f(r, s(r)) }
}

func (s source) times(f float64) source {
	return s.then(func(_ *rand.Rand, v float64) float64 { return v * f })
}

func (s source) plus(d float64) source {
	return s.then(func(_ *rand.Rand, v float64) float64 { return v + d })
}

// mixed replaces a share of the values.
func (s source) mixed(share float64, other source) source {
	return s.then(func(r *rand.Rand, v float64) float64 {
		if r.Float64() < share {
			return other(r)
		}
		return v
	})
}

func (s source) draw(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = s(r)
	}
	return out
}

func always(v float64) source { return func(*rand.Rand) float64 { return v } }

// sample counts values in bins.
func sample(bins *distribution.Bins, values []float64) stats.Sample {
	s := stats.Sample{Bounds: bins.Bounds(), Min: slices.Min(values), Max: slices.Max(values)}
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		square += (v - mean) * (v - mean) / float64(len(values))
	}
	s.StdDev = math.Sqrt(square)
	for _, c := range bins.Count(values) {
		s.Counts = append(s.Counts, float64(c))
	}
	return s
}

// pair counts two sets of values in 240 bins of equal mass of the first.
func pair(t testing.TB, before, now []float64) (ref, cur stats.Sample) {
	t.Helper()
	bins := binsOf(t, before)
	ref, cur = sample(bins, before), sample(bins, now)
	cur.StdDev = math.NaN()
	return ref, cur
}

func binsOf(t testing.TB, values []float64) *distribution.Bins {
	t.Helper()
	bins, err := distribution.NewBins(distribution.EqualMassBounds(slices.Sorted(slices.Values(values)), distribution.DefaultBins))
	require.NoError(t, err)
	return bins
}

// generated are changes of known kinds.
var generated = []struct {
	name     string
	from, to source
	want     Kind
	or       Kind // is as right
}{
	{"constant", normal, always(42), Constant, Constant},
	{"constant that the reference has", zeros, always(0), Constant, Constant},
	{"nothing but one new value", integers, always(9), Constant, Constant},
	{"cents", lognormal, lognormal.times(100), Scale, Scale},
	{"cents of prices", prices, prices.times(100), Scale, Scale},
	{"cents of numbers far from 0", normal, normal.times(100), Scale, Scale},
	{"cents of many zeros", zeros, zeros.times(100), Scale, Scale},
	{"thousands", normal, normal.times(1e-3), Scale, Scale},
	{"a tenth of a skewed one", lognormal, lognormal.times(0.1), Scale, Scale},
	{"percent", source(func(r *rand.Rand) float64 { return r.Float64() }), source(func(r *rand.Rand) float64 { return 100 * r.Float64() }), Scale, Scale},
	{"a ten times as wide one about 0", standard, standard.times(10), Scale, Spread},
	{"all half as much again", lognormal, lognormal.times(1.5), Scale, Scale},
	{"zeros", normal, normal.mixed(0.1, always(0)), Tail, Tail}, // below all others, no bin is 0 alone
	{"one value among others", normal, normal.mixed(0.1, always(47)), Spike, Spike},
	{"more zeros", zeros, zeros.mixed(0.4, always(0)), Spike, Spike},
	{"a favourite integer", integers, integers.mixed(0.2, always(3)), Spike, Spike},
	{"no zeros any more", zeros, source(func(r *rand.Rand) float64 { return 20 * r.ExpFloat64() }), Gap, Gap},
	{"outliers above", normal, normal.mixed(0.02, func(r *rand.Rand) float64 { return 250 + 10*r.NormFloat64() }), Tail, Tail},
	{"a sentinel below", lognormal, lognormal.mixed(0.05, always(-999)), Tail, Tail},
	{"half a sd up", normal, normal.plus(5), Shift, Shift},
	{"a fifth of a sd down", normal, normal.plus(-2), Shift, Shift},
	{"20 sd up", normal, normal.plus(200), Shift, Shift},
	{"elsewhere, not in another unit", normal, normal.plus(450), Shift, Shift},
	{"3 sd down", standard, standard.plus(-3), Shift, Shift},
	{"a skewed one elsewhere", lognormal, lognormal.plus(30), Shift, Shift},
	{"one and a half times as wide", normal, normal.plus(-50).times(1.5).plus(50), Spread, Spread},
	{"half as wide", standard, standard.times(0.5), Spread, Spread},
	{"up and wider", standard, standard.times(1.4).plus(1), Shift, Shift},
	{"Fahrenheit", normal, normal.times(1.8).plus(32), Shift, Scale},
	{"a second group", normal, normal.mixed(0.2, func(r *rand.Rand) float64 { return 70 + 2*r.NormFloat64() }), Mixture, Mixture},
	{"a group in the middle", standard, standard.mixed(0.15, func(r *rand.Rand) float64 { return -0.5 + 0.1*r.NormFloat64() }), Mixture, Mixture},
	{"rounded", lognormal, lognormal.then(func(_ *rand.Rand, v float64) float64 { return 10 * math.Round(v/10) }), Other, Other},
	{"uniform", lognormal, func(r *rand.Rand) float64 { return 100 * r.Float64() }, Other, Mixture},
}

// Changes of known kinds are told apart, with 300 and 3,000 values against 10,000.
func TestGenerated(t *testing.T) {
	const tries = 16
	for i, x := range generated {
		before := x.from.draw(rand.New(rand.NewPCG(uint64(i), 0)), 10_000)
		bins := binsOf(t, before)
		ref := sample(bins, before)
		for _, n := range []int{300, 3000} {
			got := map[Kind]int{}
			text := ""
			for try := range tries {
				r := rand.New(rand.NewPCG(uint64(i), uint64(n*tries+try)))
				c := Numbers(ref, sample(bins, x.to.draw(r, n)))
				got[c.Kind]++
				if text == "" || c.Kind != x.want {
					text = c.Text
				}
			}
			right := got[x.want]
			if x.or != x.want {
				right += got[x.or]
			}
			least := tries
			if n < 1000 {
				right += got[None] // too few to say
				least = tries * 3 / 4
			}
			if right < least {
				t.Errorf("%s, n = %d: %v, want %v; %q", x.name, n, got, x.want, text)
			}
		}
	}
}

// Without a change there is none, whatever the shape, the size and the bins are.
func TestNoChange(t *testing.T) {
	false_, tries := 0, 0
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range sources {
			if !yield(name) {
				return
			}
		}
	}) {
		for _, n := range []int{200, 2000, 20_000} {
			for try := range 10 {
				r := rand.New(rand.NewPCG(uint64(n), uint64(try)))
				ref, cur := pair(t, sources[name].draw(r, 5000), sources[name].draw(r, n))
				if c := Numbers(ref, cur); c != (Change{}) {
					false_++
					t.Logf("%s, n = %d: %v %q", name, n, c.Kind, c.Text)
				}
				tries++
			}
		}
	}
	assert.LessOrEqual(t, false_, tries/50, "of %d", tries)
}

// Few bins without ends, as segments have them, tell less: they say nothing that they do not know.
func TestGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	before := normal.draw(r, 10_000)
	fine := binsOf(t, before)
	counts := fine.Count(before)
	groups, err := distribution.NewBins(distribution.GroupByMass(fine.Bounds(), counts, distribution.DefaultGroups).Bounds())
	require.NoError(t, err)
	ref := sample(fine, before)
	for _, x := range []struct {
		to   source
		want []Kind
	}{
		{normal, []Kind{None}},
		{normal.plus(5), []Kind{Shift}},
		{normal.plus(-50).times(1.5).plus(50), []Kind{Spread, Shift}},
		{normal.times(100), []Kind{Shift}}, // or another unit, which nothing tells
		{normal.mixed(0.1, always(47)), []Kind{Mixture}},
		{normal.mixed(0.05, always(-999)), []Kind{Tail}},
	} {
		cur := sample(groups, x.to.draw(r, 3000))
		cur.Min, cur.Max = math.NaN(), math.NaN()
		c := Numbers(ref, cur)
		assert.Contains(t, x.want, c.Kind, c.Text)
		assert.NotContains(t, c.Text, "NaN")
		assert.NotContains(t, c.Text, "Inf")
	}
}

// The sum of the values tells the unit where neither bins nor ends do.
func TestSum(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	ref, cur := pair(t, normal.draw(r, 10_000), normal.times(100).draw(r, 1000))
	cur.Min, cur.Max = math.NaN(), math.NaN()
	assert.Equal(t, Shift, Numbers(ref, cur).Kind)
	cur.Sum, cur.HasSum = 5_010_000, true
	assert.Regexp(t, `^scale ×100: mean (49|50)[0-9.]* → [0-9]+$`, Numbers(ref, cur).Text)
	cur.Sum = 300_000
	c := Numbers(ref, cur)
	assert.Equal(t, Shift, c.Kind, c.Text)
	assert.Contains(t, c.Text, "→ 300 (")
}

// What cannot be compared has no change; numbers of any size are no trouble.
func TestDegenerate(t *testing.T) {
	one := stats.Sample{Bounds: []float64{1}, Counts: []float64{5, 5}, Min: 0, Max: 2}
	for name, x := range map[string][2]stats.Sample{
		"nothing":       {},
		"no values":     {one, {Bounds: []float64{1}, Counts: []float64{0, 0}}},
		"no bounds":     {{Counts: []float64{5}}, {Counts: []float64{5}}},
		"other bins":    {one, {Bounds: []float64{1, 2}, Counts: []float64{5, 5, 5}}},
		"no number":     {one, {Bounds: []float64{1}, Counts: []float64{math.NaN(), 1}}},
		"the same":      {one, one},
		"one value yet": {{Bounds: []float64{1, 2}, Counts: []float64{5, 0, 0}, Min: 1, Max: 1}, {Bounds: []float64{1, 2}, Counts: []float64{9, 0, 0}, Min: 1, Max: 1}},
	} {
		assert.Equal(t, Change{}, Numbers(x[0], x[1]), name)
	}
	for _, unit := range []float64{1e-300, 1e300, math.MaxFloat64 / 100} {
		r := rand.New(rand.NewPCG(9, 9))
		draw := func(n int, by float64) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = unit * (r.Float64() + by)
			}
			return out
		}
		c := Numbers(pair(t, draw(5000, 0), draw(500, 0.5)))
		assert.NotContains(t, c.Text, "NaN", unit)
		assert.NotContains(t, c.Text, "Inf", unit)
		assert.NotEqual(t, None, c.Kind, unit)
	}
}

// Rows that depend on each other are worth fewer: what they do is chance.
func TestEffectiveNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	ref, cur := pair(t, normal.draw(r, 10_000), normal.plus(2).draw(r, 3000))
	assert.Equal(t, Shift, Numbers(ref, cur).Kind)
	cur.EffectiveN = 30
	assert.Equal(t, Change{}, Numbers(ref, cur))
}

func BenchmarkNumbers(b *testing.B) {
	for name, to := range map[string]source{"shift": normal.plus(5), "spike": normal.mixed(0.1, always(47))} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			ref, cur := pair(b, normal.draw(r, 10_000), to.draw(r, 2000))
			b.ReportAllocs()
			for b.Loop() {
				Numbers(ref, cur)
			}
		})
	}
}
