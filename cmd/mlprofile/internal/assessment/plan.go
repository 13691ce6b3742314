// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// maxClasses is the number of classes with cells of their own, and of different labels from which
// integers are taken for numbers.
const (
	maxClasses      = 100
	mostIntegerKeys = 20
)

// plan is what the columns of one file are.
type plan struct {
	Options
	labels *Labels
	// ofLabel is the column of labels, in this file or in that of the labels.
	ofLabel *table.Column
}

// newPlan decides what the columns are. Labels are nil where they are columns of the file itself.
func newPlan(f *file, o Options, labels *Labels) (*plan, error) {
	p := &plan{Options: o, labels: labels}
	var err error
	take := func(to *string, flag string, names []string, needed bool) {
		if err == nil {
			*to, err = f.column(flag, *to, names, needed)
		}
	}
	take(&p.Prediction, "prediction", usual.prediction, false)
	take(&p.Timestamp, "timestamp", usual.timestamp, o.By != "" || !o.From.IsZero() || !o.To.IsZero())
	take(&p.Weight, "weight", nil, false)
	take(&p.Version, "version", nil, false)
	take(&p.ID, "id", usual.id, labels != nil)
	for i := range p.Segments {
		take(&p.Segments[i], "segment", nil, true)
	}
	for i := range p.Probabilities {
		take(&p.Probabilities[i].Column, "probability", nil, true)
	}
	if labels != nil {
		p.ofLabel = labels.column
	} else {
		take(&p.Label, "label", usual.label, false)
		p.ofLabel = f.schema.Column(p.Label)
	}
	if o.Task != Multiclass && o.Task != Regression && o.Task != Ranking {
		take(&p.Score, "score", usual.score, false)
	} else if p.Score != "" {
		return nil, fmt.Errorf("--score: a %s model has none; --probability CLASS=COLUMN gives those of classes", o.Task)
	}
	if err != nil {
		return nil, err
	}
	if p.Timestamp != "" && (o.By != "" || !o.From.IsZero() || !o.To.IsZero()) {
		if err := f.schema.Column(p.Timestamp).AsTimestamp(); err != nil {
			return nil, fmt.Errorf("--timestamp: %s: column %q: %w", f.path, p.Timestamp, err)
		}
	}
	if p.Prediction == "" && p.Score == "" {
		return nil, fmt.Errorf("--prediction: which column of %s has the answers? it has %s", f.path, someOf(f.schema.Names()))
	}
	p.chooseTask(f.schema.Column(p.Prediction))
	return p, p.check(f)
}

// chooseTask takes numbers for numbers unless they are few integers; a binary model is one with a
// positive class: one that is named, or 1 among 0 and 1, or true.
func (p *plan) chooseTask(answer *table.Column) {
	column := p.ofLabel
	if column == nil {
		column = answer
	}
	if p.Task == "" {
		switch {
		case p.Positive != "" || p.Score != "" || column != nil && (zeroOne(column) || column.Type == table.TypeBool):
			p.Task = Binary
		case column != nil && (column.Type == table.TypeNumber || column.Type == table.TypeInteger && column.Distinct > mostIntegerKeys):
			p.Task = Regression
		default:
			p.Task = Multiclass
		}
	}
	if p.Task == Binary && p.Positive == "" {
		p.Positive = baseline.DefaultPositive(column)
	}
	if p.Task != Binary {
		p.Score = ""
	}
}

func zeroOne(c *table.Column) bool {
	return c.Type.Numeric() && c.Min == 0 && c.Max == 1 && c.Distinct == 2
}

func (p *plan) check(f *file) error {
	if p.Task == Binary && p.Positive == "" {
		return errors.New("--positive: which class does the model look for?")
	}
	if p.Task != Binary && p.Prediction == "" {
		return fmt.Errorf("--prediction: which column of %s has the answers? it has %s", f.path, someOf(f.schema.Names()))
	}
	numbers := []string{p.Weight, p.Score}
	for _, probability := range p.Probabilities {
		numbers = append(numbers, probability.Column)
	}
	if p.Task == Regression {
		numbers = append(numbers, p.Prediction)
		if p.ofLabel != nil {
			p.ofLabel.AsNumbers()
		}
	}
	for _, name := range numbers {
		if c := f.schema.Column(name); c != nil {
			c.AsNumbers()
		}
	}
	return nil
}

// number returns a cell of a column of numbers; NaN where it is missing.
func (f *file) number(flag, name string) (float64, error) {
	c := f.cell(name)
	if c.Kind == table.Missing {
		return math.NaN(), nil
	}
	v, ok := c.Number()
	if !ok {
		return v, fmt.Errorf("%s: --%s: column %q: %q is not a number", f.reader.Where(), flag, name, c.Category())
	}
	return v, nil
}
