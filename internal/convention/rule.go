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
	// byP: the p-value decides, not the score.
	byP bool
	// none: the score cannot be compared with a threshold.
	none bool
	// words names the verdict instead.
	words func(score float64) string
}

// atLeastTenth is a distance of at least 0.1.
var atLeastTenth = rule{limit: 0.1, at: true}

// The rules of tools: a distance above its limit, a p-value below, or at or below.
func above(limit float64) rule { return rule{limit: limit} }

func below(limit float64) rule  { return rule{limit: limit, below: true} }
func atMost(limit float64) rule { return rule{limit: limit, below: true, at: true} }

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
	if given {
		r.Threshold = limit
	}
	switch value := u.value(r); {
	case r.Verdict != "" || math.IsNaN(value):
	case u.words != nil:
		r.Verdict = u.words(value)
	case given:
		r.Verdict = OK
		if u.exceeded(value, limit) {
			r.Verdict = Drift
		}
	}
}

// value is what is compared with the limit.
func (u rule) value(r *Result) float64 {
	if u.byP {
		return r.PValue
	}
	return r.Score
}

// Effect grows with the difference: it is the score, and of tests one less their p-value. The
// threshold is of the effect, and NaN where the tool has none.
func (m *Method) Effect(r *Result) (effect, threshold float64) {
	if !m.rule.below {
		return r.Score, r.Threshold
	}
	level := r.Threshold
	if math.IsNaN(level) {
		level = usualLevel
	}
	return 1 - m.rule.value(r), 1 - level
}

// Limit is the threshold of an Effect in terms of the score: what a score that is a p-value falls
// below. ok is false where the score is not what is judged.
func (m *Method) Limit(threshold float64) (limit float64, ok bool) {
	switch {
	case m.rule.byP:
		return 0, false
	case m.rule.below:
		return 1 - threshold, true
	}
	return threshold, true
}

// usualLevel is the limit of a test that has none.
const usualLevel = 0.05

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
	if m.rule.below && !m.rule.byP {
		return "p-value"
	}
	return "distance"
}
