// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

// Score is what one statistic says of a window.
type Score struct {
	Method string
	// Score is the statistic, PValue the probability of one at least as large if nothing had
	// changed.
	Score, PValue float64
	// Effect is compared with Threshold.
	Effect, Threshold float64
}

// Result is a window of one subject compared with one reference.
type Result struct {
	Key       Key
	Reference string
	// Start and End are event time, in seconds since 1970.
	Start, End int64
	// Samples and ReferenceSamples are numbers of values; of the subject Missing, of rows.
	Samples, ReferenceSamples uint64
	// Scores are empty where there is nothing to compare; the first one decides.
	Scores  []Score
	Verdict Verdict
	// Reason is why the verdict is Insufficient, Reasons are all that were given so far for this
	// subject.
	Reason  Reason
	Reasons Reasons
	// Exemplar is a row that shows the growth; nil if there is none.
	Exemplar *Exemplar
	// Summary is of confidence and classes; nil for other subjects, and without values.
	Summary *Summary
	// Growth is what has grown, where the first effect is at its threshold; else nil.
	Growth *Growth
}

// Change is a new verdict and the window that brought it.
type Change struct {
	Result
	From Verdict
}

// reaches tells whether the effect that decides is at its threshold.
func (r *Result) reaches() bool {
	return len(r.Scores) > 0 && r.Scores[0].Effect >= r.Scores[0].Threshold
}
