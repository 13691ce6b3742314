// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// calibrationBins are those of scores from which a Calibration is made where nothing else is said.
const calibrationBins = 1000

// Calibrator makes a Calibration of rows.
type Calibrator struct {
	positive string
	classes  []string
	scores   []*evaluation.Scores
	rows     uint64
}

// NewCalibrator returns one of a binary model, where the positive class is given, or else of a model
// with these classes. bins are those of scores, 2 to 10,000; 0 is 1,000.
func NewCalibrator(positive string, classes []string, bins int) *Calibrator {
	if positive != "" {
		classes = []string{positive}
	}
	if bins == 0 {
		bins = calibrationBins
	}
	c := &Calibrator{positive: positive, classes: classes}
	for range classes {
		c.scores = append(c.scores, evaluation.NewScores(bins))
	}
	return c
}

// Add counts a row: its class, and the score of the positive class, or of each class. It returns false,
// and counts nothing, where a score is none between 0 and 1 or
// the weight not positive and finite.
func (c *Calibrator) Add(actual string, scores []float64, weight float64) bool {
	if len(scores) != len(c.classes) {
		return false
	}
	for _, score := range scores {
		if !(score >= 0 && score <= 1) {
			return false
		}
	}
	for i, class := range c.classes {
		if !c.scores[i].Add(scores[i], actual == class, weight) {
			return false
		}
	}
	c.rows++
	return true
}

// Calibration returns what the rows say. The error is of a class of which there are not both rows and
// others.
func (c *Calibrator) Calibration() (*Calibration, error) {
	out := &Calibration{Positive: c.positive, Rows: c.rows}
	for i, class := range c.classes {
		isotonic, ok := evaluation.FitIsotonic(c.scores[i])
		if !ok {
			return nil, fmt.Errorf("there are not both rows of the class %q and others, with a score and a label", class)
		}
		thin, change := isotonic.Thin(MaxKnots)
		of := ClassCalibration{Class: class, Error: change}
		of.Scores, of.Probabilities, of.Rows = thin.Knots()
		out.Classes = append(out.Classes, of)
	}
	return out, nil
}
