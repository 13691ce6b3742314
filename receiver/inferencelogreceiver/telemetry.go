// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/pairs"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/spans"
)

// outcome is what became of an event.
type outcome uint8

const (
	accepted outcome = iota
	duplicate
	ignored
	badEvent
	badPayload
	unsupportedPayload
	tooLarge
	badFile
	refused
	numOutcomes
)

var outcomeNames = [numOutcomes]string{
	"accepted", "duplicate", "ignored", refusal.BadEvent, refusal.BadPayload, refusal.UnsupportedPayload, refusal.TooLarge, "bad_file", "refused",
}

func (o outcome) String() string { return outcomeNames[o] }

// outcomeOf returns the outcome of what is refused for a reason.
func outcomeOf(reason string) outcome { return outcome(slices.Index(outcomeNames[:], reason)) }

var (
	causeNames = [pairs.NumCauses]string{"timeout", "evicted", "shutdown", "lost"}
	partsNames = [spans.NumParts]string{"both", "request", "response"}
)

// telemetry is the receiver's own.
type telemetry struct {
	*metadata.TelemetryBuilder

	events  [call.NumSources][numOutcomes]metric.MeasurementOption
	spans   [call.NumSources][spans.NumParts]metric.MeasurementOption
	rows    [call.NumSources]metric.MeasurementOption
	causes  [pairs.NumCauses]metric.MeasurementOption
	reasons [payload.NumOmissions]metric.MeasurementOption
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{TelemetryBuilder: b}
	option := func(pairs ...string) metric.MeasurementOption {
		var attrs []attribute.KeyValue
		for i := 0; i < len(pairs); i += 2 {
			attrs = append(attrs, attribute.String(pairs[i], pairs[i+1]))
		}
		return metric.WithAttributeSet(attribute.NewSet(attrs...))
	}
	for s := range call.NumSources {
		from := s.String()
		t.rows[s] = option("source", from)
		for o, name := range outcomeNames {
			t.events[s][o] = option("source", from, "outcome", name)
		}
		for h, name := range partsNames {
			t.spans[s][h] = option("source", from, "halves", name)
		}
	}
	for c, name := range causeNames {
		t.causes[c] = option("cause", name)
	}
	for o := range payload.NumOmissions {
		t.reasons[o] = option("reason", o.String())
	}
	return t, nil
}

func (t *telemetry) event(ctx context.Context, from call.Source, o outcome, n int) {
	if n > 0 {
		t.InferenceLogEvents.Add(ctx, int64(n), t.events[from][o])
	}
}

// Unpaired counts sides of calls that left without the other one.
func (t *telemetry) Unpaired(ctx context.Context, why pairs.Cause, n int) {
	if n > 0 {
		t.InferenceLogUnpaired.Add(ctx, int64(n), t.causes[why])
	}
}

// sent counts the spans of a batch that the pipeline took.
func (t *telemetry) sent(ctx context.Context, b *spans.Batch, from call.Source) {
	for h, n := range b.Made {
		if n > 0 {
			t.InferenceLogSpans.Add(ctx, n, t.spans[from][h])
		}
	}
	if b.Rows > 0 {
		t.InferenceLogRows.Add(ctx, b.Rows, t.rows[from])
	}
	for o, n := range b.LeftOut {
		if n > 0 {
			t.InferenceLogLeftOut.Add(ctx, n, t.reasons[o])
		}
	}
}

// Waiting says how many sides wait, and what they take in memory, in bytes.
func (t *telemetry) Waiting(ctx context.Context, sides, bytes int) {
	t.InferenceLogPending.Record(ctx, int64(sides))
	t.InferenceLogPendingSize.Record(ctx, int64(bytes))
}
