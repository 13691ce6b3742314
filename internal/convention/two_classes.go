// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"
)

// Tests of two categories.
var twoClassMethods = map[string]definition{
	"fisher":           {counts: fisher, most: 2, rule: pValue},
	"fisher@evidently": {counts: fisher, most: 2, rule: below(0.1)},
	// Evidently, stattests/z_stattest.py: the share of the first category against all others. Its reports
	// drop rows without a value before; the test alone counts them among the others.
	"z_test@evidently": {
		counts: func(_ options, ref, cur []float64) Result { return zTest(ref, cur, 0, 0) },
		sides: func(o options, ref, cur Side) (Result, error) {
			a, b := align(ref.Counts, cur.Counts)
			if !(sum(a) > 0) || !(sum(b) > 0) {
				return Result{}, errEmpty
			}
			if o.word("missing") == "counted" {
				return zTest(a, b, ref.Missing, cur.Missing), nil
			}
			return zTest(a, b, 0, 0), nil
		},
		parameters: map[string]any{"missing": choice{"dropped", "counted"}},
		rule:       below(0.05),
	},
}

// fisher is the two-sided exact test of a 2×2 table.
func fisher(_ options, ref, cur []float64) Result {
	if len(ref) < 2 {
		return test(math.NaN(), 1)
	}
	row, column, n := ref[0]+ref[1], ref[0]+cur[0], sum(ref)+sum(cur)
	log := func(x float64) float64 {
		choose := func(n, k float64) float64 {
			a, _ := math.Lgamma(n + 1)
			b, _ := math.Lgamma(k + 1)
			c, _ := math.Lgamma(n - k + 1)
			return a - b - c
		}
		return choose(row, x) + choose(n-row, column-x) - choose(n, column)
	}
	seen := log(ref[0])
	var p float64
	for x := max(0, row+column-n); x <= min(row, column); x++ {
		if l := log(x); l <= seen+1e-7 {
			p += math.Exp(l)
		}
	}
	return test(ref[0]*cur[1]/(ref[1]*cur[0]), min(p, 1))
}

// zTest is the pooled test of two shares, two-sided.
func zTest(ref, cur []float64, missingRef, missingCur float64) Result {
	n, m := sum(ref)+missingRef, sum(cur)+missingCur
	first := max(slices.IndexFunc(ref, func(v float64) bool { return v > 0 }), 0)
	if i := slices.IndexFunc(cur, func(v float64) bool { return v > 0 }); i >= 0 {
		first = min(first, i)
	}
	p, q := ref[first]/n, cur[first]/m
	pooled := (ref[first] + cur[first]) / (n + m)
	if pooled == 0 || pooled == 1 {
		return test(0, 1)
	}
	z := (p - q) / math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	return test(z, math.Erfc(math.Abs(z)/math.Sqrt2))
}
