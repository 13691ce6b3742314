// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

// Student's and Welch's tests of the means, two-sided (scipy.stats.ttest_ind); the statistic is of
// reference less current.
var tMethods = map[string]definition{
	"t_test":           {values: studentT, rule: pValue},
	"t_test@evidently": {values: studentT, rule: below(0.05)},
	"welch":            {values: welch, rule: pValue},
}

func welch(_ options, ref, cur []float64) Result {
	a, va := stat.MeanVariance(ref, nil)
	b, vb := stat.MeanVariance(cur, nil)
	n, m := float64(len(ref)), float64(len(cur))
	va, vb = va/n, vb/m
	return tTest((a-b)/math.Sqrt(va+vb), (va+vb)*(va+vb)/(va*va/(n-1)+vb*vb/(m-1)))
}

func studentT(_ options, ref, cur []float64) Result {
	a, va := stat.MeanVariance(ref, nil)
	b, vb := stat.MeanVariance(cur, nil)
	n, m := float64(len(ref)), float64(len(cur))
	pooled := ((n-1)*va + (m-1)*vb) / (n + m - 2)
	return tTest((a-b)/math.Sqrt(pooled*(1/n+1/m)), n+m-2)
}

func tTest(t, dof float64) Result {
	return test(t, mathext.RegIncBeta(dof/2, 0.5, dof/(dof+t*t)))
}
