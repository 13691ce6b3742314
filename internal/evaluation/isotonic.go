// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"errors"
	"fmt"
	"math"
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
		score := b.score()
		if n := len(i.scores); n > 0 { // means that are rounded may meet
			score = max(score, math.Nextafter(i.scores[n-1], 2))
		}
		i.scores = append(i.scores, score)
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

// NewIsotonic returns the one with these knots: scores from 0 to 1, which rise, the probabilities of
// them, which do not fall, and what the rows of each are worth. The slices are kept. The error names
// what is wrong as scores, probabilities or rows.
func NewIsotonic(scores, probabilities, rows []float64) (Isotonic, error) {
	i := Isotonic{scores: scores, probabilities: probabilities, rows: rows}
	switch n := len(scores); {
	case n == 0:
		return i, errors.New("scores: there are none")
	case len(probabilities) != n:
		return i, fmt.Errorf("probabilities: %d of them, must be as many as the %d scores", len(probabilities), n)
	case len(rows) != n:
		return i, fmt.Errorf("rows: %d of them, must be as many as the %d scores", len(rows), n)
	}
	for at := range scores {
		switch {
		case !(scores[at] >= 0 && scores[at] <= 1):
			return i, fmt.Errorf("scores[%d]: %v is not between 0 and 1", at, scores[at])
		case !(probabilities[at] >= 0 && probabilities[at] <= 1):
			return i, fmt.Errorf("probabilities[%d]: %v is not between 0 and 1", at, probabilities[at])
		case !(rows[at] > 0 && rows[at] <= mostRows):
			return i, fmt.Errorf("rows[%d]: %v is not a number of rows", at, rows[at])
		case at > 0 && scores[at] <= scores[at-1]:
			return i, fmt.Errorf("scores[%d]: %v does not rise after %v", at, scores[at], scores[at-1])
		case at > 0 && probabilities[at] < probabilities[at-1]:
			return i, fmt.Errorf("probabilities[%d]: %v falls after %v", at, probabilities[at], probabilities[at-1])
		}
	}
	return i, nil
}

// mostRows is more than any data set has.
const mostRows = 1e15

// Knots are what NewIsotonic takes. They are not to be changed.
func (i Isotonic) Knots() (scores, probabilities, rows []float64) {
	return i.scores, i.probabilities, i.rows
}

// Thin returns one of at most so many knots, at least 2, and by how much a probability differs from
// what it was, at most. Those that change least go first. Their rows are shared out to their
// neighbours, as their scores are.
func (i Isotonic) Thin(most int) (thin Isotonic, change float64) {
	if len(i.scores) <= most {
		return i, 0
	}
	thin = i.without(i.leastNeeded(most))
	for at, n := range i.rows {
		first, second, part := thin.between(i.scores[at])
		thin.rows[first] += n * (1 - part)
		thin.rows[second] += n * part
		change = max(change, math.Abs(thin.At(i.scores[at])-i.probabilities[at]))
	}
	return thin, change
}

// leastNeeded says which knots to leave out so that so many stay (Visvalingam and Whyatt, Line
// generalisation by repeated elimination of points, Cartographic Journal 30, 1993, by the distance
// from the line between the neighbours).
func (i Isotonic) leastNeeded(most int) []bool {
	n := len(i.scores)
	gone := make([]bool, n)
	before, after := make([]int, n), make([]int, n)
	for at := range n {
		before[at], after[at] = at-1, at+1
	}
	distance := func(at int) float64 {
		p, q := before[at], after[at]
		part := (i.scores[at] - i.scores[p]) / (i.scores[q] - i.scores[p])
		return math.Abs(i.probabilities[p] + part*(i.probabilities[q]-i.probabilities[p]) - i.probabilities[at])
	}
	for left := n; left > most; left-- {
		least, found := math.Inf(1), 0
		for at := after[0]; at < n-1; at = after[at] {
			if d := distance(at); d < least {
				least, found = d, at
			}
		}
		gone[found] = true
		after[before[found]], before[after[found]] = after[found], before[found]
	}
	return gone
}

// without are the knots that are not gone, without rows.
func (i Isotonic) without(gone []bool) (out Isotonic) {
	for at, g := range gone {
		if !g {
			out.scores = append(out.scores, i.scores[at])
			out.probabilities = append(out.probabilities, i.probabilities[at])
		}
	}
	out.rows = make([]float64, len(out.scores))
	return out
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

// Encode writes it, so that two can be told apart.
func (i Isotonic) Encode(e *wire.Encoder) {
	e.Float64s(i.scores)
	e.Float64s(i.probabilities)
	e.Float64s(i.rows)
}
