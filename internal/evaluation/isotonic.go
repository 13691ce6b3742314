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
	// scores rise; probabilities do not fall. Points of one block have one probability.
	scores, probabilities []float64
	// blocks are those of the points: the first is 0.
	blocks []int
	// rows are what the rows of the baseline in each block are worth.
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
		i.scores = append(i.scores, b.score())
		blocks = append(blocks, block{b.positive, sum(b.positive, b.negative), 1})
		for n := len(blocks); n > 1 && share(blocks[n-2]) >= share(blocks[n-1]); n-- {
			last := blocks[n-1]
			blocks = blocks[:n-1]
			before := &blocks[n-2]
			before.positive, before.all = sum(before.positive, last.positive), sum(before.all, last.all)
			before.points += last.points
		}
	}
	for n, b := range blocks {
		i.rows = append(i.rows, b.all.n())
		for range b.points {
			i.probabilities = append(i.probabilities, share(b))
			i.blocks = append(i.blocks, n)
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

// Encode writes it.
func (i Isotonic) Encode(e *wire.Encoder) {
	e.Float64s(i.scores)
	e.Float64s(i.probabilities)
	for _, b := range i.blocks {
		e.Uvarint(uint64(b))
	}
	e.Float64s(i.rows)
}

// DecodeIsotonic reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeIsotonic(d *wire.Decoder) Isotonic {
	i := Isotonic{scores: d.Float64s(), probabilities: d.Float64s()}
	for range i.scores {
		i.blocks = append(i.blocks, int(d.UvarintTo(uint64(len(i.scores)))))
	}
	i.rows = d.Float64s()
	if len(i.scores) == 0 || len(i.probabilities) != len(i.scores) || !slices.IsSorted(i.scores) ||
		len(i.rows) == 0 || slices.Max(i.blocks) >= len(i.rows) {
		d.Fail()
		return Isotonic{scores: []float64{0}, probabilities: []float64{0}, blocks: []int{0}, rows: []float64{0}}
	}
	return i
}
