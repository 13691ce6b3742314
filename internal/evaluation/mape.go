// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// MAPE is the mean of |error/actual| over the rows whose actual value is not 0 (Regression.Rows says
// how many are), as a share: 0.1 is 10 %. The interval is that of a mean whose skewness is taken out. scikit-learn divides by 2.2e-16 in place of 0.
func MAPE(r *Regression, level float64) Interval {
	return nonNegative(r.relative.interval(level))
}
