// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// R2 is the coefficient of determination, 1 − Σe²/Σ(y−ȳ)², at most 1; not defined where all actual
// values are the same. Its error is the delta method's on the scale of ln(1−R²), which is a
// difference of the logarithms of two variances, made wider as that of RMSE is.
func R2(r *Regression, level float64) Interval {
	s := r.spread.about(r.spread.mean())
	n := s.actual.n()
	if s.actual.rows < 2 || !(s.actual.powers[1] > 0) {
		return undefined(math.Inf(-1), 1, n)
	}
	unexplained := s.q / s.actual.powers[1]
	out := Interval{Point: 1 - unexplained, Lower: 1 - unexplained, Upper: 1 - unexplained, N: n}
	if !(s.q > 0) {
		return out
	}
	if n <= 3 {
		out.Lower, out.Upper = math.Inf(-1), 1
		return out
	}
	// The variance of e²/MSE − (y−ȳ)²/σ², whose mean is 0.
	mse, variance := s.q/s.actual.weight, s.actual.powers[1]/s.actual.weight
	v := s.qq/(mse*mse) - 2*s.qdd/(mse*variance) + s.actual.powers[3]/(variance*variance)
	se := math.Sqrt(max(v/s.actual.weight, 0) / (n - 1))
	half := studentQuantile(level, n-1) * se * wider(n, level)
	out.Lower, out.Upper = 1-unexplained*math.Exp(half), 1-unexplained*math.Exp(-half)
	return out
}

// mean is that of the actual values.
func (s spread) mean() float64 {
	if s.actual.rows == 0 {
		return 0
	}
	return s.actual.mean()
}
