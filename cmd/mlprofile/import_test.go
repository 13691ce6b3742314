// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// sharedData returns the path of a file of the data that are kept beside the repository.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("../shared/data/%s is not there", name)
	}
	return path
}

// scores are the KS distances of a baseline's columns from a data file.
func scores(t *testing.T, reference, current string) map[string]float64 {
	t.Helper()
	out, _, err := mlprofile(t, "score", "--method", "ks", "--reference", reference, "--current", current, "--all")
	require.NoError(t, err)
	found := map[string]float64{}
	for _, line := range regexp.MustCompile(`(?m)^(.+?) +ks +([0-9]\S*)`).FindAllStringSubmatch(out, -1) {
		v, err := strconv.ParseFloat(line[2], 64)
		require.NoError(t, err, line[0])
		found[line[1]] = v
	}
	return found
}

// SageMaker's buckets have their lower bound and not their upper one: the data that they were made of
// do not differ from them in any row.
func TestImportSageMakerIsItsData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "churn.json")
	out, notes, err := mlprofile(t, "import", sharedData(t, "churn/statistics.reconstructed.json"), "-o", file, "--name", "churn", "--prediction", "Churn")
	require.NoError(t, err)
	assert.Contains(t, out, "2,333 rows of churn, 70 of 70 columns, read as sagemaker")
	assert.Regexp(t, `changes inside of a bucket are not seen: Churn,\s+Account\s+Length, VMail`, notes)
	found := scores(t, file, sharedData(t, "churn/training-dataset-with-header.csv"))
	assert.Len(t, found, 70)
	for column, ks := range found {
		assert.Zero(t, ks, column)
	}
}

// TFDV's statistics are of two thirds of the file's rows: what is far from the file is what ten quantiles
// do not show.
func TestImportTFDVIsNearItsData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "taxi.json")
	out, notes, err := mlprofile(t, "import", sharedData(t, "profiles/tfdv/FeatureStats-train.pb"), "-o", file)
	require.NoError(t, err)
	assert.Contains(t, out, "10,036 rows of FeatureStats-train, 17 of 18 columns, read as tfdv")
	assert.Contains(t, notes, "  it has no value in any of 10036 rows: pickup_census_tract\n")
	found := scores(t, file, sharedData(t, "taxi/data.csv"))
	assert.Len(t, found, 15)
	for column, ks := range found {
		assert.Less(t, ks, 0.06, column)
	}
	for _, column := range []string{"trip_start_month", "trip_start_day", "trip_start_hour", "pickup_community_area", "dropoff_community_area"} {
		assert.Less(t, found[column], 0.01, "%s: whole numbers, whose shares the two histograms together show", column)
	}
	shown, _, err := mlprofile(t, "show", file)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^payment_type +10,036 +0 % +Cash 67 %`, shown)
}

func TestImportToStandardOutput(t *testing.T) {
	out, notes, err := mlprofile(t, "import", sharedData(t, "profiles/whylogs/v1-lendingclub.bin"), "-o", "-",
		"--prediction", "loan_status", "--exclude", "id,url", "--bins", "10")
	require.NoError(t, err)
	p, err := profile.Read(strings.NewReader(out))
	require.NoError(t, err)
	assert.Equal(t, "loan_status", p.Prediction.Name)
	assert.Equal(t, 2022, p.CreatedAt.Year(), "when the file was made")
	assert.LessOrEqual(t, len(p.Column("annual_inc").Numeric.Counts), 14)
	assert.Contains(t, notes, "  named in --exclude: id, url\n")
	assert.Contains(t, notes, "1.3 % of the data's, in 99 of 100 sketches")
}

func TestImportRefuses(t *testing.T) {
	file := write(t, "p.bin", "hello")
	for want, args := range map[string][]string{
		file + ": is in none of the formats":    {file},
		"no such file":                          {file + ".gone"},
		"--bins: 0 is not between 1 and 240":    {file, "--bins", "0"},
		"--max-categories: 0 is not above 0":    {file, "--max-categories", "0"},
		`format "evidently" is none of whylogs`: {file, "--format", "evidently"},
	} {
		_, _, err := mlprofile(t, append([]string{"import", "-o", filepath.Join(t.TempDir(), "out.json")}, args...)...)
		assert.ErrorContains(t, err, want)
	}
}
