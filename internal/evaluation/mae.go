// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// MAE is the mean absolute error, in the unit of the answer, with the interval of a mean whose skewness is taken out.
func MAE(r *Regression, level float64) Interval {
	return nonNegative(r.absolute.interval(level))
}
