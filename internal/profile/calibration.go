// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

const (
	// MaxKnots is the number of knots of a class in a Calibration.
	MaxKnots = 1000
	// maxCalibrated is the number of classes in one.
	maxCalibrated = 100
)

// Calibration makes probabilities of a model's scores, as labelled rows had them: what labels will say
// of live traffic is estimated with it before they are there (CBPE).
type Calibration struct {
	// Positive is the class that a binary model looks for, which is the only one of Classes; empty
	// for a model of several classes, each of which is calibrated against all others.
	Positive string `json:"positive,omitempty"`
	// Rows is the number of rows that had a label and all scores.
	Rows uint64 `json:"rows"`
	// Classes are those with a score.
	Classes []ClassCalibration `json:"classes"`
}

// ClassCalibration is an isotonic regression: the probability of a class by its score, linear between
// knots and level outside of them.
type ClassCalibration struct {
	Class string `json:"class"`
	// Scores are those of the knots, from 0 to 1, rising, at most MaxKnots; Probabilities do not fall.
	Scores        []float64 `json:"scores"`
	Probabilities []float64 `json:"probabilities"`
	// Rows are what the rows of each knot are worth, 1 each without weights.
	Rows []float64 `json:"rows"`
	// Error is by how much a probability differs, at most, from what it was before knots were left
	// out; 0 if none were.
	Error float64 `json:"error,omitempty"`
}

// Isotonics are the calibrations by class, nil of no Calibration, which may be nil.
func (c *Calibration) Isotonics() map[string]evaluation.Isotonic {
	if c == nil {
		return nil
	}
	out := make(map[string]evaluation.Isotonic, len(c.Classes))
	for i := range c.Classes {
		out[c.Classes[i].Class], _ = c.Classes[i].isotonic() // Validate has seen the error
	}
	return out
}

func (c *ClassCalibration) isotonic() (evaluation.Isotonic, error) {
	return evaluation.NewIsotonic(c.Scores, c.Probabilities, c.Rows)
}

func (c *Calibration) validate(key string) error {
	if c == nil {
		return nil
	}
	var errs []error
	if c.Rows == 0 {
		errs = append(errs, fmt.Errorf("%s.rows: must be above 0", key))
	}
	switch n := len(c.Classes); {
	case c.Positive != "" && (n != 1 || c.Classes[0].Class != c.Positive):
		errs = append(errs, fmt.Errorf("%s.classes: must be the positive class %q alone", key, c.Positive))
	case c.Positive == "" && (n < 2 || n > maxCalibrated):
		errs = append(errs, fmt.Errorf("%s.classes: %d of them, must be 2 to %d, or 1 with 'positive'", key, n, maxCalibrated))
	}
	seen := map[string]bool{}
	for i := range c.Classes {
		of := &c.Classes[i]
		place := fmt.Sprintf("%s.classes[%d]", key, i)
		switch {
		case of.Class == "":
			errs = append(errs, fmt.Errorf("%s.class: must not be empty", place))
		case seen[of.Class]:
			errs = append(errs, fmt.Errorf("%s.class: %q is there twice", place, of.Class))
		}
		seen[of.Class] = true
		errs = append(errs, of.validate(fmt.Sprintf("%s (%s)", place, of.Class)))
	}
	return errors.Join(errs...)
}

func (c *ClassCalibration) validate(key string) error {
	if n := len(c.Scores); n > MaxKnots {
		return fmt.Errorf("%s.scores: %d of them, must be %d at most", key, n, MaxKnots)
	}
	if _, err := c.isotonic(); err != nil {
		return fmt.Errorf("%s.%w", key, err)
	}
	if !(c.Error >= 0 && c.Error <= 1) {
		return fmt.Errorf("%s.error: %v is not between 0 and 1", key, c.Error)
	}
	return nil
}
