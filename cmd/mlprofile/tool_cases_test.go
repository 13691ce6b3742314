// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/stats/drifttest"
)

// toolMethods are the names under which published cases are computed, by the method of the case and
// its tool.
var toolMethods = map[string]string{
	"anderson_darling_ksamp frouros":                 "anderson_darling",
	"anderson_darling_ksamp_p evidently":             "anderson_darling@evidently",
	"bhattacharyya frouros":                          "bhattacharyya@frouros",
	"canary_mann_whitney_verdict kayenta":            "mann_whitney@kayenta",
	"chi2_contingency frouros":                       "chi2@scipy",
	"chi_square soda":                                "chi2@soda",
	"chi_square_category whylogs":                    "chi2@whylogs",
	"chi_square_p evidently":                         "chi2@evidently",
	"chi_square_p great_expectations":                "chi2@great_expectations",
	"cles_effect_size kayenta":                       "cles@kayenta",
	"cohen_d kayenta":                                "cohen_d@kayenta",
	"cramer_von_mises_2samp frouros":                 "cramer_von_mises",
	"cramer_von_mises_2samp_p evidently":             "cramer_von_mises@evidently",
	"cramers_v deepchecks":                           "cramers_v@deepchecks",
	"default_method_selection evidently":             "evidently",
	"emd_minmax_scaled deepchecks":                   "emd@deepchecks",
	"energy_distance evidently":                      "energy@evidently",
	"energy_distance frouros":                        "energy",
	"epps_singleton_p evidently":                     "epps_singleton@evidently",
	"fisher_exact_p evidently":                       "fisher@evidently",
	"g_test_p evidently":                             "g_test@evidently",
	"hellinger frouros":                              "hellinger@frouros",
	"hellinger_categorical evidently":                "hellinger@evidently",
	"hellinger_categorical nannyml":                  "hellinger@nannyml",
	"hellinger_continuous nannyml":                   "hellinger@nannyml",
	"hellinger_numeric_sturges_on_unique evidently":  "hellinger@evidently",
	"hellinger_sketch whylogs":                       "hellinger@whylogs",
	"histogram_intersection_complement frouros":      "histogram_intersection@frouros",
	"jensen_shannon_categorical nannyml":             "js@nannyml",
	"jensen_shannon_continuous nannyml":              "js@nannyml",
	"jensen_shannon_distance frouros":                "js@frouros",
	"jensen_shannon_divergence_categorical tfdv":     "jsd@tfdv",
	"jensen_shannon_divergence_histogram tfdv":       "jsd@tfdv",
	"jensenshannon evidently-oracle":                 "js@evidently",
	"kl_div evidently-oracle":                        "kl@evidently",
	"kl_divergence frouros":                          "kl@frouros",
	"kl_divergence great_expectations":               "kl@great_expectations",
	"kolmogorov_smirnov_statistic_per_chunk nannyml": "ks@nannyml",
	"ks_2samp evidently-oracle":                      "ks@scipy",
	"ks_2samp scipy-oracle":                          "ks@scipy",
	"ks_2samp soda":                                  "ks@soda",
	"ks_2samp_sliding_window frouros":                "ks@frouros",
	"ks_category whylogs":                            "ks@whylogs",
	"ks_statistic deepchecks":                        "ks@scipy",
	"l_infinity nannyml":                             "l_infinity@nannyml",
	"l_infinity tfdv":                                "l_infinity@tfdv",
	"mann_whitney_ci_shift kayenta":                  "mann_whitney@kayenta",
	"mann_whitney_u_p evidently":                     "mann_whitney@evidently",
	"mann_whitney_u_p frouros":                       "mann_whitney",
	"mean_ratio kayenta":                             "mean_ratio@kayenta",
	"mmd2_unbiased_rbf frouros":                      "mmd@frouros",
	"normalized_absolute_difference tfdv":            "normalized_absolute_difference@tfdv",
	"psi deepchecks-oracle":                          "psi@deepchecks",
	"psi evidently":                                  "psi@evidently",
	"psi evidently-oracle":                           "psi@evidently",
	"psi frouros":                                    "psi@frouros",
	"psi oracle":                                     "psi@soda",
	"psi scouter":                                    "psi@scouter",
	"psi soda":                                       "psi@soda",
	"t_test_ind_p evidently":                         "t_test@evidently",
	"total_variation_distance evidently":             "tvd@evidently",
	"tvd_permutation_p evidently":                    "tvd_permutation@evidently",
	"two_proportion_z_p evidently":                   "z_test@evidently",
	"wasserstein (emd) frouros":                      "wasserstein@frouros",
	"wasserstein / std(concat(ref,cur)) soda":        "wasserstein@soda",
	"wasserstein nannyml":                            "wasserstein@nannyml",
	"wasserstein_normed_by_ref_std evidently-oracle": "wasserstein@evidently",
	"welch_t frouros":                                "welch",
	"psi_categorical (applied to the frequency vector: questionable) soda":       "psi@soda",
	"swd_categorical (applied to the frequency vector: questionable) soda":       "wasserstein@soda",
	"wasserstein_distance / std(ref), floor 0.001 (evidently norm) scipy-oracle": "wasserstein@evidently",

	"bonferroni_threshold alibi-detect":             "bonferroni",
	"cvm_multifeature_is_drift alibi-detect":        "cramer_von_mises@alibi_detect",
	"fdr_benjamini_hochberg_any_below alibi-detect": "benjamini_hochberg@alibi_detect",
	"psi_threshold_chi_square scouter":              "psi_chi2@scouter",
	"psi_threshold_normal scouter":                  "psi_normal@scouter",
	"threshold_standard_deviation nannyml":          "standard_deviation@nannyml",
}

