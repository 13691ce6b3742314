// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

var cramerVonMisesMethods = map[string]definition{
	"cramer_von_mises":              {values: cramerVonMises, rule: pValue},
	"cramer_von_mises@evidently":    {values: cramerVonMises, rule: atMost(0.1)},
	"cramer_von_mises@alibi_detect": {values: cramerVonMises, rule: below(0.05)},
}

// cramerVonMises is scipy.stats.cramervonmises_2samp: exact where no side has more than 20 values,
// else with the limit distribution (Anderson, Annals of Mathematical Statistics 33, 1962).
func cramerVonMises(_ options, ref, cur []float64) Result {
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
	if len(ref) <= 20 && len(cur) <= 20 {
		return test(t, exactCramerVonMises(u, len(ref), len(cur)))
	}
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

// exactCramerVonMises is the share of all orders of n and m values whose U is at least u: the sums
// of squares along lattice paths are counted (Xiao, Gordon and Yakovlev, Journal of Statistical
// Software 17 (8), 2006).
func exactCramerVonMises(u float64, n, m int) float64 {
	lcm := n / gcd(n, m) * m
	a, b := lcm/n, lcm/m
	k := float64(n) * float64(m)
	least := math.Floor(float64(lcm) * float64(lcm) * float64(n+m) * (6*u - k*(4*k-1)) / (6 * k * k))
	row := make([]tally, n+1)
	row[0] = tally{{0, 1}}
	for j := range m + 1 {
		var left tally
		for i := range row {
			d := a*i - b*j
			left = left.plus(row[i], d*d)
			row[i] = left
		}
	}
	var all, over float64
	for _, c := range row[n] {
		all += c.paths
		if float64(c.sum) >= least {
			over += c.paths
		}
	}
	return over / all
}

// tally counts paths by their sum, in order.
type tally []struct {
	sum   int
	paths float64
}

// plus merges two tallies and adds to each sum.
func (t tally) plus(o tally, add int) tally {
	out := make(tally, 0, len(t)+len(o))
	for len(t) > 0 || len(o) > 0 {
		switch {
		case len(o) == 0 || len(t) > 0 && t[0].sum < o[0].sum:
			out, t = append(out, t[0]), t[1:]
		case len(t) == 0 || o[0].sum < t[0].sum:
			out, o = append(out, o[0]), o[1:]
		default:
			both := t[0]
			both.paths += o[0].paths
			out, t, o = append(out, both), t[1:], o[1:]
		}
	}
	for i := range out {
		out[i].sum += add
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
