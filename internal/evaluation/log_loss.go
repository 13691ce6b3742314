// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// leastProbability is what the actual class is given at least, so that one that was sure and wrong
// costs 34.5 and not infinitely much; scikit-learn had it before its version 1.3.
const leastProbability = 1e-15

// LogLoss is the mean of −ln of the probability that was given to the actual class, at least 0,
// exact, with the interval of a mean whose skewness is taken out.
func LogLoss(s *Scores, level float64) Interval {
	return nonNegative(s.logLoss.interval(level))
}

// nonNegative is the interval of a mean of numbers that are at least 0.
func nonNegative(i Interval) Interval {
	if !i.Defined() {
		i.Lower = 0
	}
	i.Lower = max(i.Lower, 0)
	return i
}
