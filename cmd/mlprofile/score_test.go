// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
	"github.com/otelcol-ml/otelcol-ml/internal/stats/drifttest"
)

// scoreOf runs mlprofile score --json and decodes what it prints.
func scoreOf(t *testing.T, args ...string) score {
	t.Helper()
	out, _, err := mlprofile(t, append([]string{"score", "--json"}, args...)...)
	require.NoError(t, err)
	var s score
	require.NoError(t, json.Unmarshal([]byte(out), &s), out)
	return s
}

func numbersFile(t *testing.T, name string, values []float64) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("x\n")
	for _, v := range values {
		b.WriteString(strconv.FormatFloat(v, 'g', -1, 64) + "\n")
	}
	return write(t, name+".csv", b.String())
}

func countsFile(t *testing.T, name string, counts map[string]float64) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("x,n\n")
	for value, n := range counts {
		fmt.Fprintf(&b, "%q,%s\n", value, strconv.FormatFloat(n, 'g', -1, 64))
	}
	return write(t, name+".csv", b.String())
}

// The numbers that other tools publish, from the command line.
func TestPublishedCases(t *testing.T) {
	values := func(t *testing.T, c drifttest.Case, args ...string) score {
		t.Helper()
		ref, ok := drifttest.Values(t, c.Reference)
		require.True(t, ok)
		cur, ok := drifttest.Values(t, c.Current)
		require.True(t, ok)
		if size, ok := c.Params["window_size"].(float64); ok {
			cur = cur[len(cur)-int(size):]
		}
		return scoreOf(t, append(args, "--reference", numbersFile(t, "ref", ref), "--current", numbersFile(t, "cur", cur), "--column", "x")...)
	}
	counts := func(t *testing.T, c drifttest.Case, args ...string) score {
		t.Helper()
		ref, ok := drifttest.Counts(c.Reference)
		require.True(t, ok)
		cur, ok := drifttest.Counts(c.Current)
		require.True(t, ok)
		return scoreOf(t, append(args, "--reference", countsFile(t, "ref", ref), "--current", countsFile(t, "cur", cur), "--column", "x", "--weight", "n")...)
	}
	wasserstein := func(scale string) func(*testing.T, drifttest.Case) (float64, float64) {
		return func(t *testing.T, c drifttest.Case) (float64, float64) {
			t.Helper()
			t.Helper()
			return values(t, c, "--method", "wasserstein", "--scale", scale).Score, math.NaN()
		}
	}
	ks := func(t *testing.T, c drifttest.Case) (float64, float64) {
		t.Helper()
		s := values(t, c, "--method", "ks")
		assert.Equal(t, "exact", s.Computed)
		return s.Score, s.PValue
	}
	runners := map[string]func(*testing.T, drifttest.Case) (score, p float64){
		"ks_2samp":                      ks,
		"ks_2samp_sliding_window":       ks,
		"ks_statistic":                  ks,
		"wasserstein":                   wasserstein(scaleNone),
		"wasserstein (emd)":             wasserstein(scaleNone),
		"wasserstein_normed_by_ref_std": wasserstein(scaleReference),
		"wasserstein_distance / std(ref), floor 0.001 (evidently norm)": wasserstein(scaleReference),
		"wasserstein / std(concat(ref,cur))":                            wasserstein(scalePooled),
		"chi2_contingency": func(t *testing.T, c drifttest.Case) (float64, float64) {
			t.Helper()
			s := counts(t, c, "--method", "chi2")
			return s.Score, s.PValue
		},
		"chi_square_p": func(t *testing.T, c drifttest.Case) (float64, float64) {
			t.Helper()
			return counts(t, c, "--method", "chi2", "--test", testGoodness).PValue, math.NaN()
		},
	}
	run := map[string]int{}
	for _, c := range drifttest.Load(t) {
		runner := runners[c.Method]
		if runner == nil {
			continue
		}
		t.Run(c.Method+"/"+c.Peer+"/"+c.ID, func(t *testing.T) {
			score, p := runner(t, c)
			if want, ok := c.Number(""); ok {
				assert.InDelta(t, want, score, c.Tolerance)
				return
			}
			want, ok := c.Number("statistic")
			require.True(t, ok)
			assert.InDelta(t, want, score, max(c.Tolerance, 1e-12))
			want, ok = c.Number("p")
			require.True(t, ok)
			assert.InDelta(t, want, p, max(c.Tolerance, 1e-12))
		})
		run[c.Method]++
	}
	for method := range runners {
		assert.NotZero(t, run[method], "no case for %s", method)
	}
}

func normal(seed uint64, n int, mean float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	out := make([]float64, n)
	for i := range out {
		out[i] = rng.NormFloat64() + mean
	}
	return out
}

