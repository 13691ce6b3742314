// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// publishedTaxi are the figures beside the taxi data: TFDV's of the two parts of the file together.
type publishedTaxi struct {
	Columns map[string]struct {
		Type   string
		Values float64 `json:"tfdv_tot_num_values_sum"`
		Mean   float64 `json:"tfdv_weighted_mean"`
		Min    float64 `json:"tfdv_min"`
		Max    float64 `json:"tfdv_max"`
		Zeros  float64 `json:"tfdv_zeros"`
		Unique int     `json:"csv_unique"`
		Top    [][]any `json:"csv_top"`
	} `json:"union_check"`
	Parts map[string]struct {
		LInfinity float64  `json:"l_infinity_from_rank_histograms"`
		Standard  *float64 `json:"jensen_shannon_divergence_base2_from_STANDARD_histograms"`
		Quantiles *float64 `json:"jensen_shannon_divergence_base2_from_QUANTILES_histograms"`
	} `json:"train_vs_eval"`
}

// tfdvFeature is what one of TFDV's files says of a feature.
type tfdvFeature struct {
	Values    float64 `json:"tot_num_values"`
	Mean      float64
	StdDev    float64 `json:"std_dev"`
	AvgLength float64 `json:"avg_length"`
	Top       [][]any `json:"top_values"`
	// Histograms have buckets of low, high and count.
	Histograms []struct {
		Type    string
		Buckets [][3]float64
	}
}

type tfdvFile []struct{ Features map[string]tfdvFeature }

// withBounds profiles the numeric columns of a file into bins that are given for each.
func withBounds(t *testing.T, file, name string, rows [][]string, bounds func(column string) []float64) []string {
	t.Helper()
	base := &profile.Profile{FormatVersion: profile.FormatVersion, Name: name, Rows: uint64(len(rows) - 1)}
	var columns []string
	for i, column := range rows[0] {
		edges := bounds(column)
		var values []float64
		words := map[string]uint64{}
		missing := uint64(0)
		for _, row := range rows[1:] {
			v, err := strconv.ParseFloat(row[i], 64)
			switch {
			case row[i] == "":
				missing++
			case edges == nil:
				words[row[i]]++
			default:
				require.NoError(t, err)
				values = append(values, v)
			}
		}
		columns = append(columns, column)
		if edges == nil {
			base.Features = append(base.Features, profile.NewCategorical(column, words, missing, profile.DefaultMaxCategories))
			continue
		}
		c := profile.NewNumeric(column, values, missing, distribution.DefaultBins)
		bins, err := distribution.NewBins(edges)
		require.NoError(t, err)
		c.Numeric.Bounds, c.Numeric.Counts = edges, bins.Count(values)
		base.Features = append(base.Features, c)
	}
	f, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, base.Write(f))
	require.NoError(t, f.Close())
	return columns
}

