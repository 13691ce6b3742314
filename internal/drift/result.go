// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Score is what one statistic says of a window.
type Score struct {
	Method string
	// Score is the statistic, PValue the probability of one at least as large if nothing had
	// changed.
	Score, PValue float64
	// Effect is compared with Threshold.
	Effect, Threshold float64
	// Error is how far Score may be from that of the values themselves, as it is of bins
	// (stats.Result); infinite where that is not known.
	Error float64
	// reference is the p-value of the reference's own error alone, as if the window had endless
	// rows; known where the effect is at its threshold.
	reference float64
	// point is the effect that ends a drift.
	point float64
}

// Limit is the threshold in terms of Score. ok is false where Score is not what is judged: that of
// chi2 grows with the number of rows.
func (s *Score) Limit() (limit float64, ok bool) {
	if tool, found := convention.Find(s.Method); found {
		return tool.Limit(s.Threshold)
	}
	return s.Threshold, s.Method != string(stats.Chi2)
}

// referenceError is how probable a difference may be by the reference's own error. All windows of a
// series share that error, and so it must not be one of many tries: below a thousand rows it raises
// what a drift takes.
const referenceError = 1e-4

// reaches reports whether the effect is at its threshold, and above what the reference's own error
// explains.
func (s *Score) reaches() bool { return s.Effect >= s.Threshold && s.reference <= referenceError }

// calm reports whether the effect is far below its threshold, or nothing that chance would not do.
func (s *Score) calm() bool { return s.point < leave*s.Threshold || s.PValue > quiet }

const (
	// leave is the part of the threshold below which a drift is over: above it, noise alone would
	// begin and end it again and again.
	leave = 0.7
	// quiet is the p-value above which an effect says nothing.
	quiet = 0.25
)

// Result is a window of one subject compared with one reference.
type Result struct {
	Key       Key
	Reference string
	// Start and End are event time, in seconds since 1970.
	Start, End int64
	// Samples and ReferenceSamples are numbers of values; of the subject Missing, of rows.
	Samples, ReferenceSamples uint64
	// Effective is how many independent values the window's are worth.
	Effective float64
	// Speed is which window this is, and of a drift that holds which one found it.
	Speed Speed
	// Since is the start of the first window of a drift that holds; else 0.
	Since int64
	// Scores are empty where there is nothing to compare. The first that reaches its threshold
	// comes first, and decides.
	Scores  []Score
	Verdict Verdict
	// Reason is why the verdict is Insufficient, Reasons are all that were given so far for this
	// subject.
	Reason  Reason
	Reasons Reasons
	// Exemplar is a row that shows the growth; nil if there is none.
	Exemplar *Exemplar
	// Exemplars are up to three of them, each of another group or category: of the one that has grown
	// most first.
	Exemplars []Exemplar
	// Summary is of confidence and classes; nil for other subjects, and without values.
	Summary *Summary
	// Growth is what has grown, where the first effect is at its threshold; else nil.
	Growth *Growth
	// Change is what kind of change there is, and Parts are segments that have more of it than of
	// the rows: of windows that are closed, where the first effect is at its threshold; of scores in
	// between, where the verdict is Drift. Parts are of the total.
	Change change.Change
	Parts  []Part
}

// Change is a new verdict and the window that brought it.
type Change struct {
	Result
	From Verdict
}

// reaches tells whether any effect is at its threshold.
func (r *Result) reaches() bool { return len(r.Scores) > 0 && r.Scores[0].reaches() }

// lead brings the score that decides to the front: the first of those that reach their thresholds.
func (r *Result) lead() {
	for i := range r.Scores {
		if one := r.Scores[i]; one.reaches() {
			copy(r.Scores[1:i+1], r.Scores[:i])
			r.Scores[0] = one
			return
		}
	}
}

// pValue is the probability that any of the methods reaches its threshold by chance: the least
// p-value of those that do, times the number of methods (Bonferroni); 1 where none does.
func (r *Result) pValue() float64 {
	p := 1.0
	for i := range r.Scores {
		if r.Scores[i].reaches() {
			p = min(p, r.Scores[i].PValue*float64(len(r.Scores)))
		}
	}
	return p
}

// calm reports whether no method sees anything.
func (r *Result) calm() bool {
	for i := range r.Scores {
		if !r.Scores[i].calm() {
			return false
		}
	}
	return true
}
