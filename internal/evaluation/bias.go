// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// Bias is the mean error, predicted minus actual, in the unit of the answer, with Student's
// interval of a mean.
func Bias(r *Regression, level float64) Interval { return r.errors.student(level) }
