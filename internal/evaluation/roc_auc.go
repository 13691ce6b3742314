// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// ROCAUC is the area under the receiver operating characteristic of the bins: the probability that
// a positive row has a higher score than a negative one, where those of one bin count half, in
// [0, 1]; not defined without rows of both. binError is by how much the area of the scores
// themselves may differ: half the share of pairs that lie in one bin with different scores.
//
// Its error is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988), by bins instead of
// rows, on the scale of the logit (Pepe, The Statistical Evaluation of Medical Tests, 2003, 5.2.4).
// Where all positives are above all negatives, or below, it has no width: the bound is Wilson's of
// as many rows as the smaller class has.
func ROCAUC(s *Scores, level float64) (auc Interval, binError float64) {
	positive, negative := s.totals()
	if positive.rows == 0 || negative.rows == 0 {
		return undefined(0, 1, positive.n()+negative.n()), 0
	}
	g := s.rocGradient()
	nP, nN := positive.n(), negative.n()
	var byPositive, byNegative, tied float64
	for i := range s.bins {
		b := &s.bins[i]
		byPositive += b.positive.squares * g.positive[i] * g.positive[i]
		byNegative += b.negative.squares * g.negative[i] * g.negative[i]
		if b.mixed {
			tied += b.positive.weight / positive.weight * (b.negative.weight / negative.weight)
		}
	}
	variance := byPositive*bessel(nP) + byNegative*bessel(nN)
	n := nP + nN
	if !(variance > 1e-24) || g.point <= 0 || g.point >= 1 {
		out := wilson(g.point, min(nP, nN), level)
		out.N = n
		return out, tied / 2
	}
	return onLogit(g.point, math.Sqrt(variance), normalQuantile(level), n), tied / 2
}

// bessel makes a mean square of n deviations a variance.
func bessel(n float64) float64 {
	if n <= 2 {
		return 2
	}
	return n / (n - 1)
}

// gradient is a measure of a histogram, and its derivative by the weight of a positive and of a
// negative row in each bin.
type gradient struct {
	point              float64
	positive, negative []float64
}

// rocGradient is that of the area under the ROC curve.
func (h *histogram) rocGradient() gradient {
	positive, negative := h.totals()
	g := gradient{positive: make([]float64, len(h.bins)), negative: make([]float64, len(h.bins))}
	var below, above float64
	for i := range h.bins {
		b := &h.bins[i]
		g.positive[i] = (below + b.negative.weight/2) / negative.weight
		below += b.negative.weight
		g.point += b.positive.weight / positive.weight * g.positive[i]
	}
	for i := len(h.bins) - 1; i >= 0; i-- {
		b := &h.bins[i]
		g.negative[i] = ((above+b.positive.weight/2)/positive.weight - g.point) / negative.weight
		above += b.positive.weight
		g.positive[i] = (g.positive[i] - g.point) / positive.weight
	}
	g.point = min(max(g.point, 0), 1)
	return g
}
