// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Label is the truth about a prediction. PredictionID, or else TraceID and SpanID, say about which.
type Label struct {
	PredictionID string        `json:"prediction_id,omitempty"`
	TraceID      trace.TraceID `json:"trace_id,omitzero"`
	SpanID       trace.SpanID  `json:"span_id,omitzero"`
	Model        string        `json:"model,omitempty"`
	Environment  string        `json:"environment,omitempty"`
	// Label is a class, or the digits of a number.
	Label string `json:"label"`
	// Time is when the truth was known, PredictionTime when the prediction was made.
	Time           time.Time `json:"label_time"`
	PredictionTime time.Time `json:"prediction_time,omitzero"`
}

// Tally is what a collector has said of the labels that were sent.
type Tally struct {
	// Accepted were new. Duplicate were known, Late older than the collector takes them.
	Accepted, Duplicate, Late int
	// Rejected were no labels to the collector.
	Rejected int
}

// Sent is the number of labels that the collector has answered.
func (t Tally) Sent() int { return t.Accepted + t.Duplicate + t.Late + t.Rejected }

func (t *Tally) add(a *answer) {
	t.Accepted += a.Accepted
	t.Duplicate += a.Duplicate
	t.Late += a.Late
	t.Rejected += a.Rejected
}
