// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// Recall is the share of the rows of the class that were found, TP/(TP+FN), in [0, 1], with Wilson's
// interval; not defined without rows of the class. Of the positive class it is the sensitivity.
func Recall(c Counts, level float64) Interval {
	return share(c.truePositive, c.falseNegative, level)
}
