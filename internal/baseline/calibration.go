// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Probability is the column with the score of a class.
type Probability struct{ Class, Column string }

// DefaultPositive is the class that a binary model looks for where nobody says it: 1 among numbers,
// true among booleans, else empty. The column of labels may be nil.
func DefaultPositive(label *table.Column) string {
	switch {
	case label == nil:
		return ""
	case label.Type.Numeric():
		return "1"
	case label.Type == table.TypeBool:
		return "true"
	}
	return ""
}

// assignCalibration gives the columns of labels and scores their roles.
func (p *planner) assignCalibration() {
	o := &p.options
	switch scored := o.Score != "" || len(o.Probabilities) > 0; {
	case o.Label == "" && !scored && o.Positive == "":
		return
	case o.Label == "":
		p.fail("label: which column has the labels that scores are calibrated by?")
	case !scored:
		p.fail("label: a score, or a probability of each class, is needed to calibrate it")
	case o.Score != "" && len(o.Probabilities) > 0:
		p.fail("probability: there is a score, which is that of the positive class")
	case len(o.Probabilities) == 1:
		p.fail("probability: that of each class is needed; a score and a positive class are those of a binary model")
	case o.Score == "" && o.Positive != "":
		p.fail("positive: it is for a score; a probability names its class")
	}
	p.plan.Label = p.assignBeside("label", o.Label, RoleLabel)
	if o.Score != "" {
		p.assignScore("score", o.Score, o.Positive)
		if p.plan.Positive = o.Positive; p.plan.Positive == "" && p.plan.Label != nil {
			if p.plan.Positive = DefaultPositive(p.plan.Label.Column); p.plan.Positive == "" {
				p.fail("positive: which class does the model look for?")
			}
		}
		return
	}
	for _, probability := range o.Probabilities {
		p.assignScore("probability", probability.Column, probability.Class)
	}
}

func (p *planner) assignScore(flag, name, class string) {
	c := p.assignBeside(flag, name, RoleScore)
	if c == nil {
		return
	}
	c.AsNumbers()
	p.plan.Scores = append(p.plan.Scores, c)
	p.plan.Classes = append(p.plan.Classes, class)
}

// assignBeside gives a column a role, unless it has one beside which it can have this, too: the answer
// may be the label, and its confidence the score.
func (p *planner) assignBeside(flag, name string, role Role) *PlannedColumn {
	c := p.column(flag, name)
	switch {
	case c == nil:
	case c.Role == RoleNone:
		c.Role = role
	case c.Role != RolePrediction && c.Role != RoleConfidence:
		p.fail("%s: column %q is the %s already", flag, name, c.Role)
	}
	return c
}

// calibrating collects labels and scores.
type calibrating struct {
	plan       *Plan
	calibrator *profile.Calibrator
	// label and scores are the places of the columns in the row, -1 before they are known.
	label  int
	scores []int
	row    []float64
	// withoutLabel and withoutScore are rows that have no part.
	withoutLabel, withoutScore uint64
}

// newCalibrating returns nil where nothing is calibrated.
func newCalibrating(p *Plan) *calibrating {
	if p.Label == nil {
		return nil
	}
	return &calibrating{plan: p, calibrator: profile.NewCalibrator(p.Positive, p.Classes, 0), row: make([]float64, len(p.Scores))}
}

// begin begins a file. Nothing happens where c is nil, here and below.
func (c *calibrating) begin() {
	if c == nil {
		return
	}
	c.label, c.scores = -1, make([]int, len(c.plan.Scores))
	for i := range c.scores {
		c.scores[i] = -1
	}
}

// column takes note of where a column is.
func (c *calibrating) column(name string, at int) {
	if c == nil {
		return
	}
	if name == c.plan.Label.Name {
		c.label = at
	}
	for i, s := range c.plan.Scores {
		if name == s.Name {
			c.scores[i] = at
		}
	}
}

func (c *calibrating) add(row []table.Cell) error {
	if c == nil {
		return nil
	}
	if c.label < 0 || row[c.label].Kind == table.Missing {
		c.withoutLabel++
		return nil
	}
	for i, at := range c.scores {
		if at < 0 || row[at].Kind == table.Missing {
			c.withoutScore++
			return nil
		}
		v, ok := row[at].Number()
		if !ok {
			return fmt.Errorf("column %q: %q is not a number; if it means missing, name it in --null", c.plan.Scores[i].Name, row[at].Category())
		}
		c.row[i] = v
	}
	if !c.calibrator.Add(c.plan.Label.Type.Category(row[c.label]), c.row, 1) {
		c.withoutScore++
	}
	return nil
}

// calibration returns what was collected, and warns of rows that have no part in it.
func (c *calibrating) calibration() (*profile.Calibration, error) {
	if c == nil {
		return nil, nil
	}
	out, err := c.calibrator.Calibration()
	if err != nil {
		return nil, fmt.Errorf("label: column %q: %w", c.plan.Label.Name, err)
	}
	for _, n := range []struct {
		rows uint64
		what string
	}{{c.withoutLabel, "no label"}, {c.withoutScore, "no score between 0 and 1"}} {
		if n.rows > 0 {
			c.plan.Warnings = append(c.plan.Warnings, fmt.Sprintf("%d rows have %s, and no part in the calibration", n.rows, n.what))
		}
	}
	for _, of := range out.Classes {
		if of.Error > 0 {
			c.plan.Warnings = append(c.plan.Warnings, fmt.Sprintf("the calibration of %s keeps %d scores: probabilities are off by %.2g at most", of.Class, len(of.Scores), of.Error))
		}
	}
	return out, nil
}
