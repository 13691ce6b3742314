// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// RMSE is the root of the mean squared error, in the unit of the answer; its bounds are the roots of
// those of the mean, whose skewness is taken out, with Student's quantile made wider by n/(n−z), as
// Bonett has it for standard deviations (Computational Statistics & Data Analysis 50, 2006): few
// squares show few of the large ones.
func RMSE(r *Regression, level float64) Interval {
	n := r.squared.n()
	quantile := studentQuantile(level, max(n-1, 1)) * wider(n, level)
	return nonNegative(r.squared.unskewed(quantile)).mapped(math.Sqrt)
}

// wider is Bonett's factor.
func wider(n, level float64) float64 { return n / max(n-normalQuantile(level), 1) }
