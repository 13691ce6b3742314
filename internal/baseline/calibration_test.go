// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestCalibration(t *testing.T) {
	file := write(t, "a.csv", "x,answer,score,truth\n1,no,0.1,no\n2,no,0.2,yes\n3,yes,0.9,yes\n4,yes,0.95,yes\n5,no,0.3,\n6,no,,no\n7,no,1.5,no\n8,no,0.1,no\n")
	p, plan, err := Build(t.Context(), []string{file}, Options{Prediction: "answer", Label: "truth", Score: "score", Positive: "yes"})
	require.NoError(t, err)
	assert.Equal(t, []string{"x"}, names(plan.Features), "labels and scores are no features")
	assert.Equal(t, RoleLabel, plan.Label.Role)
	assert.Equal(t, &profile.Calibration{Positive: "yes", Rows: 5, Classes: []profile.ClassCalibration{{
		Class: "yes", Scores: []float64{0.1, 0.2, 0.9, 0.95}, Probabilities: []float64{0, 1, 1, 1}, Rows: []float64{2, 1, 1, 1},
	}}}, p.Calibration)
	assert.Equal(t, []string{"1 rows have no label, and no part in the calibration", "2 rows have no score between 0 and 1, and no part in the calibration"}, plan.Warnings)

	// JSON lines whose columns come late, several files, and the answer as the label.
	first, second := write(t, "a.jsonl", "{\"x\":1}\n{\"x\":2,\"a\":0.2,\"y\":\"b\",\"b\":0.8}\n"), write(t, "b.jsonl", "{\"y\":\"a\",\"b\":0.1,\"a\":0.9}\n{\"y\":\"b\",\"a\":0.7}\n")
	p, plan, err = Build(t.Context(), []string{first, second}, Options{Prediction: "y", Label: "y", Probabilities: []Probability{{"a", "a"}, {"b", "b"}}})
	require.NoError(t, err)
	assert.Equal(t, RolePrediction, plan.Label.Role)
	assert.EqualValues(t, 2, p.Calibration.Rows)
	assert.Equal(t, []float64{0.2, 0.9}, p.Calibration.Classes[0].Scores)
	assert.Equal(t, []float64{0.1, 0.8}, p.Calibration.Classes[1].Scores)
	assert.Len(t, plan.Warnings, 2)

	numbers := write(t, "n.csv", "score,truth\n0.1,0\n0.9,1\n")
	p, _, err = Build(t.Context(), []string{numbers}, Options{Label: "truth", Score: "score"})
	require.NoError(t, err)
	assert.Equal(t, "1", p.Calibration.Positive)
	assert.Empty(t, p.Features)
}

func TestCalibrationErrors(t *testing.T) {
	file := write(t, "a.csv", "x,score,truth,other\n1,0.1,no,a\n2,0.2,yes,b\n3,none,yes,0.5\n")
	both := []Probability{{"yes", "score"}, {"no", "x"}}
	for want, o := range map[string]Options{
		"label: which column has the labels":                    {Score: "score"},
		"label: a score, or a probability of each class, is":    {Label: "truth"},
		"probability: there is a score":                         {Label: "truth", Score: "score", Positive: "yes", Probabilities: both},
		"probability: that of each class is needed":             {Label: "truth", Probabilities: both[:1]},
		"positive: it is for a score":                           {Label: "truth", Positive: "yes", Probabilities: both},
		"positive: which class does the model look for?":        {Label: "truth", Score: "score"},
		`label: there is no column "nope"`:                      {Label: "nope", Score: "score", Positive: "yes"},
		`score: column "truth" is the label already`:            {Label: "truth", Score: "truth", Positive: "yes"},
		`features: column "score" is the score already`:         {Label: "truth", Score: "score", Positive: "yes", Features: []string{"score"}},
		`exclude: column "truth" is the label`:                  {Label: "truth", Score: "score", Positive: "yes", Exclude: []string{"truth"}},
		`column "other": "a" is not a number`:                   {Label: "truth", Score: "other", Positive: "yes"},
		`label: column "truth": there are not both rows of the`: {Label: "truth", Score: "score", Positive: "maybe"},
	} {
		_, _, err := Build(t.Context(), []string{file}, o)
		assert.ErrorContains(t, err, want)
	}
}
