// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// row is a prediction with what is known of it.
type row struct {
	id, version, period string
	segments            []string
	weight              float64
	// answer is the predicted class, number is a predicted number, list a predicted list.
	answer string
	number float64
	list   []string
	// labelled says that the three below are known: the actual class, number, or relevance of items.
	labelled  bool
	actual    string
	value     float64
	relevance map[string]float64
	// score is that of the positive class, scores are those of the classes; NaN where there is none.
	score  float64
	scores []float64
}

// Tally is what became of the rows of a file.
type Tally struct {
	Path string `json:"path"`
	// Rows are those of the file (of the range of time, where there is one), Labelled those with a
	// label.
	Rows     int `json:"rows"`
	Labelled int `json:"labelled"`
	// Duplicates are rows whose id an earlier one has, which is the one that counts.
	Duplicates int `json:"duplicates,omitempty"`
	// WithoutAnswer have no prediction (a missing value, or no number or list where one is needed),
	// WithoutWeight no positive weight. Neither is counted.
	WithoutAnswer int `json:"without_answer,omitempty"`
	WithoutWeight int `json:"without_weight,omitempty"`
	// WithoutScore are rows whose score is missing or none between 0 and 1: they have no part in the
	// measures of scores. WithoutTime are in no period.
	WithoutScore int `json:"without_score,omitempty"`
	WithoutTime  int `json:"without_time,omitempty"`
	// Unusable have a label that is none: no number, or a list in which nothing is relevant.
	Unusable int `json:"unusable_labels,omitempty"`
	// NoRoom are rows of versions, segments or periods that found no group.
	NoRoom int `json:"no_room,omitempty"`
}

// read calls use with every row that can be counted.
func read(ctx context.Context, f *file, p *plan, tally *Tally, use func(*row)) error {
	tally.Path = f.path
	seen := map[string]bool{}
	var r row
	for {
		switch err := f.next(ctx); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		r = row{segments: r.segments[:0], scores: r.scores[:0], weight: 1, score: math.NaN()}
		in, err := p.when(f, &r, tally)
		if err != nil {
			return err
		}
		if !in {
			continue
		}
		tally.Rows++
		r.id = f.category(p.ID)
		if p.ID != "" && r.id != "" {
			if seen[r.id] {
				tally.Duplicates++
				continue
			}
			seen[r.id] = true
		}
		r.version = f.category(p.Version)
		for _, s := range p.Segments {
			r.segments = append(r.segments, f.category(s))
		}
		if p.Weight != "" {
			if r.weight, err = f.number("weight", p.Weight); err != nil {
				return err
			}
			if !(r.weight > 0) || math.IsInf(r.weight, 0) {
				tally.WithoutWeight++
				continue
			}
		}
		if err := p.scores(f, &r, tally); err != nil {
			return err
		}
		if !p.answer(f, &r) {
			tally.WithoutAnswer++
			continue
		}
		p.label(f, &r, tally)
		if r.labelled {
			tally.Labelled++
		}
		use(&r)
	}
}

// when says whether the row lies in the range of time, and gives it its period.
func (p *plan) when(f *file, r *row, tally *Tally) (in bool, err error) {
	ranged := !p.From.IsZero() || !p.To.IsZero()
	if p.By == "" && !ranged {
		return true, nil
	}
	c := f.cell(p.Timestamp)
	t, ok := c.Instant()
	switch {
	case !ok && c.Kind != table.Missing:
		return false, fmt.Errorf("%s: --timestamp: column %q: %q is not a point in time", f.reader.Where(), p.Timestamp, c.Category())
	case !ok:
		tally.WithoutTime++
		return !ranged, nil
	case !p.From.IsZero() && t.Before(p.From) || !p.To.IsZero() && !t.Before(p.To):
		return false, nil
	}
	if p.By != "" {
		r.period = p.By.name(t.Truncate(time.Second))
	}
	return true, nil
}

func (p *plan) scores(f *file, r *row, tally *Tally) error {
	missing := false
	if p.Score != "" {
		v, err := f.number("score", p.Score)
		if err != nil {
			return err
		}
		r.score = v
		missing = !(v >= 0 && v <= 1)
	}
	for _, probability := range p.Probabilities {
		v, err := f.number("probability", probability.Column)
		if err != nil {
			return err
		}
		r.scores = append(r.scores, v)
		missing = missing || !(v >= 0 && v <= 1)
	}
	if missing {
		tally.WithoutScore++
		r.score, r.scores = math.NaN(), r.scores[:0]
	}
	return nil
}

// answer reads the prediction; false where there is none.
func (p *plan) answer(f *file, r *row) bool {
	switch {
	case p.Task == Binary && p.Prediction == "":
		r.answer = negative
		if r.score >= p.Threshold {
			r.answer = p.Positive
		}
		return !math.IsNaN(r.score)
	case p.Task == Regression:
		v, ok := f.cell(p.Prediction).Number()
		r.number = v
		return ok && !math.IsNaN(v) && !math.IsInf(v, 0)
	case p.Task == Ranking:
		var ok bool
		r.list, ok = items(f.cell(p.Prediction))
		return ok && len(r.list) > 0
	}
	r.answer = p.side(f.category(p.Prediction))
	return r.answer != ""
}

// negative stands for all classes of a binary model but the positive one.
const negative = "(negative)"

// side is the class that a binary model tells apart.
func (p *plan) side(class string) string {
	if p.Task == Binary && class != "" && class != p.Positive {
		return negative
	}
	return class
}

// label reads the row's label, where it has one.
func (p *plan) label(f *file, r *row, tally *Tally) {
	var cell table.Cell
	switch {
	case p.labels != nil:
		one := p.labels.byID[r.id]
		if one == nil || r.id == "" {
			return
		}
		one.used = true
		cell = one.cell
	case p.Label == "":
		return
	default:
		cell = f.cell(p.Label)
	}
	if cell.Kind == table.Missing {
		return
	}
	switch p.Task {
	case Regression:
		r.value, r.labelled = cell.Number()
		r.labelled = r.labelled && !math.IsNaN(r.value) && !math.IsInf(r.value, 0)
	case Ranking:
		r.relevance, r.labelled = relevances(cell)
	default:
		r.actual = p.side(p.ofLabel.Type.Category(cell))
		r.labelled = r.actual != ""
	}
	if !r.labelled {
		tally.Unusable++
	}
}