func taxiTables(t *testing.T, p *publishedPage, dir string) {
	expected := published[publishedTaxi](t, dir, "expected_results.json")
	parts := [2]map[string]tfdvFeature{}
	for i, part := range []string{"train", "eval"} {
		parts[i] = tfdvPart(t, filepath.Join(dir, "..", "profiles", "expected_parse.json"), part)
	}
	file := filepath.Join(dir, "data.csv")
	rows := readRows(t, file)
	folder := t.TempDir()
	columns := withBounds(t, filepath.Join(folder, "taxi.json"), "taxi", rows, func(column string) []float64 {
		if expected.Columns[column].Type == "STRING" {
			return nil
		}
		return []float64{math.Nextafter(0, -1), 0} // what is below zero, zero, and above
	})
	writeReplayCard(t, folder, "taxi", "derive: [ml.feature.company#characters, ml.feature.payment_type#characters]")
	args := []string{withTime(t, file), "--model", "taxi", "--timestamp", "replayed_at", "--features", strings.Join(columns, ",")}
	for _, column := range columns {
		as := "numeric"
		if expected.Columns[column].Type == "STRING" {
			as = "categorical"
		}
		args = append(args, "--type", column+"="+as)
	}
	replay(t, folder, args)
	sums := summed(t, folder)
	spans := filepath.Join(folder, "spans.json")
	command(t, "mlprofile", append([]string{"build", spans, "-o", filepath.Join(folder, "replayed.json"), "--include", strings.Join(columns, ",")}, typesOf(columns, expected)...)...)
	profiled, err := profile.Load(filepath.Join(folder, "replayed.json"))
	require.NoError(t, err)

	p.text("## Taxi (TFDV)")
	p.text("15,002 trips. Published are TFDV's statistics of two random parts (10,036 and 4,966 rows), which together are this file; sums and means below are of both. " +
		"Replayed through ml_summary with a baseline whose bins are below zero, zero, and above zero; standard deviations by `mlprofile build` of the spans that the collector wrote.")
	taxiNumbers(t, p, &expected, parts, sums, profiled, columns)
	taxiWords(t, p, &expected, parts, sums)
	taxiParts(t, p, &expected, parts)
}

func typesOf(columns []string, expected publishedTaxi) (args []string) {
	for _, column := range columns {
		if expected.Columns[column].Type != "STRING" {
			args = append(args, "--type", column+"=numeric")
		}
	}
	return args
}

func tfdvPart(t *testing.T, file, part string) map[string]tfdvFeature {
	t.Helper()
	all := published[struct {
		Train tfdvFile `json:"tfdv/FeatureStats-train.pb"`
		Eval  tfdvFile `json:"tfdv/FeatureStats-eval.pb"`
	}](t, file)
	if part == "train" {
		return all.Train[0].Features
	}
	return all.Eval[0].Features
}

// taxiNumbers are the numeric columns.
func taxiNumbers(t *testing.T, p *publishedPage, expected *publishedTaxi, parts [2]map[string]tfdvFeature, sums map[string]*summedColumn, profiled *profile.Profile, columns []string) {
	p.text("### Numbers")
	p.text("Each cell: published / replayed.")
	var out []string
	for _, column := range columns {
		want := expected.Columns[column]
		if want.Type == "STRING" {
			continue
		}
		got := sums[column]
		require.NotNil(t, got, column)
		note := "–"
		float32s := 0.0
		if want.Type == "FLOAT" {
			float32s = 2e-7
		}
		if column == "pickup_census_tract" {
			note = "TFDV writes 0 as the minimum of the part without a value"
			assert.InDelta(t, 0, want.Min, 0)
			assert.InDelta(t, want.Max, got.low, 0)
		} else {
			assert.InDelta(t, want.Min, got.low, float32s*math.Abs(want.Min), "min of %s", column)
		}
		assert.InDelta(t, want.Values, got.count, 0, "values of %s", column)
		assert.InDelta(t, 15002-want.Values, got.missing, 0, "missing %s", column)
		assert.InDelta(t, want.Mean, got.sum/got.count, max(float32s, 1e-12)*math.Abs(want.Mean), "mean of %s", column)
		assert.InDelta(t, want.Max, got.high, float32s*math.Abs(want.Max), "max of %s", column)
		assert.InDelta(t, want.Zeros, got.bins[1], 0, "zeros of %s", column)
		sd := pooled(parts[0][column], parts[1][column])
		mine := profiled.Column(column)
		require.NotNil(t, mine, column)
		assert.InDelta(t, sd, mine.Numeric.StdDev, 1e-6*sd+float32s*math.Abs(want.Mean), "sd of %s", column)
		if note == "–" && float32s > 0 && (want.Min != got.low || want.Max != got.high) {
			note = "TFDV has float32"
		} else if note == "–" && digits(sd) != digits(mine.Numeric.StdDev) {
			note = "TFDV's squares of numbers of 1.7e10 keep seven digits"
		}
		out = append(out, cells(column, beside(want.Values, got.count), beside(want.Mean, got.sum/got.count), beside(sd, mine.Numeric.StdDev), beside(want.Min, got.low), beside(want.Max, got.high), beside(want.Zeros, got.bins[1]), note))
	}
	p.table("column | values | mean | standard deviation | min | max | zeros | deviation", out)
	p.text("Missing values are the rest of 15,002 rows (`ml.feature.missing.count`), as TFDV's completeness says; TFDV's own `num_missing` is 0 everywhere, as it takes an empty cell for an empty list. " +
		"The medians and quantiles of the two parts cannot be put together: they are not compared.")
}

