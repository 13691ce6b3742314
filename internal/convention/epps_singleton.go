// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

var eppsSingletonMethods = map[string]definition{
	"epps_singleton":           {values: eppsSingleton, rule: pValue},
	"epps_singleton@evidently": {values: eppsSingleton, rule: below(0.05)},
}

// eppsSingleton is scipy.stats.epps_singleton_2samp: the empirical characteristic functions at 0.4 and
// 0.8 by half the interquartile range of both sides are compared, with a correction where neither
// side has 25 values (Epps and Singleton, Journal of Statistical Computation and Simulation 26,
// 1986). It is NaN with fewer than five values on a side or a range of 0.
func eppsSingleton(_ options, ref, cur []float64) Result {
	n, m := float64(len(ref)), float64(len(cur))
	both := newRaw(slices.Concat(ref, cur))
	sigma := (both.quantile(0.75) - both.quantile(0.25)) / 2
	if n < 5 || m < 5 || !(sigma > 0) {
		return test(math.NaN(), math.NaN())
	}
	a, covA := characteristic(ref, sigma)
	b, covB := characteristic(cur, sigma)
	var covariance mat.Dense
	covA.Scale((n+m)/n, covA)
	covB.Scale((n+m)/m, covB)
	covariance.Add(covA, covB)
	inverse, rank := pseudoInverse(&covariance)
	difference := mat.NewVecDense(len(a), nil)
	for i := range a {
		difference.SetVec(i, a[i]-b[i])
	}
	w := (n + m) * mat.Inner(difference, inverse, difference)
	if n < 25 && m < 25 {
		w /= 1 + math.Pow(n+m, -0.45) + 10.1*(math.Pow(n, -1.7)+math.Pow(m, -1.7))
	}
	return test(w, distuv.ChiSquared{K: float64(rank)}.Survival(w))
}

// characteristic are the means and covariances (by n) of cosine and sine at both points.
func characteristic(values []float64, sigma float64) (mean []float64, covariance *mat.Dense) {
	points := [...]float64{0.4 / sigma, 0.8 / sigma}
	rows := make([][4]float64, len(values))
	mean = make([]float64, 4)
	for i, v := range values {
		for j, t := range points {
			sin, cos := math.Sincos(t * v)
			rows[i][j], rows[i][2+j] = cos, sin
		}
		for j := range mean {
			mean[j] += rows[i][j] / float64(len(values))
		}
	}
	covariance = mat.NewDense(4, 4, nil)
	for _, row := range rows {
		for j := range row {
			for k := range row {
				covariance.Set(j, k, covariance.At(j, k)+(row[j]-mean[j])*(row[k]-mean[k])/float64(len(values)))
			}
		}
	}
	return mean, covariance
}

// pseudoInverse is that of Moore and Penrose, with numpy's cut-off of singular values, and its rank.
func pseudoInverse(a *mat.Dense) (inverse *mat.Dense, rank int) {
	n, _ := a.Dims()
	inverse = mat.NewDense(n, n, nil)
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDFull) {
		return inverse, 0
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	s := svd.Values(nil)
	for i, value := range s {
		if !(value > 1e-15*s[0]) {
			continue
		}
		rank++
		for j := range n {
			for k := range n {
				inverse.Set(j, k, inverse.At(j, k)+v.At(j, i)*u.At(k, i)/value)
			}
		}
	}
	return inverse, rank
}
