// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// macro is the mean over classes of a share of rows, in [0, 1]; a class without such rows counts as
// 0, as scikit-learn has it. Its error is the delta method's on the counts, on the scale of the logit.
// At 0 and 1, where that has no width, and with a class without such rows the bounds are those of the
// classes taken together.
func (c *Confusion) macro(classes []Counts, m rate, level float64) Interval {
	size := len(c.classes) + 1
	k := float64(len(classes))
	shares, wholes := make([]float64, size), make([]float64, size)
	mean := 0.0
	for class := range size {
		if of, all := c.share(class, m); all > 0 && c.used(class) {
			shares[class], wholes[class] = of/all, all
			mean += shares[class] / k
		}
	}
	// What a row changes in a class.
	change := func(class int, actual, predicted bool) float64 {
		if !(wholes[class] > 0) {
			return 0
		}
		part, whole := m.counts(actual, predicted)
		return (part - whole*shares[class]) / wholes[class] / k
	}
	neither := 0.0
	for class := range size {
		neither += change(class, false, false)
	}
	variance := c.variance(func(i, j int) float64 {
		d := neither - change(i, false, false) + change(i, true, i == j)
		if i != j {
			d += change(j, false, true) - change(j, false, false)
		}
		return d
	})
	all := sum(c.cells...)
	for _, counts := range classes {
		if !m.of(counts, level).Defined() {
			variance = 0
		}
	}
	if !(variance > 0) || mean <= 0 || mean >= 1 {
		out := together(classes, m.of, level)
		out.N = all.n()
		return out
	}
	n := all.n()
	// Each class has a share of its own, of rows of its own but for FPR.
	freedom := max(n-k, 1)
	if m.measure == MeasureFPR {
		freedom = max(n-1, 1)
	}
	return onLogit(mean, math.Sqrt(variance*n/freedom), studentQuantile(level, freedom), n)
}

// share is the weight of the rows of a measure of one class, and of those that it is a share of.
func (c *Confusion) share(class int, m rate) (of, all float64) {
	for i := range len(c.classes) + 1 {
		for j := range len(c.classes) + 1 {
			part, whole := m.counts(i == class, j == class)
			of += part * c.at(i, j).weight
			all += whole * c.at(i, j).weight
		}
	}
	return of, all
}

// used says whether a class has rows or answers.
func (c *Confusion) used(class int) bool {
	for i := range len(c.classes) + 1 {
		if c.at(class, i).rows != 0 || c.at(i, class).rows != 0 {
			return true
		}
	}
	return false
}

// rate is a measure that is a share of rows of one class against all others.
type rate struct {
	measure Measure
	of      func(Counts, float64) Interval
	// counts is what a row adds to the share and to the whole.
	counts func(actual, predicted bool) (part, whole float64)
}

var rates = []rate{
	{MeasurePrecision, Precision, func(actual, predicted bool) (part, whole float64) { return one(actual && predicted), one(predicted) }},
	{MeasureRecall, Recall, func(actual, predicted bool) (part, whole float64) { return one(actual && predicted), one(actual) }},
	{MeasureFPR, FPR, func(actual, predicted bool) (part, whole float64) { return one(!actual && predicted), one(!actual) }},
	{MeasureFNR, FNR, func(actual, predicted bool) (part, whole float64) { return one(actual && !predicted), one(actual) }},
}

func one(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