func TestScoreAgainstABaselineIsTheCollectors(t *testing.T) {
	ref, cur := normal(1, 5000, 0), normal(2, 700, 0.4)
	data := numbersFile(t, "ref", ref)
	current := numbersFile(t, "cur", cur)
	file := filepath.Join(t.TempDir(), "ref.json")
	_, _, err := mlprofile(t, "build", data, "-o", file)
	require.NoError(t, err)
	p, err := profile.Load(file)
	require.NoError(t, err)
	n := p.Column("x").Numeric
	bins, err := distribution.NewBins(n.Bounds)
	require.NoError(t, err)
	counts := bins.Count(cur)
	groups := distribution.GroupByMass(n.Bounds, n.Counts, distribution.DefaultGroups)

	s := scoreOf(t, "--method", "psi", "--reference", file, "--current", current, "--column", "x")
	want, err := stats.Compare(stats.PSI,
		stats.Sample{Counts: distribution.Sum(groups, n.Counts, []float64(nil)), Bounds: groups.Bounds()},
		stats.Sample{Counts: distribution.Sum(groups, counts, []float64(nil)), Bounds: groups.Bounds()})
	require.NoError(t, err)
	assert.InDelta(t, want.Score, s.Score, 1e-12)
	assert.InDelta(t, want.PValue, s.PValue, 1e-12)
	assert.Equal(t, "bins", s.Computed)
	assert.Equal(t, 12, s.Cells)
	assert.Equal(t, "drift", s.Verdict)
	assert.Equal(t, 5000.0, s.ReferenceSamples)
	assert.Equal(t, 700.0, s.CurrentSamples)

	again := scoreOf(t, "--method", "psi", "--reference", data, "--current", current, "--column", "x")
	assert.Equal(t, s, again, "from the data file the same bins are made")

	// KS of the bins is off by at most a bin's mass; Wasserstein is close.
	exact := scoreOf(t, "--method", "ks", "--reference", data, "--current", current, "--column", "x")
	binned := scoreOf(t, "--method", "ks", "--reference", data, "--current", current, "--column", "x", "--bins")
	assert.Equal(t, "exact", exact.Computed)
	assert.Equal(t, "bins", binned.Computed)
	assert.InDelta(t, exact.Score, binned.Score, 1.0/240)
	assert.LessOrEqual(t, binned.Score, exact.Score)
	assert.GreaterOrEqual(t, binned.Score+binned.Error, exact.Score)
	assert.Zero(t, exact.Error)
	out, _, err := mlprofile(t, "score", "--method", "ks", "--reference", data, "--current", current, "--column", "x", "--bins")
	require.NoError(t, err)
	assert.Contains(t, out, "at most "+strconv.FormatFloat(binned.Error, 'g', 3, 64)+" from the values'")
	exact = scoreOf(t, "--method", "wasserstein", "--reference", data, "--current", current, "--column", "x")
	binned = scoreOf(t, "--method", "wasserstein", "--reference", file, "--current", current, "--column", "x")
	assert.InDelta(t, exact.Score, binned.Score, min(binned.Error, 0.01))
	assert.Positive(t, binned.Error)
	raw := scoreOf(t, "--method", "wasserstein", "--reference", file, "--current", current, "--column", "x", "--scale", "none")
	assert.InDelta(t, binned.Score*n.StdDev, raw.Score, 1e-12)
	assert.InDelta(t, binned.Error*n.StdDev, raw.Error, 1e-12)
}

func TestScoreAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	file := func(name string, shift float64, country string) string {
		var b strings.Builder
		b.WriteString("id,at,amount,age,country,empty\n")
		for i := range 600 {
			c := []string{"DE", "FR", country}[rng.IntN(3)]
			age := strconv.Itoa(20 + rng.IntN(40))
			if i%10 == 0 {
				age = ""
			}
			fmt.Fprintf(&b, "u%d,2026-11-%02d,%g,%s,%s,\n", i, 1+i/30, rng.ExpFloat64()+shift, age, c)
		}
		return write(t, name, b.String())
	}
	ref, cur := file("ref.csv", 0, "US"), file("cur.csv", 0.5, "BR")
	out, _, err := mlprofile(t, "score", "--reference", ref, "--current", cur, "--all")
	require.NoError(t, err)
	lines := strings.Split(out, "\n")
	require.Len(t, lines, 6, out)
	assert.Regexp(t, `^country +jensen_shannon .*drift`, lines[2], "largest effect first")
	assert.Regexp(t, `^amount +ks .*drift`, lines[3])
	assert.Regexp(t, `^age +ks .* ok +540 +540 +10 % +10 %  exact$`, lines[4])

	out, _, err = mlprofile(t, "score", "--reference", ref, "--current", cur, "--all", "--json", "--method", "psi")
	require.NoError(t, err)
	var all []score
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	assert.Len(t, all, 3)

	// A part of the current file.
	s := scoreOf(t, "--reference", ref, "--current", cur, "--column", "amount", "--timestamp", "at", "--from", "2026-11-03", "--to", "2026-11-05")
	assert.Equal(t, 60.0, s.CurrentSamples)
	assert.Equal(t, 600.0, s.ReferenceSamples)
	assert.Equal(t, "insufficient", s.Verdict)

	out, _, err = mlprofile(t, "score", "--reference", ref, "--current", cur, "--column", "amount", "--method", "wasserstein")
	require.NoError(t, err)
	for _, want := range []string{"wasserstein of amount: 0.", "verdict    drift", "600 values, 0 % missing", "on the values themselves, scale reference_sd"} {
		assert.Contains(t, out, want)
	}
}