// toolListed are the cases that are no drift statistic, verdict or threshold, by id; docs/methods.md
// says so, too.
var toolListed = map[string]string{
	"070": "edges of bins for a calibration curve", "071": "edges of bins for a calibration curve",
	"147": "a rolling mean of one sequence", "148": "a rolling mean of one sequence",
	"215": "the shares of one sample in given bins", "216": "the shares of one sample in given bins",
	"248": "outliers of one sample", "249": "outliers of one sample",
}

// onStream says that a case is one of mlprofile stream.
func onStream(c drifttest.Case) bool {
	return strings.HasSuffix(c.Method, "_stream") || c.Method == "prequential_error_fading"
}

// toolParameters are the parameters of a case that have another name or value in mlprofile.
func toolParameters(c drifttest.Case) (args []string) {
	set := func(name string, v any) { args = append(args, "--parameter", fmt.Sprintf("%s=%v", name, v)) }
	for _, name := range []string{"balance_classes", "tail_weight_holdout", "margin_quantile_filter", "num_bins", "confidence", "tolerance"} {
		if v, ok := c.Params[name]; ok {
			set(name, v)
		}
	}
	switch {
	case c.Method == "canary_mann_whitney_verdict":
		set("direction", c.Params["direction"])
	case c.Method == "psi" && c.Peer == "oracle":
		set("zero", 1e-4)
	case c.ID == "010":
		set("missing", "counted")
	}
	return args
}

// The numbers that other tools publish, from the command line and by the name of their convention.
func TestToolCases(t *testing.T) {
	ran, left := 0, map[string]int{}
	for _, c := range drifttest.Load(t) {
		name, ok := toolMethods[c.Method+" "+c.Peer]
		switch {
		case onStream(c):
			left["mlprofile stream"]++
		case toolListed[c.ID] != "":
			assert.False(t, ok, "%s is computed and listed", c.ID)
			left[toolListed[c.ID]]++
		default:
			require.True(t, ok, "case %s, %s of %s, is neither computed nor listed", c.ID, c.Method, c.Peer)
			ran++
			t.Run(c.ID+"_"+name, func(t *testing.T) { toolCase(t, c, name) })
		}
	}
	t.Logf("%d cases run; not run: %v", ran, left)
	for id := range toolListed {
		assert.Contains(t, readDoc(t, "methods.md"), id, "docs/methods.md does not list case %s", id)
	}
}

func toolCase(t *testing.T, c drifttest.Case, name string) {
	t.Helper()
	switch {
	case thresholdMethods[name] != nil:
		thresholdCase(t, c, name)
		return
	case c.Method == "cvm_multifeature_is_drift":
		manyColumnsCase(t, name)
		return
	case c.Method == "kolmogorov_smirnov_statistic_per_chunk":
		chunkCase(t, c, name)
		return
	}
	ref, cur := toolFiles(t, c)
	args := slices.Concat([]string{"score", "--json", "--method", name, "--column", "x", "--reference", ref.path, "--current", cur.path}, ref.args, toolParameters(c))
	out, _, err := mlprofile(t, args...)
	require.NoError(t, err)
	var s toolScore
	require.NoError(t, json.Unmarshal([]byte(out), &s), out)
	switch want := c.Expected.(type) {
	case string:
		checkWord(t, c, want, s)
	case []any:
		require.Len(t, want, 3)
		assert.InDelta(t, want[0], s.Details["lower"], c.Tolerance)
		assert.InDelta(t, want[1], s.Details["upper"], c.Tolerance)
		require.NotNil(t, s.Score)
		assert.InDelta(t, want[2], *s.Score, c.Tolerance)
	case map[string]any:
		require.NotNil(t, s.Statistic)
		require.NotNil(t, s.PValue)
		check(t, c, "statistic", *s.Statistic)
		check(t, c, "p", *s.PValue)
	default:
		score := s.Score
		if c.Method == "ks_2samp" {
			score = s.Statistic
			if c.Peer == "soda" || strings.HasPrefix(fmt.Sprint(c.Params["returns"]), "p") {
				score = s.PValue
			}
		}
		require.NotNil(t, score)
		check(t, c, "", *score)
		if drift, ok := c.Params["drift_detected"].(bool); ok && c.Params["threshold"] == 0.1 {
			assert.Equal(t, drift, s.Verdict == "drift", "the tool's verdict")
		}
	}
}

