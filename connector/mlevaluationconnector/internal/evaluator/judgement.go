// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import "go.opentelemetry.io/collector/pdata/pcommon"

// kindHuman is what OpenInference calls a person who judges.
const kindHuman = "HUMAN"

// Source tells the judgements of one answer apart: a later one of the same source takes the place of
// the earlier one.
type Source struct {
	// Evaluator is the criterion or the evaluator, such as relevance. It is never empty.
	Evaluator string
	// Kind is who has judged: OpenInference's LLM, HUMAN or CODE, or what a judge calls itself; empty
	// where that is not known.
	Kind string
	// Identifier is the producer's own for results of the same name, such as judge-v2 or a
	// reviewer. It is compared and never shown.
	Identifier string
}

// Judgement is what an evaluator says of an answer. It has a score, a label, or both; one that has
// failed has neither.
type Judgement struct {
	Source

	// Score is a finite number, where HasScore is set. What is good, and its range, is the
	// evaluator's.
	Score    float64
	HasScore bool
	// Label is the result in a word, such as pass; empty for none.
	Label string
	// ErrorType is why the evaluator has failed; empty where it has not.
	ErrorType string

	// TraceID and SpanID are those of the judged span. SpanID is empty where only ResponseID is
	// known.
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	// ResponseID is gen_ai.response.id of the answer, empty where it is not said. The span of a log
	// record is the one in which it was written, which may be the evaluator's own: where that is no
	// answer, this one finds it.
	ResponseID string
	// Time is when it was judged, in nanoseconds since 1970.
	Time int64
}

// Failed says that the evaluator has failed: it says nothing of the answer.
func (j *Judgement) Failed() bool { return j.ErrorType != "" }
