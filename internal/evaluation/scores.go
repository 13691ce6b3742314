// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Scores counts rows by the score of the positive class, 0 to 1, and by whether it was the actual
// one. Log loss and Brier score are exact, areas under curves are those of the bins.
type Scores struct {
	histogram
	logLoss, brier moments
}

// NewScores returns an empty one of so many bins, 2 to 10,000.
func NewScores(bins int) *Scores { return &Scores{histogram: newHistogram(bins)} }

// Add counts a row. It returns false, and counts nothing, where the score is none between 0 and 1
// or the weight not positive and finite.
func (s *Scores) Add(score float64, actual bool, weight float64) bool {
	return s.count(score, actual, weight, 1)
}

// Remove takes a row away that was added.
func (s *Scores) Remove(score float64, actual bool, weight float64) bool {
	return s.count(score, actual, weight, -1)
}

func (s *Scores) count(score float64, actual bool, weight float64, sign int64) bool {
	if !s.histogram.count(score, actual, weight, sign) {
		return false
	}
	right := score
	if !actual {
		right = 1 - score
	}
	s.logLoss.count(-math.Log(max(right, leastProbability)), weight, sign)
	s.brier.count((1-right)*(1-right), weight, sign)
	return true
}

// Merge adds all rows of another one; false, and nothing is added, where it has other bins.
func (s *Scores) Merge(o *Scores) bool {
	if !s.histogram.merge(&o.histogram) {
		return false
	}
	s.logLoss.merge(o.logLoss)
	s.brier.merge(o.brier)
	return true
}

// Encode writes the counts.
func (s *Scores) Encode(e *wire.Encoder) {
	s.histogram.encode(e)
	s.logLoss.encode(e)
	s.brier.encode(e)
}

// DecodeScores reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeScores(d *wire.Decoder) *Scores {
	return &Scores{histogram: decodeHistogram(d), logLoss: decodeMoments(d), brier: decodeMoments(d)}
}
