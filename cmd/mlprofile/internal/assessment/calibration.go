// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// Calibration makes probabilities of scores as they were in labelled rows of a baseline.
type Calibration struct {
	// Rows are the labelled rows with scores that it was made of.
	Rows    int
	classes []string
	of      []evaluation.Isotonic
}

// Calibrate makes it of a file whose columns are called as those of the predictions.
func Calibrate(ctx context.Context, path string, o Options, labels *Labels) (*Calibration, error) {
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
	c := &Calibration{}
	switch {
	case p.Task == Binary && p.Score != "":
		c.classes = []string{p.Positive}
	case p.Task == Multiclass && len(p.Probabilities) > 1:
		for _, probability := range p.Probabilities {
			c.classes = append(c.classes, probability.Class)
		}
	default:
		return nil, errors.New("--baseline: what labels will say can be estimated from a --score of a binary model, or from a --probability of each class")
	}
	scores := make([]*evaluation.Scores, len(c.classes))
	for i := range scores {
		scores[i] = evaluation.NewScores(o.Bins)
	}
	var tally Tally
	err = read(ctx, f, p, &tally, func(r *row) {
		if !r.labelled {
			return
		}
		if p.Task == Binary {
			if !math.IsNaN(r.score) {
				c.Rows++
				scores[0].Add(r.score, r.actual == p.Positive, r.weight)
			}
			return
		}
		if len(r.scores) == 0 {
			return
		}
		c.Rows++
		for i, class := range c.classes {
			scores[i].Add(r.scores[i], r.actual == class, r.weight)
		}
	})
	if err != nil {
		return nil, err
	}
	for i, s := range scores {
		isotonic, ok := evaluation.FitIsotonic(s)
		if !ok {
			return nil, fmt.Errorf("--baseline: %s has not both rows of the class %q and others, with a score and a label", path, c.classes[i])
		}
		c.of = append(c.of, isotonic)
	}
	return c, nil
}
