// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/stats/drifttest"
)

// runners compute a published case; a tool's convention around the statistic (scaling, smoothing)
// is applied here.
var runners = map[string]func(t *testing.T, c drifttest.Case){
	"ks_2samp": func(t *testing.T, c drifttest.Case) {
		checkTest(t, c)(KSTwoSample(values(t, c)))
	},
	"ks_2samp_sliding_window": func(t *testing.T, c drifttest.Case) {
		ref, cur := values(t, c)
		size := int(c.Params["window_size"].(float64))
		checkTest(t, c)(KSTwoSample(ref, cur[len(cur)-size:]))
	},
	"ks_statistic": func(t *testing.T, c drifttest.Case) {
		d, _ := KSTwoSample(values(t, c))
		check(t, c, "", d)
	},
	"ks_category": func(t *testing.T, c drifttest.Case) {
		ref, cur := values(t, c)
		d, _ := KSTwoSample(ref, cur)
		n, m := float64(len(ref)), float64(len(cur))
		assert.Equal(t, c.Expected, whylogsVerdict(KSTwoSF(d, int(math.RoundToEven(n*m/(n+m))))))
	},
	"kolmogorov_smirnov_statistic_per_chunk": ksPerChunk,
	"wasserstein": func(t *testing.T, c drifttest.Case) {
		check(t, c, "", WassersteinSamples(values(t, c)))
	},
	"wasserstein (emd)": func(t *testing.T, c drifttest.Case) {
		check(t, c, "", WassersteinSamples(values(t, c)))
	},
	"wasserstein_normed_by_ref_std":                                 wassersteinByReference,
	"wasserstein_distance / std(ref), floor 0.001 (evidently norm)": wassersteinByReference,
	"wasserstein / std(concat(ref,cur))": func(t *testing.T, c drifttest.Case) {
		ref, cur := values(t, c)
		check(t, c, "", WassersteinSamples(ref, cur)/stat.PopStdDev(slices.Concat(ref, cur), nil))
	},
	"swd_categorical (applied to the frequency vector: questionable)": func(t *testing.T, c drifttest.Case) {
		ref, cur := counts(t, c) // taken for values
		check(t, c, "", WassersteinSamples(ref, cur)/stat.PopStdDev(slices.Concat(ref, cur), nil))
	},
	"emd_minmax_scaled": func(t *testing.T, c drifttest.Case) {
		ref, cur := values(t, c)
		all := slices.Concat(ref, cur)
		check(t, c, "", WassersteinSamples(ref, cur)/(slices.Max(all)-slices.Min(all)))
	},
	"chi_square_p": func(t *testing.T, c drifttest.Case) {
		_, _, p := Chi2GoodnessOfFit(counts(t, c))
		check(t, c, "", p)
	},
	"chi_square": func(t *testing.T, c drifttest.Case) {
		ref, cur := counts(t, c)
		var n float64
		for _, k := range cur {
			n += k
		}
		for i := range ref { // the reference is weights; one is added to each expected and observed count
			ref[i] = ref[i]*n + 1
			cur[i]++
		}
		statistic, _, p := Chi2GoodnessOfFit(ref, cur)
		checkTest(t, c)(statistic, p)
	},
	"chi2_contingency": func(t *testing.T, c drifttest.Case) {
		statistic, _, p := Chi2Homogeneity(counts(t, c))
		checkTest(t, c)(statistic, p)
	},
	"chi_square_category": func(t *testing.T, c drifttest.Case) {
		_, _, p := Chi2GoodnessOfFit(counts(t, c))
		assert.Equal(t, c.Expected, whylogsVerdict(p))
	},
	"l_infinity": func(t *testing.T, c drifttest.Case) {
		ref, cur := counts(t, c)
		if len(ref) == 0 { // no samples: Compare's error, the tool's 0
			_, err := Compare(LInfinity, Sample{Counts: ref}, Sample{Counts: cur})
			require.ErrorIs(t, err, errNoSamples)
			check(t, c, "", 0)
			return
		}
		check(t, c, "", LInfinityDistance(sharesOf(ref), sharesOf(cur)))
	},
	"total_variation_distance": func(t *testing.T, c drifttest.Case) {
		ref, cur := counts(t, c)
		check(t, c, "", TotalVariationDistance(sharesOf(ref), sharesOf(cur)))
	},
	"tvd_permutation_p": func(t *testing.T, c drifttest.Case) {
		// The expected number is the p-value of 1,000 permutations by one generator; the note has
		// the exact statistic.
		_, after, ok := strings.Cut(c.Note, "(exact) = ")
		require.True(t, ok)
		number, _, _ := strings.Cut(after, ";")
		want, err := strconv.ParseFloat(number, 64)
		require.NoError(t, err)
		ref, cur := counts(t, c)
		assert.InDelta(t, want, TotalVariationDistance(sharesOf(ref), sharesOf(cur)), 1e-12)
	},
	"histogram_intersection_complement": func(t *testing.T, c drifttest.Case) {
		// The total variation of two histograms with equal bins over the range of both.
		text, _, _ := strings.Cut(c.Params["bins"].(string), " ")
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		ref, cur := values(t, c)
		edges := equalWidth(slices.Concat(ref, cur), n)
		check(t, c, "", TotalVariationDistance(sharesOf(histogram(ref, edges)), sharesOf(histogram(cur, edges))))
	},
}

