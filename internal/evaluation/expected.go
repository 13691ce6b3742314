// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Expected is CBPE for several classes: rows without a label, each counted in parts by the calibrated
// probabilities of its classes (NannyML, docs "Confidence-based performance estimation", multiclass:
// each class is calibrated against all others, and the probabilities are made to sum to 1).
type Expected struct {
	classes      []string
	calibrations []Isotonic
	confusion    *Confusion
	// rows are those of the calibration.
	rows          float64
	probabilities []float64
	all           cell
}

// NewExpected returns an empty one for the classes, with a calibration of each.
func NewExpected(classes []string, calibrations []Isotonic) *Expected {
	e := &Expected{classes: classes, calibrations: calibrations, confusion: NewConfusion(len(classes)), probabilities: make([]float64, len(classes))}
	for _, class := range classes {
		e.confusion.place(class)
	}
	for _, n := range calibrations[0].rows {
		e.rows += n
	}
	return e
}

// Add counts a row with the score of each of the classes. It returns false, and counts nothing, where
// a score is none between 0 and 1, all calibrated ones are 0, or the weight is not positive and
// finite.
func (e *Expected) Add(predicted string, scores []float64, weight float64) bool {
	return e.count(predicted, scores, weight, 1)
}

// Remove takes a row away that was added.
func (e *Expected) Remove(predicted string, scores []float64, weight float64) bool {
	return e.count(predicted, scores, weight, -1)
}

func (e *Expected) count(predicted string, scores []float64, weight float64, sign int64) bool {
	if len(scores) != len(e.calibrations) {
		return false
	}
	total := 0.0
	for i, score := range scores {
		if !(score >= 0 && score <= 1) {
			return false
		}
		e.probabilities[i] = e.calibrations[i].At(score)
		total += e.probabilities[i]
	}
	if !usable(weight) || !(total > 0) {
		return false
	}
	p := e.confusion.place(predicted)
	for i, q := range e.probabilities {
		if q > 0 {
			q /= total
			c := e.confusion.cell(i+1, p)
			c.rows += sign
			c.weight += float64(sign) * weight * q
			c.squares += float64(sign) * weight * weight * q
			c.settle()
		}
	}
	e.all.count(weight, sign)
	return true
}

// Confusion returns what the counts are expected to be.
func (e *Expected) Confusion() *Confusion { return e.confusion }

// Scores returns what the measures of a Confusion are expected to be. The bounds are those of as many
// labels, wider by √(1 + n/m) for the m rows of the calibration; they hold at least as often as the
// level says what labels will show, if scores mean what they meant in the baseline.
func (e *Expected) Scores(level float64) []Score {
	c := e.confusion.clone()
	wider := 1 + e.all.n()/max(e.rows, 1)
	for i := range c.cells {
		c.cells[i].squares *= wider
	}
	return c.Scores("", level)
}

// Merge adds all rows of another one; false, and nothing is added, where it is of other classes.
func (e *Expected) Merge(o *Expected) bool {
	if !slices.Equal(e.classes, o.classes) {
		return false
	}
	e.confusion.Merge(o.confusion)
	e.all.add(o.all)
	return true
}

// Encode writes the counts, without the calibrations.
func (e *Expected) Encode(w *wire.Encoder) {
	w.Uvarint(uint64(len(e.classes)))
	for _, class := range e.classes {
		w.String(class)
	}
	w.Float64(e.rows)
	e.all.encode(w)
	e.confusion.Encode(w)
}

// DecodeExpected reads what Encode wrote; the Decoder has what is wrong with it. It takes no rows
// before Calibrate.
func DecodeExpected(d *wire.Decoder) *Expected {
	e := &Expected{}
	for range d.Count(1) {
		e.classes = append(e.classes, d.String())
	}
	e.rows, e.all, e.confusion = d.Float64(), decodeCell(d), DecodeConfusion(d)
	for i, class := range e.classes {
		if at, _ := e.confusion.find(class); at != i+1 {
			d.Fail()
			return &Expected{confusion: NewConfusion(2)}
		}
	}
	return e
}

// Calibrate gives it the calibrations of its classes, those that it had before it was stored. It is
// not changed where they are not as many as classes.
func (e *Expected) Calibrate(calibrations []Isotonic) {
	if len(calibrations) == len(e.classes) {
		e.calibrations = calibrations
		if len(e.probabilities) != len(calibrations) {
			e.probabilities = make([]float64, len(calibrations))
		}
	}
}
