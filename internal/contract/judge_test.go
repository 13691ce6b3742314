// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The ends of the interval of Clopper and Pearson are the shares at which what was seen, or more of it
// (less of it), has the probability of one tail.
func TestShareIsExact(t *testing.T) {
	for _, c := range []struct{ k, n uint64 }{{0, 5}, {1, 5}, {5, 5}, {3, 200}, {197, 200}, {1, 100_000}, {2_000, 1_000_000}} {
		o := ShareOf(c.k, c.n, float64(c.n))
		assert.InDelta(t, float64(c.k)/float64(c.n), o.Point, 1e-15)
		if c.k > 0 {
			at := distuv.Binomial{N: float64(c.n), P: o.Lower}
			assert.InEpsilon(t, tail, 1-at.CDF(float64(c.k)-1), 1e-6, "%v", c)
		} else {
			assert.Zero(t, o.Lower)
		}
		if c.k < c.n {
			at := distuv.Binomial{N: float64(c.n), P: o.Upper}
			assert.InEpsilon(t, tail, at.CDF(float64(c.k)), 1e-6, "%v", c)
		} else {
			assert.InDelta(t, 1, o.Upper, 0)
		}
	}
	// Rows that are worth a tenth make the interval that of a tenth.
	few, many := ShareOf(3, 100, 100), ShareOf(30, 1000, 100)
	assert.InDelta(t, few.Upper, many.Upper, 1e-12)
	assert.InDelta(t, few.Lower, many.Lower, 1e-12)
	assert.True(t, math.IsNaN(ShareOf(0, 0, 0).Point))
}

func between(lower, point, upper float64) Observed {
	return Observed{Point: point, Lower: lower, Upper: upper, Samples: 500, Effective: 500}
}

func TestJudge(t *testing.T) {
	mean := Check{Kind: Statistic, Statistic: Mean, Min: new(10.0), Max: new(20.0)}
	open := Check{Kind: Statistic, Statistic: Mean, Min: new(10.0), Max: new(20.0), Above: true, Below: true}
	missing := Check{Kind: Statistic, Statistic: Missing, Max: new(0.01)}
	none := Check{Kind: Statistic, Statistic: Missing, Max: new(0.0)}
	rows := Check{Kind: Statistic, Statistic: Rows, Min: new(1000.0)}
	row := Check{Kind: Range}
	tolerant := Check{Kind: Range, MaxViolations: 0.01}
	change := Check{Kind: Statistic, Statistic: Rows, ComparedWith: 1, MaxIncrease: new(0.5), MaxDecrease: new(0.2)}
	before := Exactly(1000, 1000)
	unsure := Exactly(0, 100)
	for name, c := range map[string]struct {
		check    Check
		observed Observed
		before   *Observed
		want     Verdict
	}{
		"within":                          {mean, between(11, 12, 13), nil, OK},
		"all below":                       {mean, between(7, 8, 9.9), nil, Violated},
		"all above":                       {mean, between(20.1, 21, 22), nil, Violated},
		"over the lower bound":            {mean, between(9, 11, 13), nil, Insufficient},
		"over the upper bound":            {mean, between(19, 21, 23), nil, Insufficient},
		"on the bound":                    {mean, Exactly(20, 500), nil, OK},
		"on an open bound":                {open, Exactly(20, 500), nil, Violated},
		"on an open lower bound":          {open, Exactly(10, 500), nil, Violated},
		"inside open bounds":              {open, between(10.1, 11, 12), nil, OK},
		"nothing known":                   {mean, unknown(500), nil, Insufficient},
		"no value":                        {mean, unknown(0), nil, Insufficient},
		"5 of 5 are missing":              {missing, ShareOf(5, 5, 5), nil, Violated},
		"1 of 5 is missing":               {missing, ShareOf(1, 5, 5), nil, Insufficient},
		"0 of 5 are missing":              {missing, ShareOf(0, 5, 5), nil, Insufficient},
		"0 of 5,000 are missing":          {missing, ShareOf(0, 5000, 5000), nil, OK},
		"1.2 % of 1,000 are missing":      {missing, ShareOf(12, 1000, 1000), nil, Insufficient},
		"1.2 % of 100,000 are missing":    {missing, ShareOf(1200, 100_000, 100_000), nil, Violated},
		"that are worth a thousandth":     {missing, ShareOf(1200, 100_000, 100), nil, Insufficient},
		"none may be and none is":         {none, ShareOf(0, 500, 500), nil, OK},
		"none may be, but few rows":       {none, ShareOf(0, 500, 20), nil, Insufficient},
		"none may be and one is":          {none, ShareOf(1, 1_000_000, 1), nil, Violated},
		"none may be, one perhaps":        {none, shareBetween(0, 1, 1000, 1000), nil, Insufficient},
		"no row broke it":                 {row, ShareOf(0, 500, 500), nil, OK},
		"a row broke it":                  {row, ShareOf(1, 500, 500), nil, Violated},
		"a row broke it, which may be":    {tolerant, ShareOf(1, 5000, 5000), nil, OK},
		"too many rows broke it":          {tolerant, ShareOf(200, 5000, 5000), nil, Violated},
		"no rows at all":                  {rows, RowsOf(0, 0), nil, Violated},
		"enough rows":                     {rows, RowsOf(1000, 0), nil, OK},
		"enough rows of a sample":         {rows, RowsOf(1000, 3000), nil, Insufficient},
		"many rows of a sample":           {rows, RowsOf(5000, 15_000), nil, OK},
		"as many as before":               {change, Exactly(1100, 1100), &before, OK},
		"a third less":                    {change, Exactly(660, 660), &before, Violated},
		"twice as many":                   {change, Exactly(2000, 2000), &before, Violated},
		"nothing is known of before":      {change, Exactly(2000, 2000), nil, Insufficient},
		"before there were none":          {change, Exactly(2000, 2000), &unsure, Insufficient},
		"perhaps a third less":            {change, between(600, 660, 900), &before, Insufficient},
		"a negative mean that has fallen": {Check{Kind: Statistic, Statistic: Mean, ComparedWith: 1, MaxDecrease: new(0.1)}, Exactly(-3, 9), &Observed{Point: -2, Lower: -2, Upper: -2, Samples: 9}, Violated},
	} {
		assert.Equal(t, c.want.String(), c.check.Judge(c.observed, c.before, 200).Verdict.String(), name)
	}
	j := change.Judge(Exactly(660, 660), &before, 200)
	assert.InDelta(t, -0.34, j.Point, 1e-12)
	assert.InDelta(t, -0.34, j.Lower, 1e-12)
}

