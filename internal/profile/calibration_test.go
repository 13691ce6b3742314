// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calibrated makes a calibration of rows that are positive with the square of their score.
func calibrated(t *testing.T, rows, bins int) *Calibration {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 1))
	c := NewCalibrator("fraud", nil, bins)
	for range rows {
		score, actual := rnd.Float64(), "ok"
		if rnd.Float64() < score*score {
			actual = "fraud"
		}
		require.True(t, c.Add(actual, []float64{score}, 1))
	}
	out, err := c.Calibration()
	require.NoError(t, err)
	return out
}

func TestCalibrationIsWrittenAndRead(t *testing.T) {
	p := example()
	p.Calibration = calibrated(t, 5000, 0)
	require.NoError(t, p.Validate())
	assert.EqualValues(t, 5000, p.Calibration.Rows)
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	assert.Equal(t, 1, strings.Count(b.String(), `"probabilities": [`))
	read, err := Read(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, p.Calibration, read.Calibration)

	isotonic := read.Calibration.Isotonics()["fraud"]
	for _, score := range []float64{0.2, 0.5, 0.9} {
		assert.InDelta(t, score*score, isotonic.At(score), 0.06)
	}
	assert.Nil(t, (*Calibration)(nil).Isotonics())
}

func TestCalibrationIsBounded(t *testing.T) {
	c := calibrated(t, 50_000, 10_000)
	require.NoError(t, c.validate("calibration"))
	assert.Len(t, c.Classes[0].Scores, MaxKnots)
	assert.Less(t, c.Classes[0].Error, 0.01)
	all := 0.0
	for _, n := range c.Classes[0].Rows {
		all += n
	}
	assert.InDelta(t, 50_000, all, 1e-6)
}

func TestCalibratorRefuses(t *testing.T) {
	c := NewCalibrator("", []string{"a", "b"}, 10)
	for _, scores := range [][]float64{{0.5}, {0.5, 1.5}, {math.NaN(), 0.5}} {
		assert.False(t, c.Add("a", scores, 1))
	}
	assert.False(t, c.Add("a", []float64{0.5, 0.5}, -1))
	assert.True(t, c.Add("a", []float64{0.5, 0.5}, 1))
	_, err := c.Calibration()
	require.ErrorContains(t, err, `not both rows of the class "a" and others`)
	assert.True(t, c.Add("c", []float64{0.1, 0.2}, 1))
	_, err = c.Calibration()
	require.ErrorContains(t, err, `the class "b"`)
	assert.True(t, c.Add("b", []float64{0.1, 0.9}, 1))
	out, err := c.Calibration()
	require.NoError(t, err)
	assert.EqualValues(t, 3, out.Rows)
	assert.Empty(t, out.Positive)
}

// What is wrong with a calibration is said with its key and the file.
func TestCalibrationErrors(t *testing.T) {
	const class = `{"class": "a", "scores": [0.1, 0.9], "probabilities": [0, 1], "rows": [5, 5]}`
	wide := func(n int) string {
		numbers := strings.TrimSuffix(strings.Repeat("0,", n), ",")
		return fmt.Sprintf(`{"class": "a", "scores": [%s], "probabilities": [], "rows": []}`, numbers)
	}
	for want, calibration := range map[string]string{
		"calibration.rows: must be above 0":                            `{"positive": "a", "classes": [` + class + `]}`,
		`calibration.classes: must be the positive class "b" alone`:    `{"positive": "b", "rows": 9, "classes": [` + class + `]}`,
		"calibration.classes: 1 of them, must be 2 to 100":             `{"rows": 9, "classes": [` + class + `]}`,
		`calibration.classes[1].class: "a" is there twice`:             `{"rows": 9, "classes": [` + class + "," + class + `]}`,
		"calibration.classes[0].class: must not be empty":              `{"rows": 9, "classes": [{}, ` + class + `]}`,
		"calibration.classes[0] (a).scores: 1001 of them, must be":     `{"positive": "a", "rows": 9, "classes": [` + wide(1001) + `]}`,
		"calibration.classes[0] (a).probabilities: 0 of them":          `{"positive": "a", "rows": 9, "classes": [` + wide(2) + `]}`,
		"calibration.classes[0] (a).scores[1]: 0.9 does not rise":      `{"positive": "a", "rows": 9, "classes": [` + strings.Replace(class, "0.1", "0.9", 1) + `]}`,
		"calibration.classes[0] (a).error: 2 is not between 0 and 1":   `{"positive": "a", "rows": 9, "classes": [` + strings.Replace(class, "{", `{"error": 2, `, 1) + `]}`,
		`unknown field "colour"`:                                       `{"positive": "a", "colour": 1}`,
		"calibration.classes[0] (a).rows[0]: -5 is not a number of ro": `{"positive": "a", "rows": 9, "classes": [` + strings.Replace(class, "[5, 5]", "[-5, 5]", 1) + `]}`,
	} {
		path := filepath.Join(t.TempDir(), "baseline.json")
		require.NoError(t, os.WriteFile(path, []byte(`{"format_version": 2, "rows": 9, "features": [], "calibration": `+calibration+`}`), 0o600))
		_, err := Load(path)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, path)
	}
}
