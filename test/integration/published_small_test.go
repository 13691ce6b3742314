// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func secondsOf(n int) time.Duration { return time.Duration(n) * time.Second }

// publishedPenguin are the figures beside the penguin data.
type publishedPenguin struct {
	Columns map[string]struct {
		Rows        float64 `json:"n_cur"`
		Min         float64 `json:"cur_min"`
		Max         float64 `json:"cur_max"`
		Outside     float64 `json:"out_of_range"`
		KS          float64
		P           float64 `json:"ks_p_asymptotic"`
		Wasserstein float64 `json:"wasserstein_over_ref_std"`
	}
}

func penguinTables(t *testing.T, p *publishedPage, dir string) {
	expected := published[publishedPenguin](t, dir, "expected_results.json")
	reference, skewed := filepath.Join(dir, "labelled.csv"), filepath.Join(dir, "skewed.csv")
	columns := readRows(t, reference)[0]
	folder := t.TempDir()
	command(t, "mlprofile", "build", reference, "-o", filepath.Join(folder, "penguin.json"), "--features", strings.Join(columns, ","))
	base, err := profile.Load(filepath.Join(folder, "penguin.json"))
	require.NoError(t, err)
	writeReplayCard(t, folder, "penguin", "drift: {methods: {numeric: [ks, wasserstein]}}")
	replay(t, folder, []string{withTime(t, skewed), "--model", "penguin", "--timestamp", "replayed_at", "--features", strings.Join(columns, ",")})
	sums, scores := summed(t, folder), judgements(t, folder, "penguin")
	exact := toolScores(t, "ks@scipy", reference, skewed, columns)
	distance := toolScores(t, "wasserstein@evidently", reference, skewed, columns)
	var out []string
	for _, column := range columns {
		want, got, c := expected.Columns[column], sums[column], base.Column(column)
		ks := scores.at(mlconv.MetricDriftScore, "ks", "feature", column, replayDay)
		pv := scores.at(mlconv.MetricDriftPValue, "ks", "feature", column, replayDay)
		w := scores.at(mlconv.MetricDriftScore, "wasserstein", "feature", column, replayDay)
		assert.InDelta(t, want.Rows, got.count, 0, column)
		assert.InDelta(t, want.Min, got.low, 0, "min of %s", column)
		assert.InDelta(t, want.Max, got.high, 0, "max of %s", column)
		assert.InDelta(t, want.KS, ks, largestBin(c)+rounding, "KS of %s", column)
		assert.InDelta(t, want.P, pv, 1e-9, "p of %s", column)
		assert.InDelta(t, want.Wasserstein, w, 0.005, "Wasserstein of %s", column)
		assert.InDelta(t, want.KS, exact[column].Score, 1e-12, "KS of %s by mlprofile", column)
		assert.InDelta(t, want.Wasserstein, distance[column].Score, 1e-9, "Wasserstein of %s by mlprofile", column)
		outside := 0.0
		if got.low < c.Numeric.Min {
			outside = got.bins[0] - float64(c.Numeric.Counts[0]) // the smallest value of the reference is in this bin, too
		}
		assert.InDelta(t, want.Outside, outside, 0, "out of range, %s", column)
		note := "–"
		if math.Abs(w-want.Wasserstein) > 1e-6 || math.Abs(ks-want.KS) > 1e-6 {
			note = "bins: where in the lowest bin its two rows lie is known by their sum only"
		}
		out = append(out, cells(column, beside(want.Rows, got.count), beside(want.Min, got.low), beside(want.Max, got.high), beside(want.Outside, outside), beside(want.KS, ks), beside(want.P, pv), beside(want.Wasserstein, w), note))
	}
	p.text("## Penguin (TFX)")
	p.text("334 labelled rows as the reference, and the same with one value of −1 as what is served (rows of both are scaled to 0 … 1). Nothing is published; the figures were worked out with scipy. " +
		"Each cell: expected / replayed. `mlprofile score` with `ks@scipy` and `wasserstein@evidently` gives all of them to the digit.")
	p.table("column | rows | min | max | out of the reference's range | KS | p of KS | Wasserstein by sd | deviation", out)
}

// publishedChurn are the statistics of SageMaker's notebook.
type publishedChurn struct {
	Features []struct {
		Name    string
		Type    string  `json:"inferred_type"`
		Present float64 `json:"num_present"`
		Missing float64 `json:"num_missing"`
		Mean    float64
		Sum     float64
		StdDev  float64 `json:"std_dev"`
		Min     float64
		Max     float64
		First   struct {
			Low  float64 `json:"lower_bound"`
			High float64 `json:"upper_bound"`
		} `json:"first_kll_bucket"`
		Completeness float64
		NonNegative  bool `json:"is_non_negative"`
	} `json:"published_first_10_features"`
}

// sagemakerStatistics is a statistics.json.
type sagemakerStatistics struct {
	Features []struct {
		Name      string
		Numerical struct {
			Common struct {
				Present float64 `json:"num_present"`
				Missing float64 `json:"num_missing"`
			}
			Mean         float64
			Sum          float64
			StdDev       float64 `json:"std_dev"`
			Min          float64
			Max          float64
			Distribution struct {
				KLL struct {
					Buckets []struct {
						Low   float64 `json:"lower_bound"`
						High  float64 `json:"upper_bound"`
						Count float64
					}
				}
			}
		} `json:"numerical_statistics"`
	}
}

