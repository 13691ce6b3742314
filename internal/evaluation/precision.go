// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// Precision is the share of the rows with the class as the answer that were of it, TP/(TP+FP), in
// [0, 1], with Wilson's interval; not defined without such answers.
func Precision(c Counts, level float64) Interval {
	return share(c.truePositive, c.falsePositive, level)
}
