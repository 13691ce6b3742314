// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// MCC is Matthews' correlation coefficient of answers and actual classes, in [−1, 1], for any number
// of classes (Gorodkin, Computational Biology and Chemistry 28, 2004), as scikit-learn has it; not
// defined where all rows are of one class or have one answer. Other counts as a class. Its error is
// the delta method's on the counts, on the scale of Fisher's transformation; where that has no width
// (all rows right), it is that of the counts with two more rows that are spread over all cells.
func MCC(c *Confusion, level float64) Interval {
	n := sum(c.cells...).n()
	point, se := c.mcc()
	if math.IsNaN(point) {
		return undefined(-1, 1, n)
	}
	z := normalQuantile(level)
	if se > 0 {
		return onFisher(point, se, z, n).from(-1)
	}
	p, se := c.smoothed().mcc()
	out := onFisher(p, se, z, n)
	out.Point = point
	return out.from(-1)
}

func (c *Confusion) mcc() (point, se float64) {
	actual, predicted := c.margins()
	var total, trace, both, a2, p2 float64
	for i := range actual {
		total += actual[i]
		trace += c.at(i, i).weight
		both += actual[i] * predicted[i]
		a2 += actual[i] * actual[i]
		p2 += predicted[i] * predicted[i]
	}
	above, byPredicted, byActual := trace*total-both, total*total-p2, total*total-a2
	// What rounding leaves of none is none.
	if least := 1e-12 * total * total; !(byPredicted > least) || !(byActual > least) {
		return math.NaN(), 0
	}
	root := math.Sqrt(byPredicted) * math.Sqrt(byActual)
	point = min(max(above/root, -1), 1)
	variance := c.variance(func(i, j int) float64 {
		d := trace - predicted[i] - actual[j]
		if i == j {
			d += total
		}
		return d/root - point*((total-predicted[j])/byPredicted+(total-actual[i])/byActual)
	})
	if variance < 1e-24 {
		variance = 0
	}
	return point, math.Sqrt(variance)
}

// smoothed has two rows more, spread over the cells of the classes that are there.
func (c *Confusion) smoothed() *Confusion {
	out := c.clone()
	actual, predicted := c.margins()
	var used []int
	for i := range actual {
		if actual[i]+predicted[i] > 0 {
			used = append(used, i)
		}
	}
	more := 2 / float64(len(used)*len(used))
	for _, i := range used {
		for _, j := range used {
			v := out.cell(i, j)
			v.weight += more
			v.squares += more
		}
	}
	return out
}
