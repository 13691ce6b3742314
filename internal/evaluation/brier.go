// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// Brier is the mean square of the score's distance from 1, of positive rows, or 0 (Brier, Monthly
// Weather Review 78, 1950), in [0, 1], exact, with the interval of a mean whose skewness is taken out.
func Brier(s *Scores, level float64) Interval {
	i := nonNegative(s.brier.interval(level))
	i.Upper = min(i.Upper, 1)
	return i
}
