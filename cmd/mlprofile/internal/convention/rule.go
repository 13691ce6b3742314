// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

// rule is how a tool makes a verdict of a method's score.
type rule struct {
	limit float64 // 0: the tool has no default
	// below: drift is a score below the limit, as for p-values.
	below bool
	// at: a score that equals the limit is drift.
	at bool
	// of computes the limit from the current number of values and of cells.
	of func(o options, n float64, cells int) float64
	// none: the score cannot be compared with a threshold.
	none bool
	// words names the verdict instead.
	words func(score float64) string
}

// The rules of tools: a distance above its limit, at or above it, a p-value below, or at or below.
func above(limit float64) rule   { return rule{limit: limit} }
func atLeast(limit float64) rule { return rule{limit: limit, at: true} }
func below(limit float64) rule   { return rule{limit: limit, below: true} }
func atMost(limit float64) rule  { return rule{limit: limit, below: true, at: true} }

// pValue has no limit but one that is given.
var pValue = rule{below: true}

// judge sets threshold and verdict. A verdict that the method has made stays.
func (u rule) judge(o options, n float64, r *Result) {
	limit, given := o[threshold].(float64)
	switch {
	case given:
	case u.of != nil:
		limit, given = u.of(o, n, r.cells), true
	default:
		limit, given = u.limit, u.limit > 0
	}
	r.Threshold = math.NaN()
	switch {
	case r.Verdict != "" || math.IsNaN(r.Score):
	case u.words != nil:
		r.Verdict = u.words(r.Score)
	case given:
		r.Threshold, r.Verdict = limit, OK
		if u.exceeded(r.Score, limit) {
			r.Verdict = Drift
		}
	}
}

func (u rule) exceeded(score, limit float64) bool {
	switch {
	case score == limit:
		return u.at
	case u.below:
		return score < limit
	}
	return score > limit
}

// Shows says what a method's score is: a p-value, which is small for a difference, or a distance.
func (m *Method) Shows() string {
	if m.rule.below {
		return "p-value"
	}
	return "distance"
}
