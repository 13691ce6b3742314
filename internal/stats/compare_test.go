// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseMethod(t *testing.T) {
	for _, m := range Methods() {
		got, err := ParseMethod(string(m))
		require.NoError(t, err)
		assert.Equal(t, m, got)
		assert.Equal(t, m == KS || m == Wasserstein, m.Ordered())
		assert.Equal(t, 0.1, m.DefaultThreshold())
	}
	_, err := ParseMethod("PSI")
	assert.EqualError(t, err, `unknown drift method "PSI": must be one of psi, jensen_shannon, kl, ks, wasserstein, chi2, hellinger, l_infinity, total_variation`)
}

func TestCompareRefuses(t *testing.T) {
	ok := Sample{Counts: []float64{1, 2}, Bounds: []float64{0}}
	with := func(change func(*Sample)) Sample {
		s := Sample{Counts: slices.Clone(ok.Counts), Bounds: slices.Clone(ok.Bounds)}
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		method   Method
		ref, cur Sample
		is       error
		says     string
	}{
		"more counts":        {PSI, ok, with(func(s *Sample) { s.Counts = []float64{1, 2, 3} }), errShape, "different bins"},
		"other bounds":       {PSI, ok, with(func(s *Sample) { s.Bounds[0] = 1 }), errShape, "different bins"},
		"bounds on one side": {PSI, ok, with(func(s *Sample) { s.Bounds = nil }), errShape, "different bins"},
		"too many bounds": {
			PSI, with(func(s *Sample) { s.Bounds = []float64{1, 2} }),
			with(func(s *Sample) { s.Bounds = []float64{1, 2} }), errShape, "2 counts need 1 bounds, not 2",
		},
		"categories":         {KS, Sample{Counts: []float64{1}}, Sample{Counts: []float64{1}}, errNoBounds, "not categories"},
		"nothing at all":     {PSI, Sample{}, Sample{}, errNoSamples, "reference: no samples"},
		"empty reference":    {PSI, with(func(s *Sample) { s.Counts = []float64{0, 0} }), ok, errNoSamples, "reference: no samples"},
		"empty current":      {PSI, ok, with(func(s *Sample) { s.Counts = []float64{0, 0} }), errNoSamples, "current: no samples"},
		"negative":           {PSI, ok, with(func(s *Sample) { s.Counts[1] = -1 }), nil, "current: counts[1] = -1"},
		"NaN":                {PSI, with(func(s *Sample) { s.Counts[0] = math.NaN() }), ok, nil, "reference: counts[0] = NaN"},
		"infinite":           {PSI, with(func(s *Sample) { s.Counts[0] = math.Inf(1) }), ok, nil, "reference: counts[0] = +Inf"},
		"too many samples":   {PSI, with(func(s *Sample) { s.Counts[0] = 1e300 }), ok, nil, "reference: 1e+300 samples are more than"},
		"unknown method":     {"emd", ok, ok, nil, "must be one of psi"},
		"bounds that fall":   {Wasserstein, fall(), fall(), nil, "strictly increasing"},
		"bounds that repeat": {Wasserstein, fall(1, 1), fall(1, 1), nil, "strictly increasing"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Compare(c.method, c.ref, c.cur)
			require.ErrorContains(t, err, c.says)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			assert.Zero(t, r)
		})
	}
}

func fall(bounds ...float64) Sample {
	if bounds == nil {
		bounds = []float64{2, 1}
	}
	return Sample{Counts: []float64{1, 1, 1}, Bounds: bounds}
}

// randomPair draws counts of some bins; thin and empty ones are frequent.
func randomPair(rng *rand.Rand) (ref, cur Sample) {
	n := 1 + rng.IntN(20)
	bounds := make([]float64, 0, n)
	at := rng.NormFloat64()
	for range n - 1 {
		bounds = append(bounds, at)
		at += rng.ExpFloat64()
	}
	side := func() Sample {
		s := Sample{Counts: make([]float64, n), Bounds: bounds, StdDev: rng.Float64()}
		s.Min, s.Max = rng.NormFloat64()-2, at+rng.ExpFloat64()
		for i := range s.Counts {
			if rng.IntN(3) > 0 {
				s.Counts[i] = float64(rng.IntN(1 << rng.IntN(12)))
			}
		}
		s.Counts[rng.IntN(n)]++
		return s
	}
	return side(), side()
}