// beside writes two numbers, or one where they are the same.
func beside(want, got float64) string {
	if digits(want) == digits(got) {
		return digits(want)
	}
	return digits(want) + " / " + digits(got)
}

// pooled is the standard deviation of two parts together, of theirs.
func pooled(a, b tfdvFeature) float64 {
	n := a.Values + b.Values
	mean := (a.Values*a.Mean + b.Values*b.Mean) / n
	square := func(f tfdvFeature) float64 { return f.Values * (f.StdDev*f.StdDev + (f.Mean-mean)*(f.Mean-mean)) }
	return math.Sqrt((square(a) + square(b)) / n)
}

// taxiWords are the columns of words.
func taxiWords(t *testing.T, p *publishedPage, expected *publishedTaxi, parts [2]map[string]tfdvFeature, sums map[string]*summedColumn) {
	p.text("### Words")
	var out []string
	for _, column := range []string{"payment_type", "company"} {
		want, got := expected.Columns[column], sums[column]
		assert.InDelta(t, want.Values, got.count, 0, "values of %s", column)
		assert.Len(t, got.categories, want.Unique, column)
		names := make([]string, 0, len(got.categories))
		for name := range got.categories {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(got.categories[b], got.categories[a]) })
		var top []string
		for i, pair := range want.Top {
			assert.Equal(t, pair[0], names[i], column)
			assert.InDelta(t, pair[1], got.categories[names[i]], 0, names[i])
			both := 0.0
			for _, part := range parts {
				for _, known := range part[column].Top {
					if known[0] == names[i] {
						both += known[1].(float64)
					}
				}
			}
			if i < 4 { // the fifth is not among the five of both parts everywhere
				assert.InDelta(t, both, got.categories[names[i]], 0, "%s in both parts", names[i])
			}
			top = append(top, fmt.Sprintf("%s %.0f", names[i], got.categories[names[i]]))
		}
		a, b, length := parts[0][column], parts[1][column], sums["ml.feature."+column+"#characters"]
		wantLength := (a.Values*a.AvgLength + b.Values*b.AvgLength) / (a.Values + b.Values)
		require.NotNil(t, length, column)
		assert.InDelta(t, wantLength, length.sum/length.count, 1e-5, "characters of %s", column)
		out = append(out, cells(column, beside(want.Values, got.count), beside(float64(want.Unique), float64(len(got.categories))), strings.Join(top, ", "), beside(wantLength, length.sum/length.count)))
	}
	p.table("column | values | different ones | most frequent, all as published | mean length (`derive: ml.feature.company#characters`)", out)
}