func checkWord(t *testing.T, c drifttest.Case, want string, s toolScore) {
	t.Helper()
	switch c.Method {
	case "default_method_selection":
		names := map[string]string{"z": "z_test@evidently", "chisquare": "chi2@evidently", "ks": "ks@evidently", "jensenshannon": "js@evidently"}
		assert.Equal(t, names[want], s.Method)
		require.NotEmpty(t, s.Verdict)
	case "kl_divergence":
		require.Equal(t, "inf", want)
		assert.True(t, s.Infinite)
	default:
		assert.Equal(t, want, s.Verdict)
	}
}

// toolFile is a side of a case as a file, with the flags that it needs.
type toolFile struct {
	path string
	args []string
}

var categorical = map[string]bool{
	"chi_square_p": true, "chi2_contingency": true, "two_proportion_z_p": true, "fisher_exact_p": true, "l_infinity": true,
	"hellinger_categorical": true, "normalized_absolute_difference": true, "g_test_p": true, "cramers_v": true, "total_variation_distance": true,
	"chi_square_category": true, "chi_square": true, "tvd_permutation_p": true, "jensen_shannon_categorical": true,
	"jensen_shannon_divergence_categorical": true,
}

// toolFiles writes both sides.
func toolFiles(t *testing.T, c drifttest.Case) (ref, cur toolFile) {
	t.Helper()
	if strings.HasSuffix(c.Method, "_histogram") {
		return toolFile{path: histogramJSON(t, "ref", c.Reference)}, toolFile{path: histogramJSON(t, "cur", c.Current)}
	}
	if c.Method == "tvd_permutation_p" || c.Method == "default_method_selection" || c.ID == "010" {
		args := []string(nil)
		if c.Params["column_type"] != "num" {
			args = []string{"--type", "x=categorical"}
		}
		return toolFile{rowsFile(t, "ref", c.Reference), args}, toolFile{rowsFile(t, "cur", c.Current), args}
	}
	a, numeric := toolValues(t, c.Reference)
	b, both := toolValues(t, c.Current)
	if numeric && both && !categorical[c.Method] && c.Params["column_type"] != "cat" {
		if size, ok := c.Params["window_size"].(float64); ok {
			b = b[len(b)-int(size):]
		}
		return toolFile{path: numbersFile(t, "ref", a)}, toolFile{path: numbersFile(t, "cur", b)}
	}
	counts, ok := drifttest.Counts(c.Reference)
	require.True(t, ok)
	others, ok := drifttest.Counts(c.Current)
	require.True(t, ok)
	args := []string{"--type", "x=categorical", "--weight", "n"}
	return toolFile{countsFile(t, "ref", counts), args}, toolFile{countsFile(t, "cur", others), args}
}

// rowsFile writes a side row by row: a list, one that is repeated, or counts in the order of names.
func rowsFile(t *testing.T, name string, side any) string {
	t.Helper()
	var rows []string
	switch side := side.(type) {
	case []any:
		for _, v := range side {
			rows = append(rows, fmt.Sprint(v))
		}
	case map[string]any:
		if counts, ok := side["counts"].(map[string]any); ok {
			for _, value := range slices.Sorted(maps.Keys(counts)) {
				for range int(counts[value].(float64)) {
					rows = append(rows, value)
				}
			}
		}
		if one, ok := side["repeat"].([]any); ok {
			for range int(side["times"].(float64)) {
				for _, v := range one {
					rows = append(rows, fmt.Sprint(v))
				}
			}
		}
	}
	require.NotEmpty(t, rows)
	var b strings.Builder
	b.WriteString("x,row\n") // a second column: a line without a value is not empty
	for i, row := range rows {
		b.WriteString(strings.ReplaceAll(row, "<nil>", "") + "," + strconv.Itoa(i) + "\n")
	}
	return write(t, name+".csv", b.String())
}