func TestProperties(t *testing.T) {
	bounded := map[Method]bool{
		JensenShannon: true, Hellinger: true, KS: true, LInfinity: true, TotalVariation: true,
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		ref, cur := randomPair(rng)
		cur.StdDev = ref.StdDev // so that Wasserstein is symmetric
		for _, m := range Methods() {
			r, err := Compare(m, ref, cur)
			require.NoError(t, err)
			require.GreaterOrEqual(t, r.Score, 0.0, m)
			require.True(t, r.PValue >= 0 && r.PValue <= 1, m)
			if bounded[m] {
				require.LessOrEqual(t, r.Score, 1.0, m)
			}
			if m == Chi2 {
				require.LessOrEqual(t, r.Effect, 1.0)
			} else {
				require.Equal(t, r.Score, r.Effect)
			}
			back, err := Compare(m, cur, ref)
			require.NoError(t, err)
			if m != KL {
				require.InDelta(t, r.Score, back.Score, 1e-9*(1+r.Score), m)
			}
			require.InDelta(t, r.PValue, back.PValue, 1e-9, m)

			same, err := Compare(m, ref, ref)
			require.NoError(t, err)
			require.Equal(t, Result{PValue: 1, Error: same.Error}, same, m)
		}
	}
}

// A distribution of integers, one bin each: Compare is exact, whatever the other bins.
func TestExactOnAtoms(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		draw := func(n int) []float64 {
			v := make([]float64, n)
			for i := range v {
				v[i] = float64(rng.IntN(12)) / 3
			}
			return v
		}
		x, y := draw(1+rng.IntN(60)), draw(1+rng.IntN(60))
		all := slices.Concat(x, y)
		ref, cur := atomSample(x, all, 1), atomSample(y, all, 1)
		w, err := Compare(Wasserstein, ref, cur)
		require.NoError(t, err)
		require.InDelta(t, WassersteinSamples(x, y), w.Score, 1e-13)
		d, _ := KSTwoSample(x, y)
		ks, err := Compare(KS, ref, cur)
		require.NoError(t, err)
		require.InDelta(t, d, ks.Score, 1e-15)
		require.True(t, w.PValue > 0 && w.PValue <= 1)
	}
}

// 240 equal-mass bins of the reference: KS is low by less than one bin, Wasserstein close.
func TestBinsAgainstSamples(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, shift := range []float64{0, 0.1, 0.5, 2, 20} {
		x, y := normals(rng, 6000, 0), normals(rng, 900, shift)
		slices.Sort(x)
		var bounds []float64
		for k := range 241 {
			bounds = append(bounds, x[max(k*len(x)/240-1, 0)])
		}
		ref, cur := binned(x, bounds, 1), binned(y, bounds, 1)
		exact, _ := KSTwoSample(x, y)
		r, err := Compare(KS, ref, cur)
		require.NoError(t, err)
		assert.LessOrEqual(t, r.Score, exact+1e-15)
		assert.Greater(t, r.Score, exact-1./240-2./900)
		r, err = Compare(Wasserstein, ref, cur)
		require.NoError(t, err)
		assert.InDelta(t, WassersteinSamples(x, y), r.Score, 0.01+shift/30, "shift %v", shift)
	}
}

func normals(rng *rand.Rand, n int, mean float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64() + mean
	}
	return v
}

