// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

var andersonDarlingMethods = map[string]definition{
	"anderson_darling":           {values: andersonDarling, rule: pValue},
	"anderson_darling@evidently": {values: andersonDarling, rule: below(0.1)},
}

// andersonDarling is scipy.stats.anderson_ksamp of two samples with midranks; p is interpolated
// from the table and lies between 0.001 and 0.25 (Scholz and Stephens, JASA 82, 1987). It is NaN
// with fewer than four values.
func andersonDarling(_ options, ref, cur []float64) Result {
	n, m := float64(len(ref)), float64(len(cur))
	total := n + m
	var a2, belowRef, belowCur float64
	ranks(ref, cur, func(a, b, before float64) {
		l := a + b
		mid := before + l/2
		scale := l / total / (mid*(total-mid) - total*l/4)
		x, y := total*(belowRef+a/2)-mid*n, total*(belowCur+b/2)-mid*m
		a2 += scale * (x*x/n + y*y/m)
		belowRef += a
		belowCur += b
	})
	a2 *= (total - 1) / total

	var h, g, inverse float64
	for i := total - 1; i >= 2; i-- {
		inverse += 1 / i
		g += inverse / (total + 1 - i)
	}
	h = inverse + 1
	k, sizes := 2.0, 1/n+1/m
	a := (4*g-6)*(k-1) + (10-6*g)*sizes
	b := (2*g-4)*k*k + 8*h*k + (2*g-14*h-4)*sizes - 8*h + 4*g - 6
	c := (6*h+2*g-2)*k*k + (4*h-4*g+6)*k + (2*h-6)*sizes + 4*h
	d := (2*h+6)*k*k - 4*h*k
	variance := (((a*total+b)*total+c)*total + d) / ((total - 1) * (total - 2) * (total - 3))
	statistic := (a2 - 1) / math.Sqrt(variance)
	return test(statistic, andersonP(statistic))
}

// andersonP is exp of the parabola through the logarithms of the table's levels (least squares).
func andersonP(statistic float64) float64 {
	levels := []float64{0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001}
	critical := []float64{0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546}
	switch {
	case math.IsNaN(statistic):
		return statistic
	case statistic < critical[0]:
		return 0.25
	case statistic > critical[len(critical)-1]:
		return 0.001
	}
	x, y := mat.NewDense(len(critical), 3, nil), mat.NewVecDense(len(critical), nil)
	for i, c := range critical {
		x.SetRow(i, []float64{1, c, c * c})
		y.SetVec(i, math.Log(levels[i]))
	}
	var fit mat.VecDense
	if err := fit.SolveVec(x, y); err != nil {
		return math.NaN()
	}
	return math.Exp(fit.AtVec(0) + statistic*(fit.AtVec(1)+statistic*fit.AtVec(2)))
}
