// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// kolmogorovSF is Kolmogorov's limit distribution: P(√n·D > z) of the two-sided one-sample distance
// D as n grows.
func kolmogorovSF(z float64) float64 {
	switch {
	case !(z > 0.04): // 1 to the last digit
		return 1
	case z < 1:
		// The theta function's other expansion converges fast here.
		var sum float64
		for k := 1.0; k <= 7; k += 2 {
			sum += math.Exp(-k * k * math.Pi * math.Pi / (8 * z * z))
		}
		return 1 - math.Sqrt(2*math.Pi)/z*sum
	}
	var sum float64
	sign := 1.0
	for k := 1.0; k <= 6; k++ {
		term := math.Exp(-2 * k * k * z * z)
		sum += sign * term
		if term < sum*1e-17 {
			break
		}
		sign = -sign
	}
	return min(2*sum, 1)
}

// KSTwoSF is P(D ≥ d) of the two-sided one-sample distance of n values, scipy.stats.kstwo.sf, for
// any n ≥ 1. It follows the division of the plane in Simard and L'Ecuyer, Computing the two-sided
// Kolmogorov-Smirnov distribution, Journal of Statistical Software 39 (11), 2011: twice the
// one-sided probability in the tail, the matrix of Marsaglia, Tsang and Wang for n ≤ 140 and the
// expansion of Pelz and Good above, whose error they put at 1e-5 of 1−p at most. It allocates for n
// ≤ 140.
func KSTwoSF(d float64, n int) float64 {
	fn := float64(n)
	t := fn * d
	switch {
	case n < 1 || math.IsNaN(d):
		return math.NaN()
	case d >= 1:
		return 0
	case t <= 0.5:
		return 1
	case t <= 1:
		// n!·(2d−1/n)^n
		log, _ := math.Lgamma(fn + 1)
		return 1 - math.Exp(log+fn*math.Log(2*d-1/fn))
	case t >= fn-1:
		return 2 * math.Pow(1-d, fn)
	case d >= 0.5:
		return min(2*smirnovSF(d, n), 1)
	}
	z2 := t * d
	switch {
	case n <= 140 && z2 > 4, n > 140 && z2 >= 2.2:
		return min(2*smirnovSF(d, n), 1)
	case n <= 140:
		return 1 - matrixCDF(d, n)
	}
	return min(max(1-pelzGoodCDF(d, fn), 0), 1)
}

// smirnovSF is the one-sided P(D⁺ ≥ d), exact (Smirnov 1944): d·Σ_{j=0}^{⌊n(1−d)⌋}
// C(n,j)·(d+j/n)^(j−1)·(1−d−j/n)^(n−j). Above a hundred thousand values the limit with its first
// correction exp(−2(z+1/(6√n))²) replaces the long sum.
func smirnovSF(d float64, n int) float64 {
	fn := float64(n)
	if n > 100000 {
		z := math.Sqrt(fn)*d + 1/(6*math.Sqrt(fn))
		return math.Exp(-2 * z * z)
	}
	var sum, choose float64 // choose is ln C(n, j)
	for j := 0; j <= int(fn*(1-d)); j++ {
		fj := float64(j)
		if j > 0 {
			choose += math.Log((fn - fj + 1) / fj)
		}
		rest := 1 - d - fj/fn
		if rest <= 0 {
			break
		}
		sum += math.Exp(choose + (fj-1)*math.Log(d+fj/fn) + (fn-fj)*math.Log(rest))
	}
	return min(d*sum, 1)
}

