// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// MaxText is the longest name, id or class of a label, in bytes. A longer one is refused, not cut:
// half an id finds no prediction.
const MaxText = 512

// MaxRelevances is the largest number of items that one label judges.
const MaxRelevances = 1000

// Label is the truth about a prediction. Which prediction is meant says the first that is there of
// PredictionID, Key, and TraceID with SpanID. A log record has the trace in which it was written,
// which may be another one than the prediction's where it has an id or a key.
type Label struct {
	// Model is the name of the model; empty means any that has made such a prediction.
	Model string
	// Environment is deployment.environment.name of the model; empty means any.
	Environment string
	// PredictionID is ml.prediction.id of the prediction.
	PredictionID string
	// Key is a key of the business, such as the number of an order, that is an attribute of the
	// prediction's span.
	Key string
	// TraceID and SpanID are those of the prediction's span. A trace alone is that of one
	// prediction. A span has a trace.
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	// Row is the place of the prediction, from 0, in a call that predicts several.
	Row int

	// Retracted takes back the label that is known. There is no class, value or relevance then.
	Retracted bool
	// Class is the true class, spelt as the category of a prediction is. A label that may be a class
	// or a number, such as 1, has both, and the task of the model says which one counts.
	Class string
	// Value is the true number, where HasValue is set. It is finite.
	Value    float64
	HasValue bool
	// Relevances say which of the items that were shown were right, and how much so.
	Relevances []Relevance

	// Time is when the truth was known, from 1970 to 2261; zero where nobody said so.
	Time time.Time
	// PredictionTime is when the prediction was made; zero where nobody said so.
	PredictionTime time.Time
	// Weight is what the label counts, 0 or more; 1 is usual.
	Weight float64
	// Source is who says so: chargeback, reviewer, thumbs.
	Source string
	// Set is the set of labels that it belongs to, such as gold; empty means those of live traffic.
	Set string
}

// Relevance is what one item of a ranking was worth.
type Relevance struct {
	Item string
	// Gain is 0 for an item that was wrong, 1 for one that was right, or more. It is finite.
	Gain float64
}

// lastYear is the last one that nanoseconds since 1970 can say in full.
const lastYear = 2261

func inRange(t time.Time) bool { return !t.Before(time.Unix(0, 0)) && t.UTC().Year() <= lastYear }