// housing are the columns of the California housing data; the test is skipped where they are not.
func housing(t *testing.T) map[string][]float64 {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "california_housing", "california_housing_reference.csv"))
	if err != nil {
		t.Skip("../shared is not there: ", err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	out := map[string][]float64{}
	for i, name := range all[0] {
		if !slices.Contains([]string{"MedInc", "HouseAge", "AveRooms", "Population", "AveOccup", "Latitude"}, name) {
			continue
		}
		for _, row := range all[1:] {
			v, err := strconv.ParseFloat(row[i], 64)
			require.NoError(t, err)
			out[name] = append(out[name], v)
		}
	}
	return out
}

// binned counts values in bins, as ml_summary would; the ends are those of the values.
func binned(values, bounds []float64) *Numbers {
	n := &Numbers{N: uint64(len(values)), Effective: float64(len(values)), Min: math.Inf(1), Max: math.Inf(-1), Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
	for _, v := range values {
		n.Counts[sort.SearchFloat64s(bounds, v)]++
		n.Sum += v
		n.Min, n.Max = min(n.Min, v), max(n.Max, v)
	}
	return n
}

// edges are bounds of bins of equal mass.
func edges(values []float64, bins int) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	var out []float64
	for i := 1; i < bins; i++ {
		out = append(out, sorted[i*len(sorted)/bins])
	}
	return slices.Compact(out)
}

// TestBinsKnowTheirBounds: of real data in bins, each statistic of the values themselves is within the
// interval, which is not wider than it must be.
func TestBinsKnowTheirBounds(t *testing.T) {
	for name, values := range housing(t) {
		sorted := slices.Sorted(slices.Values(values))
		exact := map[string]float64{
			Mean: stat.Mean(values, nil), Stdev: stat.StdDev(values, nil), Minimum: sorted[0], Maximum: sorted[len(sorted)-1],
			Median: stat.Quantile(0.5, stat.Empirical, sorted, nil), Quantile: stat.Quantile(0.95, stat.Empirical, sorted, nil),
			Distinct: float64(len(slices.Compact(slices.Clone(sorted)))),
		}
		exact[DistinctShare] = exact[Distinct] / float64(len(values))
		for statistic, want := range exact {
			for _, bins := range []int{10, 240} {
				n := binned(values, edges(values, bins))
				o, ok := n.Observe(&Check{Kind: Statistic, Statistic: statistic, Quantile: 0.95})
				require.True(t, ok, statistic)
				assert.LessOrEqual(t, o.Lower, want, "%s of %s in %d bins", statistic, name, bins)
				assert.GreaterOrEqual(t, o.Upper, want, "%s of %s in %d bins", statistic, name, bins)
				if statistic == Median && bins == 240 {
					assert.Less(t, o.Upper-o.Lower, 0.3*exact[Stdev], name)
				}
			}
		}
	}
}

// TestIntervalsHold: windows of some hundred rows hold what they are drawn from, as often as they say.
func TestIntervalsHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, values := range housing(t) {
		if name == "AveOccup" || name == "Population" {
			continue // a few rows make the variance of all: no window of hundreds knows it
		}
		bounds := edges(values, 240)
		sorted := slices.Sorted(slices.Values(values))
		truth := map[string]float64{
			Mean: stat.Mean(values, nil), Median: stat.Quantile(0.5, stat.Empirical, sorted, nil), Quantile: stat.Quantile(0.9, stat.Empirical, sorted, nil),
		}
		const windows = 1000
		misses := map[string]int{}
		for range windows {
			window := make([]float64, 300)
			for i := range window {
				window[i] = values[rng.IntN(len(values))]
			}
			n := binned(window, bounds)
			for statistic, want := range truth {
				o, _ := n.Observe(&Check{Statistic: statistic, Quantile: 0.9})
				if want < o.Lower || want > o.Upper {
					misses[statistic]++
				}
			}
		}
		for statistic := range truth {
			if statistic == Mean && name == "AveRooms" {
				continue // heavy tails
			}
			assert.LessOrEqual(t, misses[statistic], 5, "%s of %s, of %d", statistic, name, windows)
		}
	}
}

