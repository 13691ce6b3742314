// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import "math"

// Verdict is what a difference of a measure between two sides is judged to be.
type Verdict string

// The verdicts.
const (
	// Worse is a measure that has become worse by more than the margin, as far as the level goes.
	Worse Verdict = "worse"
	// NotWorse is one that has not become worse by more than the margin.
	NotWorse Verdict = "not_worse"
	// Inconclusive is one of which neither can be said, though there are rows enough to see a
	// change of the margin's size.
	Inconclusive Verdict = "inconclusive"
	// Undetectable is one of which neither can be said, and so few rows that a change of the
	// margin's size would seldom be seen.
	Undetectable Verdict = "undetectable"
)

// Verdicts are all verdicts.
func Verdicts() []Verdict { return []Verdict{Worse, NotWorse, Inconclusive, Undetectable} }

// Power is how often a test is to find what it is for.
const Power = 0.8

// Judge says whether a measure has become worse by more than the margin, which is at least 0 and in
// the measure's unit (0.005 of a rate are half a point), given the interval of the later side minus
// the earlier one: non-inferiority (Piaggio and others, CONSORT, JAMA 308, 2012). It is sure of Worse
// where the whole interval lies beyond the margin, and of NotWorse where all of it lies within;
// a two-sided interval of 95 % makes each wrong in 2.5 % of cases at most.
func (m Measure) Judge(difference Interval, margin, level float64) Verdict {
	low, high := difference.Lower, difference.Upper
	switch m.Direction() {
	case WorseDownwards:
		low, high = -high, -low
	case WorseOutwards:
		// The further of the two ways.
		if math.Abs(low) > math.Abs(high) {
			low, high = -high, -low
		}
		low, high = max(low, 0), max(high, -low)
	}
	switch {
	case !difference.Defined():
		return Undetectable
	case low > margin:
		return Worse
	case high <= margin:
		return NotWorse
	case Detectable(difference, level) > margin:
		return Undetectable
	}
	return Inconclusive
}

// Detectable is the smallest change that would be found in Power of cases, given the interval of a
// difference at the level: (z + z_power)/z of half its width; infinite where it has no bounds.
func Detectable(difference Interval, level float64) float64 {
	half := (difference.Upper - difference.Lower) / 2
	if math.IsNaN(half) {
		return math.Inf(1)
	}
	z := normalQuantile(level)
	return half * (z + normalQuantile(2*Power-1)) / z
}

// RowsForRate is how many rows each of two sides needs for a rise of a rate by the margin to be found
// in Power of cases (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003,
// without continuity correction): (z + z_power)²·(p(1−p) + p'(1−p'))/margin² with p' = p + margin.
// NaN where p or p' is no rate.
func RowsForRate(p, margin, level float64) float64 {
	q := p + margin
	if !(p >= 0 && q <= 1 && margin > 0) {
		return math.NaN()
	}
	z := normalQuantile(level) + normalQuantile(2*Power-1)
	return math.Ceil(z * z * (p*(1-p) + q*(1-q)) / (margin * margin))
}

// RowsForPairs is RowsForRate where both sides are of the same rows and differ in the share
// discordant of them (Connor, Biometrics 43, 1987): (z√ψ + z_power√(ψ−δ²))²/δ². NaN where the margin
// is larger than that share.
func RowsForPairs(discordant, margin, level float64) float64 {
	if !(margin > 0 && margin <= discordant && discordant <= 1) {
		return math.NaN()
	}
	root := normalQuantile(level)*math.Sqrt(discordant) + normalQuantile(2*Power-1)*math.Sqrt(discordant-margin*margin)
	return math.Ceil(root * root / (margin * margin))
}
