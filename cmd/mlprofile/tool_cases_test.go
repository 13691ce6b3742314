// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/stats/drifttest"
)

// toolMethods are the names under which published cases are computed, by the method of the case and
// its tool.
var toolMethods = map[string]string{
	"chi_square_p evidently":                         "chi2@evidently",
	"chi_square_p great_expectations":                "chi2@great_expectations",
	"hellinger_categorical evidently":                "hellinger@evidently",
	"hellinger_categorical nannyml":                  "hellinger@nannyml",
	"two_proportion_z_p evidently":                   "z_test@evidently",
	"g_test_p evidently":                             "g_test@evidently",
	"fisher_exact_p evidently":                       "fisher",
	"mann_whitney_u_p evidently":                     "mann_whitney@evidently",
	"mann_whitney_u_p frouros":                       "mann_whitney",
	"total_variation_distance evidently":             "tvd@evidently",
	"energy_distance evidently":                      "energy",
	"energy_distance frouros":                        "energy",
	"t_test_ind_p evidently":                         "t_test",
	"welch_t frouros":                                "welch",
	"psi evidently":                                  "psi@evidently",
	"psi evidently-oracle":                           "psi@evidently",
	"psi frouros":                                    "psi@frouros",
	"psi soda":                                       "psi@soda",
	"psi scouter":                                    "psi@scouter",
	"psi deepchecks-oracle":                          "psi@deepchecks",
	"kl_div evidently-oracle":                        "kl@evidently",
	"kl_divergence great_expectations":               "kl@great_expectations",
	"jensenshannon evidently-oracle":                 "js@evidently",
	"jensen_shannon_continuous nannyml":              "js@nannyml",
	"jensen_shannon_categorical nannyml":             "js@nannyml",
	"jensen_shannon_divergence_categorical tfdv":     "jsd@tfdv",
	"hellinger_continuous nannyml":                   "hellinger@nannyml",
	"hellinger frouros":                              "hellinger@frouros",
	"bhattacharyya frouros":                          "bhattacharyya@frouros",
	"histogram_intersection_complement frouros":      "histogram_intersection@frouros",
	"l_infinity nannyml":                             "l_infinity@nannyml",
	"l_infinity tfdv":                                "l_infinity@tfdv",
	"normalized_absolute_difference tfdv":            "normalized_absolute_difference@tfdv",
	"wasserstein nannyml":                            "wasserstein@frouros",
	"wasserstein (emd) frouros":                      "wasserstein@frouros",
	"wasserstein_normed_by_ref_std evidently-oracle": "wasserstein@evidently",
	"wasserstein_distance / std(ref), floor 0.001 (evidently norm) scipy-oracle": "wasserstein@evidently",
	"wasserstein / std(concat(ref,cur)) soda":                                    "wasserstein@soda",
	"ks_2samp scipy-oracle":                                                      "ks@scipy",
	"ks_2samp evidently-oracle":                                                  "ks@scipy",
	"ks_2samp soda":                                                              "ks@scipy",
	"ks_statistic deepchecks":                                                    "ks@scipy",
	"chi_square soda":                                                            "chi2@soda",
	"chi2_contingency frouros":                                                   "chi2@scipy",
	"anderson_darling_ksamp_p evidently":                                         "anderson_darling",
	"anderson_darling_ksamp frouros":                                             "anderson_darling",
	"cramer_von_mises_2samp_p evidently":                                         "cramer_von_mises",
	"cramer_von_mises_2samp frouros":                                             "cramer_von_mises",
	"cramers_v deepchecks":                                                       "cramers_v@deepchecks",
	"mmd2_unbiased_rbf frouros":                                                  "mmd@frouros",
	"cles_effect_size kayenta":                                                   "cles@kayenta",
	"mean_ratio kayenta":                                                         "mean_ratio@kayenta",
	"cohen_d kayenta":                                                            "cohen_d@kayenta",
}

