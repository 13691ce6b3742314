// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// PRAUC is the average precision of the bins, from the highest score down: Σ (Rₖ − Rₖ₋₁)·Pₖ, in
// [0, 1], as scikit-learn's average_precision_score; not defined without positive rows. binError is
// by how much that of the scores themselves may differ.
//
// Its error is the delta method's on the counts of the bins, on the scale of the logit, for which
// Boyd, Eng and Page (Area under the precision-recall curve, ECML 2013) find coverage to be best. In
// small samples average precision itself is too high in the mean. Where it is 1 the bound is Wilson's
// of as many rows as are positive.
func PRAUC(s *Scores, level float64) (ap Interval, binError float64) {
	positive, negative := s.totals()
	n := positive.n() + negative.n()
	if positive.rows == 0 {
		return undefined(0, 1, n), 0
	}
	g, least, most := s.prGradient()
	binError = max(most-g.point, g.point-least, 0)
	variance := 0.0
	for i := range s.bins {
		b := &s.bins[i]
		variance += b.positive.squares*g.positive[i]*g.positive[i] + b.negative.squares*g.negative[i]*g.negative[i]
	}
	if !(variance > 1e-24) || g.point >= 1 {
		out := wilson(g.point, positive.n(), level)
		out.N = n
		return out, binError
	}
	return onLogit(g.point, math.Sqrt(variance), studentQuantile(level, max(n-2, 1)), n), binError
}

// prGradient is the gradient of the average precision, and what the average precision of the scores
// is at least and at most.
func (h *histogram) prGradient() (g gradient, least, most float64) {
	positive, _ := h.totals()
	g = gradient{positive: make([]float64, len(h.bins)), negative: make([]float64, len(h.bins))}
	precision := make([]float64, len(h.bins))
	byPositive, byNegative := make([]float64, len(h.bins)), make([]float64, len(h.bins))
	var tp, fp float64
	for i := len(h.bins) - 1; i >= 0; i-- {
		b := &h.bins[i]
		p, n := b.positive.weight, b.negative.weight
		low, high := tp/(tp+fp+n), (tp+p)/(tp+fp+p)
		tp += p
		fp += n
		if !(tp+fp > 0) {
			continue
		}
		precision[i] = tp / (tp + fp)
		if !b.mixed {
			low, high = precision[i], precision[i]
		}
		if p > 0 {
			share := p / positive.weight
			g.point += share * precision[i]
			least += share * low
			most += share * high
			byPositive[i] = share * fp / ((tp + fp) * (tp + fp))
			byNegative[i] = -share * tp / ((tp + fp) * (tp + fp))
		}
	}
	// A row changes the precision of its own bin and of all below it.
	var p, n float64
	for i := range h.bins {
		p += byPositive[i]
		n += byNegative[i]
		g.positive[i] = (precision[i]-g.point)/positive.weight + p
		g.negative[i] = n
	}
	return g, least, most
}
