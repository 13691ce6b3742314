// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package answer is what ml_evaluation keeps of a prediction: all that a label, an evaluator or the
// answer of another model can be compared with, and no more.
package answer

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Answer is one row of a prediction.
type Answer struct {
	prediction.Identity

	// Segments are the cohorts that it belongs to, such as country=DE. The total is not among them.
	Segments []string
	// TraceID and SpanID are those of its span.
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	// PredictionID is ml.prediction.id, ResponseID gen_ai.response.id, Key the business' own; all may
	// be empty.
	PredictionID, ResponseID, Key string
	// Row is its place, from 0, in a call that predicts several.
	Row int
	// Time is the event time, when the span ended, in nanoseconds since 1970.
	Time int64
	// Duration is how long the span took in seconds, -1 where that is unknown.
	Duration float64
	// Weight is how many predictions it stands for, as it was sampled; 1 is usual.
	Weight float64
	// Failed says that the call failed: it has no answer.
	Failed bool

	// Class is the class that was predicted; empty for none.
	Class string
	// Value is the number that was predicted, where HasValue is set.
	Value    float64
	HasValue bool
	// Score is that of the positive class, 0 to 1, where HasScore is set.
	Score    float64
	HasScore bool
	// Scores are those of all classes, sorted by class.
	Scores []ClassScore
	// Ranking has items in the order in which they were shown.
	Ranking []string
}

// ClassScore is the score of one class, 0 to 1.
type ClassScore struct {
	Class string
	Score float64
}