// toolNotRun are cases of these methods that files cannot say.
var toolNotRun = map[string]string{
	"175": "classes of equal weight (balance_classes) are not there",
	"176": "classes of equal weight (balance_classes) are not there",
	"178": "classes of equal weight (balance_classes) are not there",
	"179": "classes of equal weight (balance_classes) are not there",
	"181": "classes of equal weight (balance_classes) are not there",
	"182": "classes of equal weight (balance_classes) are not there",
	"184": "classes of equal weight (balance_classes) are not there",
	"185": "classes of equal weight (balance_classes) are not there",

	"010": "a missing value is a category: in a file of data it is missing",
	"076": "no samples on either side are an error, not 0",
	"080": "no samples on either side are an error, not 0",
	"210": "tail_weight_holdout, a part set aside for unseen values, is not there",
	"211": "tail_weight_holdout, a part set aside for unseen values, is not there",
}

const (
	noStatistic = "no statistic of two samples"
	notThere    = "not there yet"
	onStream    = "a detector on the stream"
	elsewhere   = "computed by TestPublishedCases of internal/stats, under no name of its own"
)

// toolLeft says why the other cases are not run here.
var toolLeft = map[string]string{
	"adwin_stream frouros":                           onStream,
	"adwin_stream river":                             onStream,
	"bocd_stream frouros":                            onStream,
	"bonferroni_threshold alibi-detect":              noStatistic,
	"calibration_equal_count_bins nannyml":           noStatistic,
	"canary_mann_whitney_verdict kayenta":            notThere,
	"chi_square_category whylogs":                    elsewhere,
	"cusum_stream frouros":                           onStream,
	"cvm_multifeature_is_drift alibi-detect":         notThere,
	"ddm_stream frouros":                             onStream,
	"ddm_stream river":                               onStream,
	"default_method_selection evidently":             noStatistic,
	"eddm_stream frouros":                            onStream,
	"eddm_stream river":                              onStream,
	"emd_minmax_scaled deepchecks":                   elsewhere,
	"epps_singleton_p evidently":                     notThere,
	"fdr_benjamini_hochberg_any_below alibi-detect":  noStatistic,
	"geometric_moving_average_stream frouros":        onStream,
	"hddm_a_stream frouros":                          onStream,
	"hddm_a_stream river":                            onStream,
	"hddm_w_stream frouros":                          onStream,
	"hddm_w_stream river":                            onStream,
	"hellinger_numeric_sturges_on_unique evidently":  notThere,
	"hellinger_sketch whylogs":                       notThere,
	"iqr_outliers kayenta":                           noStatistic,
	"jensen_shannon_distance frouros":                notThere,
	"jensen_shannon_divergence_histogram tfdv":       notThere,
	"kl_divergence frouros":                          notThere,
	"kolmogorov_smirnov_statistic_per_chunk nannyml": elsewhere,
	"ks_2samp_sliding_window frouros":                elsewhere,
	"ks_category whylogs":                            elsewhere,
	"kswin_stream frouros":                           onStream,
	"kswin_stream river":                             onStream,
	"mann_whitney_ci_shift kayenta":                  notThere,
	"page_hinkley_stream frouros":                    onStream,
	"page_hinkley_stream river":                      onStream,
	"partition_weights great_expectations":           noStatistic,
	"prequential_error_fading frouros":               onStream,
	"psi oracle":                                     notThere,
	"psi_categorical (applied to the frequency vector: questionable) soda": notThere,
	"psi_threshold_chi_square scouter":                                     noStatistic,
	"psi_threshold_normal scouter":                                         noStatistic,
	"rddm_stream frouros":                                                  onStream,
	"rolling_mean frouros":                                                 onStream,
	"swd_categorical (applied to the frequency vector: questionable) soda": elsewhere,
	"threshold_standard_deviation nannyml":                                 noStatistic,
	"tvd_permutation_p evidently":                                          elsewhere,
}

