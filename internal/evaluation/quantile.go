// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"gonum.org/v1/gonum/stat/distuv"
)

// normalQuantile is the number of standard deviations on each side of the mean that hold the level
// of a normal distribution: 1.96 for 0.95.
func normalQuantile(level float64) float64 {
	return distuv.UnitNormal.Quantile(0.5 + level/2)
}

// studentQuantile is normalQuantile of Student's distribution.
func studentQuantile(level, freedom float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(0.5 + level/2)
}

// chi2Quantile is the number below which a χ² variable lies with the level.
func chi2Quantile(level, freedom float64) float64 {
	return distuv.ChiSquared{K: freedom}.Quantile(level)
}