func TestWassersteinEdges(t *testing.T) {
	bounds := []float64{0, 1}
	side := func(low, high float64, counts ...float64) Sample {
		return Sample{Counts: counts, Bounds: bounds, Min: low, Max: high, StdDev: 1}
	}
	for name, c := range map[string]struct {
		ref, cur Sample
		want     float64
	}{
		// Uniform on [0, 1] and on [1, 3]: the means differ by 1.5.
		"above":              {side(0, 1, 0, 4, 0), side(1, 3, 0, 0, 9), 1.5},
		"below":              {side(0, 1, 0, 4, 0), side(-2, 0, 9, 0, 0), 1.5},
		"both tails differ":  {side(-1, 1, 4, 0, 0), side(-3, 1, 4, 0, 0), 1},
		"atom at the bound":  {side(0, 1, 4, 0, 0), side(-3, 1, 4, 0, 0), 1.5},
		"crossing in a bin":  {side(0, 1, 1, 0, 1), side(0, 1, 0, 2, 0), 0.25},
		"maxima unknown":     {side(math.NaN(), math.NaN(), 1, 0, 0), side(math.Inf(-1), math.Inf(1), 0, 0, 1), 1},
		"minimum inside":     {side(0.5, 0.5, 1, 0, 0), side(0.5, 0.5, 0, 0, 1), 1},
		"far above":          {side(0, 1, 0, 4, 0), side(7, 9, 0, 0, 9), 7.5},
		"far below":          {side(0, 1, 0, 4, 0), side(-9, -7, 9, 0, 0), 8.5},
		"both far above":     {side(5, 6, 0, 0, 4), side(7, 9, 0, 0, 9), 2.5},
		"far atoms":          {side(5, 5, 0, 0, 4), side(-7, -7, 9, 0, 0), 12},
		"tails that overlap": {side(4, 8, 0, 0, 4), side(5, 7, 0, 0, 9), 0.5},
		"half moved by half": {side(0, 1, 0, 2, 0), side(0, 1, 0, 1, 1), 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			assert.InDelta(t, c.want, WassersteinBins(c.ref, c.cur), 1e-15)
			assert.InDelta(t, c.want, WassersteinBins(c.cur, c.ref), 1e-15)
			r, err := Compare(Wasserstein, c.ref, c.cur)
			require.NoError(t, err)
			assert.InDelta(t, c.want, r.Score, 1e-15)
		})
	}
	one := func(low, high float64) Sample {
		return Sample{Counts: []float64{3}, Bounds: []float64{}, Min: low, Max: high, StdDev: 2}
	}
	r, err := Compare(Wasserstein, one(0, 2), one(1, 3))
	require.NoError(t, err)
	assert.Equal(t, Result{Score: 0.5, Effect: 0.5, PValue: 1, Error: r.Error}, r)
}

// A reference without a standard deviation: the range is the scale.
func TestWassersteinOfConstant(t *testing.T) {
	bounds := []float64{math.Nextafter(5, 0), 5}
	ref := Sample{Counts: []float64{0, 1000, 0}, Bounds: bounds, Min: 5, Max: 5, StdDev: 1e-16}
	for name, c := range map[string]struct {
		counts    []float64
		low, high float64
		want      float64
	}{
		"still constant": {[]float64{0, 200, 0}, 5, 5, 0},
		"a tenth moved":  {[]float64{0, 180, 20}, 5, 7, 0.05}, // evenly over (5, 7]: half of the range on average
		"all moved down": {[]float64{200, 0, 0}, 1, 1, 1},
		"all moved up":   {[]float64{0, 0, 200}, 5.5, 5.5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Compare(Wasserstein, ref, Sample{Counts: c.counts, Bounds: bounds, Min: c.low, Max: c.high})
			require.NoError(t, err)
			assert.InDelta(t, c.want, r.Score, 1e-12)
		})
	}
}

// Cramér's V of the raw table would depend on how much reference there is.
func TestEffectOfChi2DoesNotDependOnSize(t *testing.T) {
	cur := Sample{Counts: []float64{60, 90, 50}}
	var effects []float64
	for _, factor := range []float64{1, 10, 100} {
		ref := Sample{Counts: []float64{80 * factor, 80 * factor, 40 * factor}}
		r, err := Compare(Chi2, ref, cur)
		require.NoError(t, err)
		p, q := sharesOf(ref.Counts), sharesOf(cur.Counts)
		v := math.Sqrt(sumOf(divergenceCramer.term, p, q))
		effects = append(effects, v)
		if factor == 100 {
			raw := cramersV(r.Score, 200*factor+200, 2, 3)
			assert.InDelta(t, 0.2, raw/v, 0.01)
		}
		if factor == 1 {
			assert.InDelta(t, cramersV(r.Score, 400, 2, 3), v, 1e-15)
		}
		// Less what is expected of three categories.
		assert.InDelta(t, v*v-2./4*(1/(200*factor)+1./200), r.Effect*r.Effect, 2e-4)
	}
	assert.InDelta(t, effects[0], effects[1], 1e-15)
	assert.InDelta(t, effects[0], effects[2], 1e-15)
}

