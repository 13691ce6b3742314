// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// calibrationBins are those of ECE.
const calibrationBins = 10

// ECE is the expected calibration error: scores are put into ten bins of one width, and ECE is the
// mean over rows of how far the share of positive rows in the bin is from its mean score (Naeini and
// others, AAAI 2015), in [0, 1]. binError is 0 where the bins of Scores can be put together to these.
//
// It is too high in the mean, the more so the fewer rows: chance makes each bin differ. Its interval
// is that of all ten differences at once (Scheffé's): what ECE is at least and at most among all
// that a χ² test at the level does not refute. So it holds the truth at least as often as the level
// says, and reaches to 0 unless scores are refuted to be calibrated.
func ECE(s *Scores, level float64) (ece Interval, binError float64) {
	type group struct{ gap, variance float64 }
	var groups []group
	var total cell
	fine := s.last
	var now struct {
		positive, all cell
		scores        float64
		at            int
	}
	flush := func() {
		if now.all.rows == 0 {
			return
		}
		n := now.all.n()
		p := (now.positive.weight/now.all.weight*n + 1) / (n + 2)
		w := now.all.weight
		groups = append(groups, group{gap: math.Abs(now.positive.weight - now.scores), variance: w * w / n * p * (1 - p)})
	}
	for i := range s.bins {
		b := &s.bins[i]
		if b.empty() {
			continue
		}
		at := min(int(s.numbers[i])*calibrationBins/fine, calibrationBins-1)
		if at != now.at {
			flush()
			now.positive, now.all, now.scores, now.at = cell{}, cell{}, 0, at
		}
		now.positive = sum(now.positive, b.positive)
		now.all = sum(now.all, b.positive, b.negative)
		now.scores += b.scores
		total = sum(total, b.positive, b.negative)
		if fine%calibrationBins != 0 {
			binError += b.weight()
		}
	}
	flush()
	if total.rows == 0 {
		return undefined(0, 1, 0), 0
	}
	var gaps, variances, biggest float64
	for _, g := range groups {
		gaps += g.gap
		variances += g.variance
		biggest = max(biggest, g.gap/g.variance)
	}
	q := chi2Quantile(level, float64(len(groups)))
	// The smallest sum of differences within the ellipsoid takes λ·variance off each, down to 0.
	within := func(lambda float64) (distance, sum float64) {
		for _, g := range groups {
			off := min(g.gap, lambda*g.variance)
			distance += off * off / g.variance
			sum += g.gap - off
		}
		return distance, sum
	}
	low, high := 0.0, biggest
	for range 60 {
		middle := (low + high) / 2
		if d, _ := within(middle); d <= q {
			low = middle
		} else {
			high = middle
		}
	}
	if d, _ := within(biggest); d <= q {
		low = biggest
	}
	_, least := within(low)
	out := Interval{Point: gaps / total.weight, Lower: least / total.weight, Upper: (gaps + math.Sqrt(q*variances)) / total.weight, N: total.n()}
	return out.from(0), min(binError/total.weight, 1)
}
