// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Isotonic makes probabilities of scores: a function that does not fall, linear between its points
// and level outside of them, as scikit-learn's IsotonicRegression(out_of_bounds="clip").
type Isotonic struct {
	// scores rise; probabilities do not fall.
	scores, probabilities []float64
	// rows are what the baseline's rows of each point are worth.
	rows []float64
}

// FitIsotonic returns the one that fits the labels best (pool adjacent violators; Barlow and others,
// Statistical Inference under Order Restrictions, 1972), of the bins' mean scores. ok is false where
// there are not both positive and negative rows.
func FitIsotonic(s *Scores) (i Isotonic, ok bool) {
	type block struct {
		positive, all cell
		points        int
	}
	var blocks []block
	share := func(b block) float64 { return b.positive.weight / b.all.weight }
	for at := range s.bins {
		b := &s.bins[at]
		if b.empty() {
			continue
		}
		all := sum(b.positive, b.negative)
		i.scores = append(i.scores, b.score())
		i.rows = append(i.rows, all.n())
		blocks = append(blocks, block{b.positive, all, 1})
		for n := len(blocks); n > 1 && share(blocks[n-2]) >= share(blocks[n-1]); n-- {
			last := blocks[n-1]
			blocks = blocks[:n-1]
			before := &blocks[n-2]
			before.positive, before.all = sum(before.positive, last.positive), sum(before.all, last.all)
			before.points += last.points
		}
	}
	for _, b := range blocks {
		for range b.points {
			i.probabilities = append(i.probabilities, share(b))
		}
	}
	positive, negative := s.totals()
	return i, positive.rows > 0 && negative.rows > 0
}

// At is the probability of a score.
func (i Isotonic) At(score float64) float64 {
	p, q, part := i.between(score)
	return i.probabilities[p] + part*(i.probabilities[q]-i.probabilities[p])
}

// between returns the points on both sides of a score, and how far on the way to the second it is.
func (i Isotonic) between(score float64) (p, q int, part float64) {
	at, found := slices.BinarySearch(i.scores, score)
	switch {
	case found:
		return at, at, 0
	case at == 0:
		return 0, 0, 0
	case at == len(i.scores):
		return at - 1, at - 1, 0
	}
	return at - 1, at, (score - i.scores[at-1]) / (i.scores[at] - i.scores[at-1])
}

// partRows are those of a part of the scores in whose mean probability chance is looked for.
const partRows = 50

// variance is that of the sum of the probabilities of all points, each times its weight.
func (i Isotonic) variance(weights []float64) (v float64) {
	var weight, rows, positive float64
	for at, w := range weights {
		weight += w
		rows += i.rows[at]
		positive += i.rows[at] * i.probabilities[at]
		if rows < partRows && at < len(weights)-1 || !(rows > 0) {
			continue
		}
		// A share of none or of all is not sure either.
		p := (positive + 0.5) / (rows + 1)
		v += weight * weight * p * (1 - p) / rows
		weight, rows, positive = 0, 0, 0
	}
	return v
}

// Encode writes it.
func (i Isotonic) Encode(e *wire.Encoder) {
	e.Float64s(i.scores)
	e.Float64s(i.probabilities)
	e.Float64s(i.rows)
}

// DecodeIsotonic reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeIsotonic(d *wire.Decoder) Isotonic {
	i := Isotonic{scores: d.Float64s(), probabilities: d.Float64s(), rows: d.Float64s()}
	if len(i.scores) == 0 || len(i.probabilities) != len(i.scores) || len(i.rows) != len(i.scores) || !slices.IsSorted(i.scores) {
		d.Fail()
		return Isotonic{scores: []float64{0}, probabilities: []float64{0}, rows: []float64{0}}
	}
	return i
}