// histogramJSON writes a side as protobuf's JSON.
func histogramJSON(t *testing.T, name string, side any) string {
	t.Helper()
	h, ok := side.(map[string]any)
	require.True(t, ok)
	type bucket map[string]any
	file := map[string]any{"buckets": []bucket{}}
	for _, b := range h["histogram"].([]any) {
		b := b.([]any)
		file["buckets"] = append(file["buckets"].([]bucket), bucket{"low_value": b[0], "high_value": b[1], "sample_count": b[2]})
	}
	if n, ok := h["num_nan"]; ok {
		file["num_nan"] = n
	}
	data, err := json.Marshal(file)
	require.NoError(t, err)
	return write(t, name+".json", string(data))
}

// chunkCase compares each chunk of all rows in order with the reference; rows left over are a chunk
// of their own.
func chunkCase(t *testing.T, c drifttest.Case, name string) {
	t.Helper()
	ref, ok := drifttest.Values(t, c.Reference)
	require.True(t, ok)
	rows, ok := drifttest.Values(t, c.Current)
	require.True(t, ok)
	want := c.Expected.([]any)
	size := len(rows) / len(want)
	if s, ok := c.Params["chunk_size"].(float64); ok {
		size = int(s)
	}
	reference := numbersFile(t, "ref", ref)
	for i := range want {
		chunk := numbersFile(t, "chunk"+strconv.Itoa(i), rows[i*size:min((i+1)*size, len(rows))])
		out, _, err := mlprofile(t, "score", "--json", "--method", name, "--column", "x", "--reference", reference, "--current", chunk)
		require.NoError(t, err)
		var s toolScore
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		assert.InDelta(t, want[i], *s.Score, c.Tolerance, "chunk %d", i)
	}
}

// manyColumnsCase has columns that all moved, and such as did not: with Bonferroni's correction the
// first are drift.
func manyColumnsCase(t *testing.T, name string) {
	t.Helper()
	file := func(side string, mean float64) string {
		r := rand.New(rand.NewPCG(7, uint64(mean)))
		text := "x,y\n"
		for range 500 {
			text += fmt.Sprintf("%g,%g\n", r.NormFloat64()*math.Sqrt(1+mean/2)+mean, r.NormFloat64()*math.Sqrt(1+mean/2)+mean)
		}
		return write(t, side+".csv", text)
	}
	reference := file("ref", 0)
	for mean, want := range map[float64]string{2: "drift", 0: "ok"} {
		out, _, err := mlprofile(t, "score", "--json", "--method", name, "--all", "--correction", "bonferroni", "--reference", reference, "--current", file("cur", mean))
		require.NoError(t, err)
		var scores []toolScore
		require.NoError(t, json.Unmarshal([]byte(out), &scores))
		require.Len(t, scores, 2)
		for _, s := range scores {
			assert.Equal(t, want, s.Verdict, "mean %v", mean)
			assert.InDelta(t, 0.025, *s.Threshold, 1e-15)
		}
	}
}

// thresholdCase runs mlprofile threshold.
func thresholdCase(t *testing.T, c drifttest.Case, name string) {
	t.Helper()
	args := []string{"threshold", name, "--json"}
	for param, flag := range map[string]string{"alpha": "significance", "p_val": "significance", "q": "significance", "bins": "bins", "current_rows": "rows", "offset_from": "from"} {
		if v, ok := c.Params[param]; ok {
			args = append(args, "--"+flag, fmt.Sprint(v))
		}
	}
	if m, ok := c.Current.(map[string]any); ok && m["n_features"] != nil {
		args = append(args, "--tests", fmt.Sprint(m["n_features"]))
	}
	for param, flag := range map[string]string{"lower_mult": "lower", "upper_mult": "upper"} {
		if v, ok := c.Params[param]; ok {
			args = append(args, "--"+flag, strings.ReplaceAll(fmt.Sprint(v), "<nil>", "none"))
		}
	}
	data := c.Reference
	if data == nil {
		data = c.Current
	}
	if values, ok := drifttest.Values(t, data); ok {
		args = append(args, "--data", numbersFile(t, "values", values), "--column", "x")
	}
	out, _, err := mlprofile(t, args...)
	require.NoError(t, err)
	var r thresholdResult
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	switch want := c.Expected.(type) {
	case bool:
		require.NotNil(t, r.Rejected)
		assert.Equal(t, want, *r.Rejected > 0)
	case []any:
		assert.InDelta(t, want[0], *r.Lower, c.Tolerance)
		assert.InDelta(t, want[1], *r.Upper, c.Tolerance)
	default:
		got := r.Threshold
		if r.Lower != nil {
			got = r.Lower
			assert.Equal(t, c.Params["upper_mult"] == nil, r.Upper == nil)
		}
		require.NotNil(t, got)
		check(t, c, "", *got)
	}
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
		"l_infinity": 0.5, "total_variation": 0.5,
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

func readDoc(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	require.NoError(t, err)
	return string(data)
}
