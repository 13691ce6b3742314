// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// wilson is the score interval of a share of n rows (Wilson, JASA 22, 1927), which statsmodels has as
// proportion_confint(method="wilson"):
//
//	(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
//
// n need not be whole. Its coverage is the level in the mean over p; for one p it steps about it, as
// counts are whole.
func wilson(p, n, level float64) Interval {
	if !(n > 0) {
		return undefined(0, 1, 0)
	}
	p = min(max(p, 0), 1)
	z := normalQuantile(level)
	z2 := z * z / n
	center := (p + z2/2) / (1 + z2)
	half := z / (1 + z2) * math.Sqrt(p*(1-p)/n+z2/(4*n))
	return Interval{Point: p, Lower: center - half, Upper: center + half, N: n}.from(0)
}

// share is the interval of the first rows' share of all.
func share(of, rest cell, level float64) Interval {
	all := sum(of, rest)
	if !(all.weight > 0) {
		return undefined(0, 1, 0)
	}
	return wilson(of.weight/all.weight, all.n(), level)
}
