// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

// User is the evaluator of a label that does not say its source.
const User = "user"

// Judgements wait for their answers as labels do, one set of labels for each source: a later one of
// the set takes the place of the earlier one. The set's name is mark, the three parts of the source
// and, for evaluators that have failed, mark again, each after a mark.
const mark = "\x00"

// AsLabel is the judgement as a label, which FromLabel reads. It finds its answer by the span, or by
// the response where no span is known. A failure is of a set of its own, so that it takes the place
// of no score.
func (j *Judgement) AsLabel() label.Label {
	set := mark + j.Evaluator + mark + j.Kind + mark + j.Identifier
	class := j.Label
	if j.Failed() {
		set, class = set+mark, j.ErrorType
	}
	response := j.ResponseID
	if !j.SpanID.IsEmpty() {
		response = ""
	}
	return label.Label{
		TraceID: j.TraceID, SpanID: j.SpanID, PredictionID: response, Class: class, Value: j.Score, HasValue: j.HasScore,
		Time: time.Unix(0, j.Time).UTC(), Weight: 1, Set: set,
	}
}

// FromLabel is a label as a judgement, of the evaluator that its source names: a user's thumb, which
// says nothing that the answer can be compared with. A number is the score, a class without one the
// label. ok is false for a label that is retracted, and for one that has neither.
func FromLabel(l *label.Label) (j Judgement, ok bool) {
	j = Judgement{TraceID: l.TraceID, SpanID: l.SpanID, ResponseID: l.PredictionID, Score: l.Value, HasScore: l.HasValue}
	if !l.Time.IsZero() {
		j.Time = l.Time.UnixNano()
	}
	if source, failed, ok := sourceOf(l.Set); ok {
		j.Source = source
		if failed {
			j.ErrorType = l.Class
		} else {
			j.Label = l.Class
		}
		return j, !l.Retracted
	}
	if j.Evaluator = cmp.Or(l.Source, User); l.Source == "" {
		j.Kind = kindHuman
	}
	if !l.HasValue {
		j.Label = l.Class
	}
	return j, !l.Retracted && (j.HasScore || j.Label != "")
}

// IsJudgement reports whether a label is one that AsLabel has made.
func IsJudgement(l *label.Label) bool {
	_, _, ok := sourceOf(l.Set)
	return ok
}

// sourceOf reads the name of a set that AsLabel has made.
func sourceOf(set string) (s Source, failed, ok bool) {
	rest, ok := strings.CutPrefix(set, mark)
	if !ok {
		return s, false, false
	}
	s.Evaluator, rest, _ = strings.Cut(rest, mark)
	s.Kind, rest, ok = strings.Cut(rest, mark)
	s.Identifier, _, failed = strings.Cut(rest, mark)
	return s, failed, ok && s.Evaluator != ""
}
