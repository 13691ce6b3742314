// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// Kappa is Cohen's kappa, how much more often two answers agree than they would by chance, (pₒ−pₑ)/
// (1−pₑ), at most 1; not defined where both give one answer throughout. Its error is that of Fleiss,
// Cohen and Everitt (Psychological Bulletin 72, 1969), which statsmodels has as cohens_kappa's
// std_kappa, on the scale of Fisher's
// transformation; where that has no width (all agree), it is that of the counts with two more rows that
// are spread over all cells. Rows whose answers are both Other agree if they are the same class.
func Kappa(c *Confusion, level float64) Interval {
	n := sum(c.cells...).n()
	point, se := c.kappa()
	if math.IsNaN(point) {
		return undefined(-1, 1, n)
	}
	t := studentQuantile(level, max(n-1, 1))
	if se > 0 {
		return onFisher(point, se, t, n).from(-1)
	}
	p, se := c.smoothed().kappa()
	out := onFisher(p, se, t, n)
	out.Point = point
	return out.from(-1)
}

func (c *Confusion) kappa() (point, se float64) {
	first, second := c.margins()
	total := 0.0
	for _, w := range first {
		total += w
	}
	if !(total > 0) {
		return math.NaN(), 0
	}
	agree := c.rightOther.weight / total
	expected := first[0] * second[0] / (total * total)
	for i := 1; i < len(first); i++ {
		agree += c.at(i, i).weight / total
		expected += first[i] * second[i] / (total * total)
	}
	if !(1-expected > 1e-12) {
		return math.NaN(), 0
	}
	point = (agree - expected) / (1 - expected)
	// ∂κ/∂nᵢⱼ = ([i=j] − pₒ − (1−κ)·(p.ᵢ + pⱼ. − 2pₑ)) / ((1−pₑ)·n)
	variance := c.variance(func(i, j int) float64 {
		d := -agree - (1-point)*((second[i]+first[j])/total-2*expected)
		if i == j {
			d++
		}
		return d / ((1 - expected) * total)
	})
	if variance < 1e-24 {
		variance = 0
	}
	return point, math.Sqrt(variance)
}
