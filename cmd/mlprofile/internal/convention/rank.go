// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// andersonDarling is scipy.stats.anderson_ksamp of two samples with midranks; p is interpolated
// from the table and lies between 0.001 and 0.25 (Scholz and Stephens, JASA 82, 1987). It is NaN
// with fewer than four values.
func andersonDarling(ref, cur []float64) Result {
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

// cramerVonMises is scipy.stats.cramervonmises_2samp with the limit distribution, which scipy takes
// where a side has more than 20 values (Anderson, Annals of Mathematical Statistics 33, 1962).
func cramerVonMises(ref, cur []float64) Result {
	n, m := float64(len(ref)), float64(len(cur))
	var u, i, j float64
	ranks(ref, cur, func(a, b, before float64) {
		rank := before + (a+b+1)/2
		for range int(a) {
			i++
			u += n * (rank - i) * (rank - i)
		}
		for range int(b) {
			j++
			u += m * (rank - j) * (rank - j)
		}
	})
	k, total := n*m, n+m
	t := u/(k*total) - (4*k-1)/(6*total)
	mean := (1 + 1/total) / 6
	variance := (total + 1) * (4*k*total - 3*(n*n+m*m) - 2*k) / (45 * total * total * 4 * k)
	limit := 1./6 + (t-mean)/math.Sqrt(45*variance)
	if limit < 0.003 {
		return test(t, 1)
	}
	return test(t, max(0, 1-cramerVonMisesCDF(limit)))
}

// cramerVonMisesCDF is the limit distribution (Csörgő and Faraway, JRSS B 58, 1996), up to the term
// below 1e-7 at which scipy stops.
func cramerVonMisesCDF(x float64) float64 {
	var v float64
	for k := 0.0; k < 100; k++ {
		a, _ := math.Lgamma(k + 0.5)
		b, _ := math.Lgamma(k + 1)
		y := 4*k + 1
		q := y * y / (16 * x)
		term := math.Exp(a-b) / (math.Pow(math.Pi, 1.5) * math.Sqrt(x)) * math.Sqrt(y) * scaledBessel(q)
		v += term
		if math.Abs(term) < 1e-7 {
			break
		}
	}
	return v
}

// scaledBessel is exp(−q)·K(q), K the modified Bessel function of the second kind of order ¼:
// ∫ exp(−q·(1+cosh t))·cosh(t/4) dt over t > 0, by the trapezoidal rule, which converges
// exponentially here.
func scaledBessel(q float64) float64 {
	const step = 1. / 128
	v := math.Exp(-2*q) / 2
	for t := step; ; t += step {
		term := math.Exp(-q*(1+math.Cosh(t))) * math.Cosh(t/4)
		v += term
		if !(term > 1e-19*v) {
			return v * step
		}
	}
}

// correctedCramersV is Cramér's V less its bias (Bergsma 2013), the larger sample scaled down to
// the smaller one (Deepchecks).
func correctedCramersV(ref, cur []float64) float64 {
	n, m := sum(ref), sum(cur)
	least := min(n, m)
	a, b := make([]float64, len(ref)), make([]float64, len(ref))
	for i := range ref {
		a[i], b[i] = math.Round(ref[i]/n*least), math.Round(cur[i]/m*least)
	}
	var chi2, columns float64
	na, nb := sum(a), sum(b)
	total := na + nb
	for i := range a {
		k := a[i] + b[i]
		if k == 0 {
			continue
		}
		columns++
		x, y := a[i]-k*na/total, b[i]-k*nb/total
		chi2 += x*x/(k*na/total) + y*y/(k*nb/total)
	}
	if columns < 2 {
		return 0
	}
	phi := max(0, chi2/total-(columns-1)/(total-1))
	rows := 2 - 1/(total-1)
	columns -= (columns - 1) * (columns - 1) / (total - 1)
	return math.Sqrt(phi / min(columns-1, rows-1))
}