// TestWhatBinsDoNotSay: never judged.
func TestWhatBinsDoNotSay(t *testing.T) {
	n := binned([]float64{1, 2, 3}, []float64{1, 2})
	_, ok := n.Observe(&Check{Statistic: Unseen})
	assert.False(t, ok)
	n.Sum, n.Min, n.Max = math.NaN(), math.NaN(), math.NaN()
	for _, statistic := range []string{Sum, Stdev, Minimum, Maximum} {
		_, ok := n.Observe(&Check{Statistic: statistic})
		assert.False(t, ok, statistic)
	}
	o, ok := n.Observe(&Check{Statistic: Mean})
	assert.True(t, ok)
	assert.True(t, math.IsInf(o.Upper-o.Lower, 1), "the outer bins have no end")
	k := Categories{N: 10, Effective: 10, Named: 3}
	_, ok = k.Observe(&Check{Statistic: Mean})
	assert.False(t, ok)
	_, ok = k.Observe(&Check{Statistic: Unseen})
	assert.False(t, ok, "nothing is expected")
}

// TestDistinct: beyond the limit of categories the number is only known between bounds.
func TestDistinct(t *testing.T) {
	atMost := func(limit float64) *Check { return &Check{Kind: Statistic, Statistic: Distinct, Max: new(limit)} }
	judge := func(k Categories, c *Check) Verdict {
		o, ok := k.Observe(c)
		require.True(t, ok)
		return c.Judge(o, nil, 200).Verdict
	}
	all := Categories{N: 100, Effective: 100, Named: 5}
	assert.Equal(t, OK, judge(all, atMost(5)))
	assert.Equal(t, Violated, judge(all, atMost(4)))
	beyond := Categories{N: 100, Effective: 100, Named: 5, Rest: 20}
	assert.Equal(t, Violated, judge(beyond, atMost(5)))
	assert.Equal(t, Insufficient, judge(beyond, atMost(10)))
	assert.Equal(t, OK, judge(beyond, atMost(25)))
	sampled := Categories{N: 100, Excess: 300, Effective: 25, Named: 5}
	assert.Equal(t, Insufficient, judge(sampled, atMost(5)))
	assert.Equal(t, Violated, judge(sampled, atMost(4)))
}

// FuzzJudge: whatever bins hold, an interval has its ends in order and around the point, if it has one.
func FuzzJudge(f *testing.F) {
	f.Add(uint64(3), uint64(0), 2.5, 1.0, 4.0, 0.5)
	f.Fuzz(func(t *testing.T, seed, excess uint64, effective, lo, hi, q float64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := &Numbers{Excess: excess % (1 << 40), Min: lo, Max: hi, Bounds: []float64{1, 2, 5}}
		for range 4 {
			n.Counts = append(n.Counts, rng.Uint64N(50))
			n.N += n.Counts[len(n.Counts)-1]
		}
		n.Effective = min(math.Abs(effective), float64(n.N))
		n.Sum = float64(n.N) * 2
		for _, statistic := range []string{Mean, Median, Quantile, Stdev, Minimum, Maximum, Sum, Distinct, DistinctShare} {
			c := &Check{Kind: Statistic, Statistic: statistic, Quantile: math.Abs(math.Mod(q, 1)), Max: new(2.0)}
			o, ok := n.Observe(c)
			if !ok || math.IsNaN(o.Lower) || math.IsNaN(o.Upper) {
				continue
			}
			if o.Lower > o.Upper {
				t.Errorf("%s: %+v of %+v", statistic, o, n)
			}
			c.Judge(o, &o, 200)
		}
		part := rng.Uint64N(n.N + 1)
		if o := ShareOf(part, n.N, n.Effective); n.N > 0 && !(o.Lower <= o.Point && o.Point <= o.Upper) {
			t.Errorf("%d of %d, worth %v: %+v", part, n.N, n.Effective, o)
		}
	})
}
