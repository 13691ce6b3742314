// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// Accuracy is the share of rows whose answer is the actual class, in [0, 1], with Wilson's interval.
// It knows which rows of Other were right.
func Accuracy(c *Confusion, level float64) Interval {
	all, right := sum(c.cells...), c.right()
	if !(all.weight > 0) {
		return undefined(0, 1, 0)
	}
	return wilson(right.weight/all.weight, all.n(), level)
}
