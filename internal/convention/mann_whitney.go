// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

var mannWhitneyMethods = map[string]definition{
	"mann_whitney": {values: func(_ options, ref, cur []float64) Result {
		u, _, p := mannWhitney(ref, cur)
		return test(u, p)
	}, rule: pValue},
	// Evidently asks for "less": a current side that moved down is never found.
	"mann_whitney@evidently": {values: func(_ options, ref, cur []float64) Result {
		u, less, _ := mannWhitney(ref, cur)
		return test(u, less)
	}, rule: below(0.05)},
}

// ranks walks over the distinct values of both sorted sides: how many are equal on each, and the
// number of all that are less.
func ranks(ref, cur []float64, visit func(a, b, before float64)) {
	for i, j := 0, 0; i < len(ref) || j < len(cur); {
		v := math.Inf(1)
		if i < len(ref) {
			v = ref[i]
		}
		if j < len(cur) {
			v = min(v, cur[j])
		}
		before := float64(i + j)
		var a, b float64
		for ; i < len(ref) && ref[i] <= v; i++ {
			a++
		}
		for ; j < len(cur) && cur[j] <= v; j++ {
			b++
		}
		visit(a, b, before)
	}
}

// mannWhitney is scipy.stats.mannwhitneyu: exact where a side has at most 8 values and there are no
// ties, else the normal approximation with correction for ties and continuity; U is the reference's.
func mannWhitney(ref, cur []float64) (u, less, twoSided float64) {
	n, m := float64(len(ref)), float64(len(cur))
	var rank, ties float64
	ranks(ref, cur, func(a, b, before float64) {
		t := a + b
		rank += a * (before + (t+1)/2)
		ties += t*t*t - t
	})
	u = rank - n*(n+1)/2
	sd := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	sf := func(u float64) float64 { return math.Erfc((u-n*m/2-0.5)/sd/math.Sqrt2) / 2 }
	if min(n, m) <= 8 && max(n, m) <= maxExactU && ties == 0 {
		sf = exactU(len(ref), len(cur))
	}
	return u, sf(n*m - u), min(2*sf(max(u, n*m-u)), 1)
}

// maxExactU is the largest side of an exact test: beyond, the normal approximation is as good.
const maxExactU = 500

// exactU returns P(U ≥ u) of n and m values: the last of all values is one of the n with probability
// n/(n+m), and then adds m to U.
func exactU(n, m int) func(u float64) float64 {
	rows := make([][]float64, n+1) // of U for i and j values
	for i := range rows {
		rows[i] = []float64{1}
	}
	for j := 1; j <= m; j++ {
		for i := 1; i <= n; i++ {
			next := make([]float64, i*j+1)
			share := float64(i) / float64(i+j)
			for u, p := range rows[i-1] { // of i−1 and j
				next[u+j] += share * p
			}
			for u, p := range rows[i] { // of i and j−1
				next[u] += (1 - share) * p
			}
			rows[i] = next
		}
	}
	return func(u float64) float64 {
		var p float64
		for i := int(math.Ceil(u)); i < len(rows[n]); i++ {
			p += rows[n][i]
		}
		return p
	}
}