// The numbers that other tools publish, from the command line and by the name of their convention.
func TestToolCases(t *testing.T) {
	ran, left := 0, map[string]int{}
	for _, c := range drifttest.Load(t) {
		name, ok := toolMethods[c.Method+" "+c.Peer]
		if !ok {
			assert.Contains(t, toolLeft, c.Method+" "+c.Peer, "neither run nor left out")
			left[toolLeft[c.Method+" "+c.Peer]]++
			continue
		}
		if toolNotRun[c.ID] != "" {
			continue
		}
		ran++
		t.Run(c.ID+"_"+name, func(t *testing.T) {
			args := []string{"score", "--json", "--method", name, "--column", "x"}
			ref, numeric := toolValues(t, c.Reference)
			cur, both := toolValues(t, c.Current)
			a, counted := drifttest.Counts(c.Reference)
			b, alsoCounted := drifttest.Counts(c.Current)
			if numeric && both && !categorical[name] {
				args = append(args, "--reference", numbersFile(t, "ref", ref), "--current", numbersFile(t, "cur", cur))
			} else {
				require.True(t, counted && alsoCounted)
				args = append(args, "--type", "x=categorical", "--weight", "n", "--reference", countsFile(t, "ref", a), "--current", countsFile(t, "cur", b))
			}
			out, _, err := mlprofile(t, args...)
			require.NoError(t, err)
			var s toolScore
			require.NoError(t, json.Unmarshal([]byte(out), &s), out)
			score := math.NaN()
			if s.Score != nil {
				score = *s.Score
			}
			if _, ok := c.Expected.(map[string]any); !ok {
				check(t, c, "", score)
				return
			}
			require.NotNil(t, s.Statistic)
			require.NotNil(t, s.PValue)
			check(t, c, "statistic", *s.Statistic)
			check(t, c, "p", *s.PValue)
		})
	}
	assert.Positive(t, ran)
	t.Logf("%d cases run; not run: %v", ran, left)
}

var categorical = map[string]bool{
	"chi2@evidently": true, "chi2@scipy": true, "z_test@evidently": true, "fisher": true,
	"l_infinity@nannyml": true, "hellinger@evidently": true, "l_infinity@tfdv": true, "chi2@great_expectations": true,
	"normalized_absolute_difference@tfdv": true, "g_test@evidently": true, "cramers_v@deepchecks": true, "tvd@evidently": true,
}

// toolValues are the numbers of a side; those that are counted by a number are written out.
func toolValues(t *testing.T, side any) ([]float64, bool) {
	t.Helper()
	if m, ok := side.(map[string]any); ok {
		if v, ok := m["values"]; ok {
			return drifttest.Values(t, v)
		}
		if counts, ok := m["counts"].(map[string]any); ok {
			return expanded(counts)
		}
	}
	return drifttest.Values(t, side)
}

// expanded writes out numbers that are counted.
func expanded(counts map[string]any) (values []float64, ok bool) {
	for name, n := range counts {
		v, err := strconv.ParseFloat(name, 64)
		if err != nil {
			return nil, false
		}
		for range int(n.(float64)) {
			values = append(values, v)
		}
	}
	return values, len(values) > 0
}

func check(t *testing.T, c drifttest.Case, key string, got float64) {
	t.Helper()
	want, ok := c.Number(key)
	require.True(t, ok, "no number %q", key)
	assert.InDelta(t, want, got, c.Tolerance, "%s", c.Source)
}

func TestPseudoCountZero(t *testing.T) {
	ref := countsFile(t, "ref", map[string]float64{"a": 1, "b": 3})
	cur := countsFile(t, "cur", map[string]float64{"a": 3, "b": 1})
	args := []string{"score", "--json", "--column", "x", "--weight", "n", "--reference", ref, "--current", cur, "--method"}
	for method, want := range map[string]float64{
		"psi": math.Log(3), "kl": math.Log(3) / 2, "hellinger": math.Sqrt(1 - math.Sqrt(3)/2),
		"jensen_shannon": math.Sqrt(1 + 0.25*math.Log2(0.25) + 0.75*math.Log2(0.75)),
	} {
		out, _, err := mlprofile(t, append(args, method, "--pseudo-count", "0")...)
		require.NoError(t, err)
		var s toolScore
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		assert.InDelta(t, want, *s.Score, 1e-12, method)
	}
	_, _, err := mlprofile(t, append(args, "psi", "--pseudo-count", "2")...)
	require.ErrorContains(t, err, "--pseudo-count: 2 is neither 0 nor 0.5")
	_, _, err = mlprofile(t, append(args, "chi2", "--pseudo-count", "0")...)
	require.ErrorContains(t, err, "--pseudo-count")
	_, _, err = mlprofile(t, append(args, "ks@scipy")...)
	require.ErrorContains(t, err, "has no meaning for categories")
	three := countsFile(t, "three", map[string]float64{"a": 1, "b": 3, "c": 2})
	_, _, err = mlprofile(t, "score", "--column", "x", "--weight", "n", "--reference", ref, "--current", three, "--method", "fisher")
	require.ErrorContains(t, err, "fisher compares at most 2 categories, not 3")
}