// matrixCDF is P(D < d), exact: Durbin's matrix, Marsaglia, Tsang and Wang, Evaluating Kolmogorov's
// distribution, Journal of Statistical Software 8 (18), 2003. It costs (2nd)³·log n.
func matrixCDF(d float64, n int) float64 {
	k := int(float64(n)*d) + 1
	m := 2*k - 1
	h := float64(k) - float64(n)*d
	H := make([]float64, m*m)
	for i := range m {
		for j := range m {
			if i-j+1 >= 0 {
				H[i*m+j] = 1
			}
		}
	}
	for i := range m {
		H[i*m] -= math.Pow(h, float64(i+1))
		H[(m-1)*m+i] -= math.Pow(h, float64(m-i))
	}
	if 2*h-1 > 0 {
		H[(m-1)*m] += math.Pow(2*h-1, float64(m))
	}
	for i := range m {
		for j := range m {
			for g := 1; g <= i-j+1; g++ {
				H[i*m+j] /= float64(g)
			}
		}
	}
	// n!/n^n · (H^n)[k-1][k-1], with the power of two of the scale kept aside.
	power, exponent := matrixPower(H, m, n)
	s := power[(k-1)*m+k-1]
	for i := 1; i <= n; i++ {
		s *= float64(i) / float64(n)
		if s < 1e-140 {
			s *= 1e140
			exponent -= 140
		}
	}
	return min(s*math.Pow(10, float64(exponent)), 1)
}

// matrixPower returns H^n as a matrix and a power of ten.
func matrixPower(H []float64, m, n int) (power []float64, exponent int) {
	power = make([]float64, m*m)
	for i := range m {
		power[i*m+i] = 1
	}
	base, baseExponent := H, 0
	scratch := make([]float64, m*m)
	multiply := func(a, b []float64) []float64 {
		for i := range m {
			for j := range m {
				var s float64
				for k := range m {
					s += a[i*m+k] * b[k*m+j]
				}
				scratch[i*m+j] = s
			}
		}
		out := make([]float64, m*m)
		copy(out, scratch)
		return out
	}
	shrink := func(a []float64, e int) int {
		if a[(m/2)*m+m/2] > 1e140 {
			for i := range a {
				a[i] *= 1e-140
			}
			e += 140
		}
		return e
	}
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			power = multiply(power, base)
			exponent = shrink(power, exponent+baseExponent)
		}
		if n > 1 {
			base = multiply(base, base)
			baseExponent = shrink(base, 2*baseExponent)
		}
	}
	return power, exponent
}

// pelzGoodCDF is P(D < d) for large n: the Kolmogorov limit and three corrections in 1/√n, Pelz and
// Good, Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample statistic, Journal
// of the Royal Statistical Society B 38, 1976.
func pelzGoodCDF(d, n float64) float64 {
	z := math.Sqrt(n) * d
	z2 := z * z
	z4, z6, z8 := z2*z2, z2*z2*z2, z2*z2*z2*z2
	const (
		pi2 = math.Pi * math.Pi
		pi4 = pi2 * pi2
		pi6 = pi4 * pi2
	)
	var k0, k1, k2, k3 float64
	terms := int(math.Ceil(16*z/math.Pi)) + 1
	for i := terms; i >= 1; i-- {
		m := float64(2*i - 1)
		m2 := m * m
		m4, m6 := m2*m2, m2*m2*m2
		q := math.Exp(-m2 * pi2 / (8 * z2))
		k0 += q
		k1 += q * (pi2/4*m2 - z2)
		k2 += q * (6*z6 + 2*z4 + pi2/4*(2*z4-5*z2)*m2 + pi4/16*(1-2*z2)*m4)
		k3 += q * (pi6/64*(5-30*z2)*m6 + pi4/16*(-60*z2+212*z4)*m4 + pi2/4*(135*z4-96*z6)*m2 - 30*z6 - 90*z8)
	}
	var e2, e3 float64
	for i := terms; i >= 1; i-- {
		j2 := float64(i * i)
		q := math.Exp(-j2 * pi2 / (2 * z2))
		e2 += j2 * q
		e3 += (3*pi2*j2*z2 - pi4*j2*j2) * q
	}
	root := math.Sqrt(2 * math.Pi)
	k0 *= root / z
	k1 *= root / (6 * z4)
	k2 = root/(72*z6*z)*k2 - root*pi2/(36*z2*z)*e2
	k3 = root/(6480*z8*z2)*k3 + root/(216*z6)*e3
	return k0 + k1/math.Sqrt(n) + k2/n + k3/(n*math.Sqrt(n))
}
