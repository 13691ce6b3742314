// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// F1 is the harmonic mean of precision and recall, 2TP/(2TP+FP+FN), in [0, 1]; not defined without
// rows that are of the class or taken for it. It is 2J/(1+J) of Jaccard's index J = TP/(TP+FP+FN),
// which is a share of rows: the bounds are those of Wilson's interval of J.
func F1(c Counts, level float64) Interval {
	j := share(c.truePositive, sum(c.falsePositive, c.falseNegative), level)
	return j.mapped(func(j float64) float64 { return 2 * j / (1 + j) })
}

// MacroF1 is the mean of the F1 of the classes that have rows or answers, in [0, 1]. Its error is the
// delta method's on the counts (Takahashi and others, Confidence interval for micro-averaged F1 and
// macro-averaged F1 scores, Applied Intelligence 52, 2022), on the scale of the logit. At 0 and 1,
// where that has no width, the bounds are those of the classes' F1 taken together.
func MacroF1(c *Confusion, level float64) Interval {
	size := len(c.classes) + 1
	actual, predicted := c.margins()
	f := make([]float64, size)
	var point, k float64
	var classes []Counts
	for i := range size {
		if d := actual[i] + predicted[i]; d > 0 {
			f[i] = 2 * c.at(i, i).weight / d
			point += f[i]
			k++
			name := Other
			if i > 0 {
				name = c.classes[i-1]
			}
			classes = append(classes, c.Counts(name))
		}
	}
	if k == 0 {
		return undefined(0, 1, 0)
	}
	point /= k
	variance := c.variance(func(i, j int) float64 {
		if i == j {
			return (2 - 2*f[i]) / (actual[i] + predicted[i]) / k
		}
		return -(f[i]/(actual[i]+predicted[i]) + f[j]/(actual[j]+predicted[j])) / k
	})
	if !(variance > 0) || point <= 0 || point >= 1 {
		return together(classes, F1, level)
	}
	n := sum(c.cells...).n()
	return onLogit(point, math.Sqrt(variance), studentQuantile(level, max(n-1, 1)), n)
}

// margins are the weights of the actual and the predicted classes.
func (c *Confusion) margins() (actual, predicted []float64) {
	size := len(c.classes) + 1
	actual, predicted = make([]float64, size), make([]float64, size)
	for i := range size {
		for j := range size {
			w := c.at(i, j).weight
			actual[i] += w
			predicted[j] += w
		}
	}
	return actual, predicted
}

// variance is the delta method's for a measure that is the same for counts and for shares, given its
// derivative by the count of a cell: Σ Σw²·(∂/∂nᵢⱼ)².
func (c *Confusion) variance(derivative func(i, j int) float64) (v float64) {
	size := len(c.classes) + 1
	for i := range size {
		for j := range size {
			if squares := c.at(i, j).squares; squares > 0 {
				d := derivative(i, j)
				v += squares * d * d
			}
		}
	}
	return v
}