func TestScoreOfCategories(t *testing.T) {
	ref := countsFile(t, "ref", map[string]float64{"a": 500, "b": 300, "c": 200})
	cur := countsFile(t, "cur", map[string]float64{"a": 500, "b": 300, "new": 200})
	s := scoreOf(t, "--reference", ref, "--current", cur, "--column", "x", "--weight", "n", "--method", "l_infinity")
	assert.InDelta(t, 0.2, s.Score, 1e-5)
	assert.Less(t, s.Score, 0.2, "less what chance gives")
	assert.Equal(t, 4, s.Cells)
	s = scoreOf(t, "--reference", ref, "--current", cur, "--column", "x", "--weight", "n", "--method", "jensen_shannon")
	assert.Equal(t, "bins", s.Computed)
	assert.Equal(t, 4, s.Cells, "the values that the reference does not know are one")
	s = scoreOf(t, "--reference", ref, "--current", ref, "--column", "x", "--weight", "n")
	assert.Zero(t, s.Score)
	assert.Equal(t, "ok", s.Verdict)
	assert.Equal(t, 1.0, s.PValue)
}

func TestScoreOfAConstant(t *testing.T) {
	ref, cur := numbersFile(t, "ref", slices.Repeat([]float64{5}, 300)), numbersFile(t, "cur", slices.Repeat([]float64{7}, 300))
	for _, args := range [][]string{nil, {"--bins"}} {
		s := scoreOf(t, append(args, "--reference", ref, "--current", cur, "--column", "x", "--method", "wasserstein")...)
		assert.InDelta(t, 1, s.Score, 1e-9, "everything has moved over the whole range")
		assert.Equal(t, "drift", s.Verdict)
		s = scoreOf(t, append(args, "--reference", ref, "--current", ref, "--column", "x", "--method", "wasserstein")...)
		assert.Zero(t, s.Score)
	}
}

func TestScoreErrors(t *testing.T) {
	ref := numbersFile(t, "ref", []float64{1, 2, 3})
	words := write(t, "words.csv", "x,n\na,1\nb,2\n,3\n")
	empty := write(t, "empty.csv", "x\n\n")
	base := filepath.Join(t.TempDir(), "b.json")
	_, _, err := mlprofile(t, "build", ref, "-o", base)
	require.NoError(t, err)
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"--reference", ref}, []string{`"current" not set`}},
		{[]string{"--reference", ref, "--current", ref}, []string{"[column all]"}},
		{[]string{"--reference", ref, "--current", ref, "--column", "x", "--method", "euclid", "--scale", "x", "--test", "x", "--significance", "2"}, []string{"euclid", "--scale", "--test", "--significance"}},
		{[]string{"--reference", ref, "--current", ref, "--column", "x,y"}, []string{`ref.csv: there is no column "y"`}},
		{[]string{"--reference", ref, "--current", words, "--column", "x"}, []string{`words.csv:2: column "x": "a" is not a number`}},
		{[]string{"--reference", words, "--current", words, "--column", "x", "--method", "ks"}, []string{"has no meaning for categories"}},
		{[]string{"--reference", ref, "--current", ref, "--column", "x", "--method", "psi", "--exact"}, []string{"psi is defined on bins"}},
		{[]string{"--reference", base, "--current", ref, "--column", "x", "--method", "ks", "--exact"}, []string{"a baseline has bins"}},
		{[]string{"--reference", base, "--current", ref, "--column", "y"}, []string{`the baseline has no column "y"`}},
		{[]string{"--reference", base, "--current", ref, "--column", "x", "--type", "x=categorical"}, []string{"is numeric"}},
		{[]string{"--reference", ref, "--current", empty, "--column", "x"}, []string{"there are no current values"}},
		{[]string{"--reference", ref, "--current", ref, "--column", "x", "--from", "2026-01-01"}, []string{"--timestamp"}},
		{[]string{"--reference", words, "--current", words, "--column", "x", "--weight", "x"}, []string{"is no weight"}},
		{[]string{"--reference", ref, "--current", words, "--all", "--type", "x=numeric"}, []string{"is not a number"}},
		{[]string{"--reference", ref, "--current", write(t, "other.csv", "z\n1\n"), "--all"}, []string{"have no column in common"}},
	} {
		_, _, err := mlprofile(t, append([]string{"score"}, tt.args...)...)
		for _, want := range tt.want {
			assert.ErrorContains(t, err, want, "%v", tt.args)
		}
	}
}
