// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// RMSE is the root of the mean squared error, in the unit of the answer; its bounds are the roots of
// those of the mean squared error (Student's, with the skewness taken out).
func RMSE(r *Regression, level float64) Interval {
	return nonNegative(r.squared.interval(level)).mapped(math.Sqrt)
}
