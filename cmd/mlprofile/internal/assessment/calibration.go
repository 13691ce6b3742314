// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"context"
	"errors"
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// Calibrate makes probabilities of scores as they were in the labelled rows of a file, whose columns are
// called as those of the predictions.
func Calibrate(ctx context.Context, path string, o Options, labels *Labels) (*profile.Calibration, error) {
	f, err := openFile(ctx, path, o.Table)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o.By, o.Version, o.Segments = "", "", nil
	// A baseline has its labels beside its rows, or in the file of labels.
	if name, err := f.column("label", o.Label, usual.label, false); err == nil && name != "" {
		labels = nil
	}
	p, err := newPlan(f, o, labels)
	if err != nil {
		return nil, err
	}
	var calibrator *profile.Calibrator
	switch {
	case p.Task == Binary && p.Score != "":
		calibrator = profile.NewCalibrator(p.Positive, nil, o.Bins)
	case p.Task == Multiclass && len(p.Probabilities) > 1:
		calibrator = profile.NewCalibrator("", p.classes(), o.Bins)
	default:
		return nil, errors.New("--baseline: what labels will say can be estimated from a --score of a binary model, or from a --probability of each class")
	}
	var tally Tally
	err = read(ctx, f, p, &tally, func(r *row) {
		switch {
		case !r.labelled:
		case p.Task == Binary:
			calibrator.Add(r.actual, []float64{r.score}, r.weight)
		default:
			calibrator.Add(r.actual, r.scores, r.weight)
		}
	})
	if err != nil {
		return nil, err
	}
	c, err := calibrator.Calibration()
	if err != nil {
		return nil, fmt.Errorf("--baseline: %s: %w", path, err)
	}
	return c, nil
}

// classes are those of the probabilities.
func (p *plan) classes() (names []string) {
	for _, probability := range p.Probabilities {
		names = append(names, probability.Class)
	}
	return names
}

// calibration makes probabilities of the scores of a plan, in their order.
type calibration struct {
	classes []string
	of      []evaluation.Isotonic
}

// calibration returns that of a baseline for the scores here; nil of nil.
func (p *plan) calibration(path string, c *profile.Calibration) (*calibration, error) {
	if c == nil {
		return nil, nil
	}
	out := &calibration{}
	switch {
	case p.Task == Binary && p.Score != "":
		out.classes = []string{p.Positive}
	case p.Task == Multiclass && len(p.Probabilities) > 0:
		out.classes = p.classes()
	default:
		return nil, fmt.Errorf("--baseline: %s has no scores to estimate from", path)
	}
	if p.Task == Multiclass && c.Positive != "" {
		return nil, fmt.Errorf("--baseline: it is calibrated for a score of %q, not for a probability of each class", c.Positive)
	}
	known := c.Isotonics()
	for _, class := range out.classes {
		isotonic, ok := known[class]
		if !ok {
			return nil, fmt.Errorf("--baseline: there is no calibration of the class %q", class)
		}
		out.of = append(out.of, isotonic)
	}
	return out, nil
}
