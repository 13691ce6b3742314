// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// houses is what is expected of the California housing data set: exact KS statistics by feature and
// calendar month, recomputed from the data by the rule with which the data set's publisher reports
// their means.
type houses struct {
	Recomputed struct {
		Drift map[string]struct {
			KS struct {
				Chunks []struct {
					Key    string  `json:"key"`
					Period string  `json:"period"`
					Value  float64 `json:"value"`
				} `json:"chunks"`
			} `json:"kolmogorov_smirnov"`
		} `json:"univariate_drift_nannyml_rules"`
	} `json:"recomputed_here"`
}

// The California housing data set, a profile of its reference part, its analysis part replayed with
// its own timestamps through the collector: KS by feature and month is the exact one within one
// bin's mass, PSI is what mlprofile says of the same rows.
func TestCaliforniaHousing(t *testing.T) {
	dir := filepath.Join(processtest.RepoRoot(t), "..", "shared", "data", "california_housing")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("../shared/data/california_housing is absent: the data set is not part of this repository")
	}
	reference, analysis := filepath.Join(dir, "california_housing_reference.csv"), filepath.Join(dir, "california_housing_analysis.csv")
	var expected houses
	data, err := os.ReadFile(filepath.Join(dir, "expected_results.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &expected))

	work := t.TempDir()
	baseline := filepath.Join(work, "housing.json")
	command(t, "mlprofile", "build", reference, "-o", baseline, "--name", "housing", "--timestamp", "timestamp",
		"--prediction", "y_pred", "--confidence", "y_pred_proba", "--exclude", "id,clf_target")
	require.NoError(t, os.WriteFile(filepath.Join(work, "housing.yaml"), []byte(`
kind: model
name: housing
baseline: housing.json
drift: {window: month, methods: {numeric: [ks, psi]}}
`), 0o600))

	out := filepath.Join(work, "metrics.jsonl")
	c := start(t, driftToFile, "OUT="+out, "CATALOG="+work)
	command(t, "mlreplay", analysis, "--endpoint", c.otlp, "--model", "housing", "--timestamp", "timestamp",
		"--prediction", "y_pred", "--confidence", "y_pred_proba", "--features", "MedInc,HouseAge,AveRooms,AveBedrms,Population,AveOccup,Latitude,Longitude")
	c.Stop()

	p, err := profile.Load(baseline)
	require.NoError(t, err)
	scores := points(t, out, "ml.model.version")
	worst, compared := 0.0, 0
	for feature, methods := range expected.Recomputed.Drift {
		column := p.Column(feature)
		if column == nil {
			continue // id and the predictions
		}
		for _, chunk := range methods.KS.Chunks {
			if chunk.Period != "analysis" {
				continue
			}
			month, err := time.Parse("2006-01", chunk.Key)
			require.NoError(t, err)
			end := month.AddDate(0, 1, 0)
			got := valueFrom(t, scores, "ks", feature, month)
			bound := largestBin(column) // the mass of one bin that holds more than a single value
			assert.InDelta(t, chunk.Value, got, bound, "KS of %s in %s", feature, chunk.Key)
			worst = max(worst, math.Abs(chunk.Value-got))
			compared++

			psi := mlprofileScore(t, "psi", baseline, analysis, feature, month, end)
			assert.InDelta(t, psi, valueFrom(t, scores, "psi", feature, month), 1e-9, "PSI of %s in %s", feature, chunk.Key)
		}
	}
	require.Equal(t, 8*12, compared, "features times months")
	t.Logf("%d KS statistics; largest difference from the exact ones %.5f", compared, worst)
}

// valueFrom returns the drift score of a feature's total for the window that starts at the given
// time. The last month is not over when the collector stops: its window ends with the data.
func valueFrom(t *testing.T, all map[string][]point, method, feature string, start time.Time) float64 {
	t.Helper()
	key := fmt.Sprintf("ml.drift.score{ml.drift.method=%s,ml.drift.reference=baseline,ml.drift.subject=feature,ml.feature.name=%s,ml.model.name=housing}", method, feature)
	for _, p := range all[key] {
		if p.start.Equal(start) {
			return p.value
		}
	}
	require.Failf(t, "no score", "%s from %s", key, start)
	return 0
}

// largestBin returns the largest share of the reference in one bin, not counting bins of a single
// value, whose boundaries are exact on both sides.
func largestBin(c *profile.Column) float64 {
	largest := 0.0
	for i, n := range c.Numeric.Counts {
		if i > 0 && i < len(c.Numeric.Bounds) && c.Numeric.Bounds[i-1] == math.Nextafter(c.Numeric.Bounds[i], math.Inf(-1)) {
			continue
		}
		largest = max(largest, float64(n)/float64(c.Count))
	}
	return largest
}

// mlprofileScore runs mlprofile score on the rows of one month.
func mlprofileScore(t *testing.T, method, baseline, current, column string, from, to time.Time) float64 {
	t.Helper()
	var result struct {
		Score float64 `json:"score"`
	}
	stdout := command(t, "mlprofile", "score", "--method", method, "--reference", baseline, "--current", current, "--column", column,
		"--timestamp", "timestamp", "--from", from.Format(time.RFC3339), "--to", to.Format(time.RFC3339), "--json")
	require.NoError(t, json.Unmarshal([]byte(stdout), &result), stdout)
	return result.Score
}

// command builds one of the repository's commands and runs it.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	binary := filepath.Join(commandsDir, name)
	if _, err := os.Stat(binary); err != nil {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/"+name)
		build.Dir = processtest.RepoRoot(t)
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	run := exec.CommandContext(t.Context(), binary, args...)
	out, err := run.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		require.NoError(t, err, "%s %v: %s", name, args, exit.Stderr)
	}
	require.NoError(t, err)
	return string(out)
}