// taxiParts compares the two parts by the counts of words that TFDV has of them: of the five that
// are most frequent in each, and all others as one.
func taxiParts(t *testing.T, p *publishedPage, expected *publishedTaxi, parts [2]map[string]tfdvFeature) {
	p.text("### The two parts against each other")
	var out []string
	for _, column := range []string{"payment_type", "company"} {
		folder, files := t.TempDir(), [2]string{}
		for i, part := range parts {
			rows, rest := [][]string{{column, "at"}}, part[column].Values
			add := func(word string, n float64) {
				for range int(n) {
					rows = append(rows, []string{word, replayDay.Add(secondsOf(len(rows))).Format("2006-01-02T15:04:05Z")})
				}
				rest -= n
			}
			for _, pair := range part[column].Top {
				add(pair[0].(string), pair[1].(float64))
			}
			add("all others", rest)
			files[i] = writeRows(t, filepath.Join(folder, []string{"train.csv", "eval.csv"}[i]), rows)
		}
		command(t, "mlprofile", "build", files[0], "-o", filepath.Join(folder, "parts.json"), "--features", column)
		writeReplayCard(t, folder, "parts", "drift: {methods: {categorical: [l_infinity]}}")
		replay(t, folder, []string{files[1], "--model", "parts", "--timestamp", "at", "--features", column})
		got := judgements(t, folder, "parts").at(mlconv.MetricDriftScore, "l_infinity", "feature", column, replayDay)
		want := expected.Parts[column].LInfinity
		exact := toolScores(t, "l_infinity@tfdv", files[0], files[1], []string{column})[column].Score
		assert.InDelta(t, want, exact, 1e-12, "L∞ of %s by mlprofile", column)
		assert.InDelta(t, want, got, 0.01, "L∞ of %s", column)
		note := "–"
		if math.Abs(want-got) > 1e-9 {
			note = "half of the baseline's rows choose which words are told apart and the other half is compared with, as it has rare ones ([ml_drift](../connector/mldriftconnector/README.md#how-it-works))"
		}
		out = append(out, cells(column, want, got, exact, note))
	}
	p.text("L∞ of words, from TFDV's counts of its five most frequent and of all others together:")
	p.table("column | expected | ml_drift | mlprofile `l_infinity@tfdv` | deviation", out)
	taxiHistograms(t, p, expected, parts)
}

// taxiHistograms compares the histograms of numbers that TFDV has of both parts.
func taxiHistograms(t *testing.T, p *publishedPage, expected *publishedTaxi, parts [2]map[string]tfdvFeature) {
	folder, compared, over := t.TempDir(), 0, []string(nil)
	for column, want := range expected.Parts {
		for kind, value := range map[string]*float64{"STANDARD": want.Standard, "QUANTILES": want.Quantiles} {
			if value == nil {
				continue
			}
			files := [2]string{filepath.Join(folder, "train.json"), filepath.Join(folder, "eval.json")}
			for i, part := range parts {
				writeHistogram(t, files[i], part[column], kind)
			}
			var score toolScore
			require.NoError(t, json.Unmarshal([]byte(command(t, "mlprofile", "score", "--method", "jsd@tfdv", "--reference", files[0], "--current", files[1], "--column", column, "--json")), &score))
			assert.InDelta(t, *value, score.Score, 1e-9, "%s histograms of %s", kind, column)
			compared++
			if score.Score > 0.3 {
				over = append(over, fmt.Sprintf("%s %s", column, digits(score.Score)))
			}
		}
	}
	slices.Sort(over)
	p.text("Jensen-Shannon divergences of numbers are of the histograms in TFDV's files, estimates of a sketch: which rows were in which part is not known, so there is nothing to replay. "+
		"`mlprofile score --method jsd@tfdv` gives all %d, of ten buckets of equal width and of quantiles, to nine digits; those over Vertex AI's threshold of 0.3, without any drift, are %s.", compared, strings.Join(over, ", "))
}

// writeHistogram writes a histogram as protobuf's JSON has it.
func writeHistogram(t *testing.T, file string, of tfdvFeature, kind string) {
	t.Helper()
	var buckets []map[string]float64
	for _, h := range of.Histograms {
		if h.Type != kind {
			continue
		}
		for _, b := range h.Buckets {
			buckets = append(buckets, map[string]float64{"low_value": b[0], "high_value": b[1], "sample_count": b[2]})
		}
	}
	data, err := json.Marshal(map[string]any{"buckets": buckets})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
}