func churnTables(t *testing.T, p *publishedPage, dir string) {
	expected := published[publishedChurn](t, dir, "expected_results.json")
	all := published[sagemakerStatistics](t, dir, "statistics.reconstructed.json")
	file := filepath.Join(dir, "training-dataset-with-header.csv")
	folder := t.TempDir()
	columns := withBounds(t, filepath.Join(folder, "churn.json"), "churn", readRows(t, file), func(column string) []float64 {
		for _, f := range all.Features {
			if f.Name != column {
				continue
			}
			var bounds []float64
			buckets := f.Numerical.Distribution.KLL.Buckets
			for _, b := range buckets[:len(buckets)-1] {
				bounds = append(bounds, math.Nextafter(b.High, math.Inf(-1))) // the buckets are open above, bins are closed
			}
			return bounds
		}
		return nil
	})
	writeReplayCard(t, folder, "churn", "")
	replay(t, folder, []string{withTime(t, file), "--model", "churn", "--timestamp", "replayed_at", "--features", strings.Join(columns, ",")})
	sums := summed(t, folder)
	command(t, "mlprofile", "build", filepath.Join(folder, "spans.json"), "-o", filepath.Join(folder, "replayed.json"))
	profiled, err := profile.Load(filepath.Join(folder, "replayed.json"))
	require.NoError(t, err)

	p.text("## Churn (SageMaker Model Monitor)")
	p.text("2,333 rows of 70 columns. Published: statistics and constraints of the first ten in the notebook \"Introduction to Model Monitor\". Replayed through ml_summary with a baseline whose bins are SageMaker's ten " +
		"buckets of each column; standard deviations by `mlprofile build` of the spans that the collector wrote.")
	var out []string
	for _, want := range expected.Features {
		got, sd := sums[want.Name], profiled.Column(want.Name).Numeric.StdDev
		first := got.low + (got.high-got.low)/10
		completeness := got.count / (got.count + got.missing)
		assert.InDelta(t, want.Present, got.count, 0, "present, %s", want.Name)
		assert.InDelta(t, want.Missing, got.missing, 0, "missing, %s", want.Name)
		assert.InDelta(t, want.Mean, got.sum/got.count, 6e-7, "mean of %s", want.Name)
		assert.InDelta(t, want.Sum, got.sum, 1e-6, "sum of %s", want.Name)
		assert.InDelta(t, want.StdDev, sd, 6e-7, "sd of %s", want.Name)
		assert.InDelta(t, want.Min, got.low, 0, "min of %s", want.Name)
		assert.InDelta(t, want.Max, got.high, 0, "max of %s", want.Name)
		assert.InDelta(t, want.First.Low, got.low, 1e-9, "first bucket of %s", want.Name)
		assert.InDelta(t, want.First.High, first, 1e-9, "first bucket of %s", want.Name)
		assert.InDelta(t, want.Completeness, completeness, 0, "completeness of %s", want.Name)
		assert.Equal(t, want.NonNegative, got.low >= 0, "sign of %s", want.Name)
		out = append(out, cells(want.Name, got.count, got.missing, beside(want.Mean, got.sum/got.count), beside(want.Sum, got.sum), beside(want.StdDev, sd), got.low, got.high, first, completeness, want.NonNegative, want.Type+" / numeric"))
	}
	p.text("Each cell: published / replayed.")
	p.table("column | present | missing | mean | sum | standard deviation | min | max | first bucket ends at | completeness | not negative | type", out)

	buckets, worst := 0, 0.0
	for _, f := range all.Features {
		n, got := f.Numerical, sums[f.Name]
		require.NotNil(t, got, f.Name)
		assert.InDelta(t, n.Common.Present, got.count, 0, "present, %s", f.Name)
		assert.InDelta(t, n.Common.Missing, got.missing, 0, "missing, %s", f.Name)
		assert.InDelta(t, n.Mean, got.sum/got.count, 1e-9, "mean of %s", f.Name)
		assert.InDelta(t, n.StdDev, profiled.Column(f.Name).Numeric.StdDev, 1e-9, "sd of %s", f.Name)
		assert.InDelta(t, n.Min, got.low, 0, "min of %s", f.Name)
		assert.InDelta(t, n.Max, got.high, 0, "max of %s", f.Name)
		for i, b := range n.Distribution.KLL.Buckets {
			assert.InDelta(t, b.Count, got.bins[i], 0, "bucket %d of %s", i, f.Name)
			worst = max(worst, math.Abs(b.Count-got.bins[i]))
			buckets++
		}
	}
	p.text("All 70 columns were worked out by SageMaker's conventions, too: count, mean, standard deviation, ends and the counts of all %d buckets are the same (largest difference %s).", buckets, digits(worst))
	p.text("Deviations: whether a column has whole numbers only (`Integral`, `Fractional`) is not kept by ml_summary or a baseline, which know numbers and categories; SageMaker's monitoring run (60 violations in 1,977 rows of traffic) " +
		"cannot be repeated, as its traffic was not published.")
}