func TestThinColumns(t *testing.T) {
	p := func(ref, cur []float64) float64 {
		r, err := Compare(LInfinity, Sample{Counts: ref}, Sample{Counts: cur})
		require.NoError(t, err)
		return r.PValue
	}
	// A new category in a tenth of 200 rows, against a big reference: its expected count is 0.4.
	assert.Less(t, p([]float64{5000, 5000, 0}, []float64{90, 90, 20}), 1e-20)
	// A constant that became another one.
	assert.Less(t, p([]float64{0, 10000, 0}, []float64{0, 0, 200}), 1e-100)
	// One new row in 200 is nothing.
	assert.Greater(t, p([]float64{5000, 5000, 0}, []float64{99, 100, 1}), 0.03)
	// A rare category that vanished is nothing either.
	assert.Equal(t, 1.0, p([]float64{10000, 100}, []float64{200, 0}))
	// Nothing is thick enough.
	assert.Equal(t, 1.0, p([]float64{2, 2}, []float64{2, 2}))
	assert.Equal(t, 1.0, p([]float64{5000}, []float64{20}))
	// Thin ones are pooled: 30 categories of an expected count of 1 make 5 or 6 groups.
	ref, cur := make([]float64, 30), make([]float64, 30)
	for i := range ref {
		ref[i], cur[i] = 100, 1
	}
	cur[7] = 15
	statistic, value := homogeneityOf(ref, cur)
	assert.Less(t, value, 1e-3)
	assert.Greater(t, statistic, 10.0)
	// Thick enough everywhere: the plain test.
	statistic, value = homogeneityOf([]float64{40, 50, 60}, []float64{60, 60, 60})
	wantStatistic, _, want := Chi2Homogeneity([]float64{40, 50, 60}, []float64{60, 60, 60})
	assert.InDelta(t, wantStatistic, statistic, 1e-14)
	assert.InDelta(t, want, value, 1e-14)
}

