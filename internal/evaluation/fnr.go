// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// FNR is the false negative rate: the share of the rows of the class that were missed, FN/(TP+FN), in
// [0, 1], with Wilson's interval; not defined without rows of the class.
func FNR(c Counts, level float64) Interval {
	return share(c.falseNegative, c.truePositive, level)
}
