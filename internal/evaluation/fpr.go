// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// FPR is the false positive rate: the share of the rows of other classes that were taken for the
// class, FP/(FP+TN), in [0, 1], with Wilson's interval; not defined without such rows.
func FPR(c Counts, level float64) Interval {
	return share(c.falsePositive, c.trueNegative, level)
}