// Without drift, p-values are uniform where they are meant to be, and never too small.
func TestPValuesWithoutDrift(t *testing.T) {
	const tests = 4000
	within := func(t *testing.T, name string, small, share float64, exact bool) {
		t.Helper()
		// 4 standard deviations of the binomial; the chi² distribution itself is an approximation
		// worth a tenth.
		slack := 4*math.Sqrt(share*(1-share)/tests) + share/10
		assert.Less(t, small/tests, share+slack, name)
		if exact {
			assert.Greater(t, small/tests, share-slack, name)
		}
	}
	rng := rand.New(rand.NewPCG(11, 12))
	deciles := make([]float64, 9)
	for i := range deciles {
		deciles[i] = float64(i+1) / 10
	}
	for name, shares := range map[string][]float64{
		"tenths": {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
		"skewed": {0.7, 0.15, 0.08, 0.04, 0.02, 0.01},
		"rare":   {0.6, 0.395, 0.005},
	} {
		for _, n := range []int{50, 200, 2000} {
			for _, nRef := range []int{n, 20000} {
				var low, middle, lowKS float64
				for range tests {
					ref, cur := multinomial(rng, nRef, shares), multinomial(rng, n, shares)
					_, p := homogeneityOf(ref, cur)
					low += b2f(p <= 0.05)
					middle += b2f(p <= 0.5)
					ks, err := Compare(KS, Sample{Counts: ref, Bounds: deciles[:len(shares)-1]}, Sample{Counts: cur, Bounds: deciles[:len(shares)-1]})
					require.NoError(t, err)
					lowKS += b2f(ks.PValue <= 0.05)
				}
				within(t, name, low, 0.05, name == "tenths")
				within(t, name, middle, 0.5, name == "tenths")
				within(t, name, lowKS, 0.05, false)
				t.Logf("%s n=%d reference=%d: %.3f of p ≤ 0.05, %.3f ≤ 0.5; KS %.3f", name, n, nRef, low/tests, middle/tests, lowKS/tests)
			}
		}
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func multinomial(rng *rand.Rand, n int, shares []float64) []float64 {
	counts := make([]float64, len(shares))
	left, rest := n, 1.0
	for i, s := range shares[:len(shares)-1] {
		k := binomial(rng, left, s/rest)
		counts[i] = float64(k)
		left, rest = left-k, rest-s
	}
	counts[len(shares)-1] = float64(left)
	return counts
}

// binomial by summing geometric waiting times for few, by the normal approximation's rounding for
// many: the tests need speed, and at n·p > 300 the approximation is finer than their slack.
func binomial(rng *rand.Rand, n int, p float64) int {
	if p > 0.5 {
		return n - binomial(rng, n, 1-p)
	}
	if mean := float64(n) * p; mean > 300 {
		return min(max(int(math.Round(mean+math.Sqrt(mean*(1-p))*rng.NormFloat64())), 0), n)
	}
	k := 0
	for at := 0; ; k++ {
		at += 1 + int(math.Log(1-rng.Float64())/math.Log1p(-p))
		if at > n {
			return k
		}
	}
}

func TestCompareDoesNotAllocate(t *testing.T) {
	ref, cur := benchmarkPair(240)
	for _, m := range Methods() {
		assert.Zero(t, testing.AllocsPerRun(20, func() {
			if _, err := Compare(m, ref, cur); err != nil {
				t.Error(err)
			}
		}), m)
	}
	empty := Sample{Counts: make([]float64, 241), Bounds: ref.Bounds}
	assert.Zero(t, testing.AllocsPerRun(20, func() { _, _ = Compare(PSI, ref, empty) }))
}

func benchmarkPair(bins int) (ref, cur Sample) {
	rng := rand.New(rand.NewPCG(9, 9))
	ref = Sample{Counts: make([]float64, bins+1), Min: -1, Max: float64(bins), StdDev: 10}
	for i := range bins {
		ref.Bounds = append(ref.Bounds, float64(i))
	}
	cur = ref
	cur.Counts = make([]float64, bins+1)
	for i := range ref.Counts {
		ref.Counts[i], cur.Counts[i] = float64(100+rng.IntN(10)), float64(rng.IntN(9))
	}
	return ref, cur
}

func BenchmarkCompare(b *testing.B) {
	for _, bins := range []struct {
		name string
		n    int
	}{{"10groups", 9}, {"240bins", 239}} {
		ref, cur := benchmarkPair(bins.n)
		for _, m := range Methods() {
			b.Run(string(m)+"/"+bins.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Compare(m, ref, cur); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// Whatever the input, Compare gives an error or finite numbers.
func FuzzCompare(f *testing.F) {
	add := func(method uint8, v ...float64) {
		var data []byte
		for _, x := range v {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
		}
		f.Add(method, true, data)
		f.Add(method, false, data)
	}
	for m := range uint8(len(Methods())) {
		add(m, 1, 2, 3, 0, 5, 6, -1, 10, 1, -2, 12, 2, 0.5, 4)
		add(m, 0, 0, 1e15, 3e-300, 5, 6, math.Inf(-1), math.MaxFloat64, 0, -math.MaxFloat64, math.MaxFloat64, 5e-324, 0, 1)
		add(m, 5e-324, 1, 1e300, 5, 0, 0, math.NaN(), math.NaN(), 0, -1e308, 1e308, math.NaN(), -1e308, 1e308)
		add(m, 7, 3, 0, 1, 0, 1)
		add(m, 1.4e-76, 6e-320, 0, 1.4e-76, 1.2e-153, 1, 1, 1)
		add(m, 0, 1, 1, 0, 1, 1, 1e-304, 2, 3, 1, 0, 4, 0, 1)
		add(m, 0, 1, 1, 0, 1, 1, 1e-304, 1e-304, 0, 1e-304, 1e-300, 4e-304, 0, 1)
		add(m, 0, 1, 1, 0, 1, 1, 1e15, 1e-304, 1e15, 1e-90, 1e-300, 4e-304, 0, 1)
	}
	f.Fuzz(func(t *testing.T, method uint8, numeric bool, data []byte) {
		var v []float64
		for ; len(data) >= 8; data = data[8:] {
			v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		if len(v) < 6 {
			return
		}
		ref := Sample{Min: v[0], Max: v[1], StdDev: v[2]}
		cur := Sample{Min: v[3], Max: v[4], StdDev: v[5]}
		v = v[6:]
		n := (len(v) + 1) / 3
		if n == 0 {
			return
		}
		ref.Counts, cur.Counts = v[:n], v[n:2*n]
		if numeric {
			ref.Bounds = v[2*n : 3*n-1]
			cur.Bounds = ref.Bounds
		}
		m := Methods()[int(method)%len(Methods())]
		r, err := Compare(m, ref, cur)
		if err != nil {
			assert.Zero(t, r)
			return
		}
		if slices.Equal(ref.Counts, cur.Counts) && m != Wasserstein && r.Score > 1e-6 {
			t.Fatalf("%s: %+v of equal counts %v", m, r, ref.Counts)
		}
		for _, x := range []float64{r.Score, r.Effect, r.Statistic, r.PValue, r.Error} {
			if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
				t.Fatalf("%s: %+v of %+v and %+v", m, r, ref, cur)
			}
		}
		if r.PValue > 1 {
			t.Fatalf("%s: %+v", m, r)
		}
	})
}