// leftOut are the methods with a related name that are not the two-sample KS, Wasserstein, chi², L∞
// or total variation.
var leftOut = map[string]string{
	"anderson_darling_ksamp":         "another test",
	"anderson_darling_ksamp_p":       "another test",
	"kswin_stream":                   "a stream detector on random sub-samples of one sequence",
	"normalized_absolute_difference": "TFDV's own: divided by the sum of both totals, so it depends on the sample sizes",
	"psi_threshold_chi_square":       "a critical value of PSI, not a comparison of samples",
}

// Every published number of the family, whatever the tool calls it.
func TestPublishedCases(t *testing.T) {
	ran := map[string]int{}
	for _, c := range drifttest.Load(t) {
		run, ok := runners[c.Method]
		if !ok {
			for _, part := range []string{"ks", "kolmogorov", "wasserstein", "emd", "swd", "chi", "l_inf", "variation", "tvd", "intersection", "absolute"} {
				if strings.Contains(c.Method, part) {
					assert.Contains(t, leftOut, c.Method, "neither run nor left out")
				}
			}
			continue
		}
		ran[c.Method]++
		t.Run(c.ID+"_"+c.Peer+"_"+c.Method, func(t *testing.T) { run(t, c) })
	}
	total := 0
	for method := range runners {
		assert.Positive(t, ran[method], "no case of %s", method)
		total += ran[method]
	}
	t.Logf("%d cases: %v", total, ran)
}

func check(t *testing.T, c drifttest.Case, key string, got float64) {
	t.Helper()
	want, ok := c.Number(key)
	require.True(t, ok, "no number %q", key)
	assert.InDelta(t, want, got, c.Tolerance, "%s", c.Source)
}

// checkTest checks a statistic and its p-value.
func checkTest(t *testing.T, c drifttest.Case) func(statistic, p float64) {
	return func(statistic, p float64) {
		t.Helper()
		check(t, c, "statistic", statistic)
		check(t, c, "p", p)
	}
}

func wassersteinByReference(t *testing.T, c drifttest.Case) {
	ref, cur := values(t, c)
	sd := max(stat.PopStdDev(ref, nil), 0.001)
	check(t, c, "", WassersteinSamples(ref, cur)/sd)

	// With a bin for every value, Compare on counts gives the same number.
	distinct := slices.Concat(ref, cur)
	r, err := Compare(Wasserstein, atomSample(ref, distinct, sd), atomSample(cur, distinct, 0))
	require.NoError(t, err)
	check(t, c, "", r.Score)
}

// ksPerChunk is NannyML's rule for references of 10,000 rows or more: distances at the edges of
// 10,000 equal-width bins of the reference. The chunks are those of all rows in order; rows left
// over are a chunk of their own.
func ksPerChunk(t *testing.T, c drifttest.Case) {
	ref, rows := values(t, c)
	want := c.Expected.([]any)
	size := len(rows) / len(want)
	if s, ok := c.Params["chunk_size"].(float64); ok {
		size = int(s)
	}
	edges := equalWidth(ref, 10000)
	inBins := histogram(ref, edges)
	for i := range want {
		chunk := rows[i*size : min((i+1)*size, len(rows))]
		assert.InDelta(t, want[i], ksBins(inBins, histogram(chunk, edges)), c.Tolerance, "chunk %d", i)
		// The same without bins: they cost at most what one of them holds.
		d, _ := KSTwoSample(ref, chunk)
		assert.InDelta(t, want[i], d, 0.001, "chunk %d", i)
	}
}

// equalWidth returns the inner and outer edges of n bins of equal width over the range of the
// values, as numpy.histogram.
func equalWidth(values []float64, n int) []float64 {
	low, high := slices.Min(values), slices.Max(values)
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = low + float64(i)*((high-low)/float64(n))
	}
	edges[n] = high
	return edges
}

// histogram counts into [edge, edge) and the last one closed, with a bin for what lies below and
// above.
func histogram(values, edges []float64) []float64 {
	h := make([]float64, len(edges)+1)
	for _, v := range values {
		i, found := slices.BinarySearch(edges, v)
		if found && i < len(edges)-1 {
			i++
		}
		h[i]++
	}
	return h
}

func whylogsVerdict(p float64) string {
	switch {
	case p < 0.05:
		return "DRIFT"
	case p < 0.15:
		return "POSSIBLE_DRIFT"
	}
	return "NO_DRIFT"
}

func values(t *testing.T, c drifttest.Case) (ref, cur []float64) {
	t.Helper()
	ref, ok := drifttest.Values(t, c.Reference)
	require.True(t, ok, c.ID)
	cur, ok = drifttest.Values(t, c.Current)
	require.True(t, ok, c.ID)
	return ref, cur
}

func counts(t *testing.T, c drifttest.Case) (ref, cur []float64) {
	t.Helper()
	r, ok := drifttest.Counts(c.Reference)
	require.True(t, ok, c.ID)
	k, ok := drifttest.Counts(c.Current)
	require.True(t, ok, c.ID)
	return drifttest.Align(r, k)
}
