// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// source is where an event came from.
type source uint8

const (
	cloudEvents source = iota
	sageMaker
	numSources
)

var sourceNames = [numSources]string{"cloudevents", "sagemaker"}

// outcome is what became of an event.
type outcome uint8

const (
	accepted outcome = iota
	duplicate
	ignored
	badEventOutcome
	badPayload
	unsupportedPayload
	tooLarge
	refusedOutcome
	numOutcomes
)

var outcomeNames = [numOutcomes]string{
	"accepted", "duplicate", "ignored", "bad_event", "bad_payload", "unsupported_payload", "too_large", "refused",
}

func (o outcome) String() string { return outcomeNames[o] }

var payloadOutcomes = map[payload.Reason]outcome{
	payload.BadPayload: badPayload, payload.UnsupportedPayload: unsupportedPayload, payload.TooLarge: tooLarge,
}

// cause is why one side of a call left without the other one.
type cause uint8

const (
	timeout cause = iota
	evictedCause
	shutdown
	lostCause
	numCauses
)

var causeNames = [numCauses]string{"timeout", "evicted", "shutdown", "lost"}

var halvesNames = [numHalves]string{"both", "request", "response"}

// telemetry is the receiver's own.
type telemetry struct {
	*metadata.TelemetryBuilder

	events  [numSources][numOutcomes]metric.MeasurementOption
	spans   [numSources][numHalves]metric.MeasurementOption
	rows    [numSources]metric.MeasurementOption
	causes  [numCauses]metric.MeasurementOption
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
	for s, from := range sourceNames {
		t.rows[s] = option("source", from)
		for o, name := range outcomeNames {
			t.events[s][o] = option("source", from, "outcome", name)
		}
		for h, name := range halvesNames {
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

func (t *telemetry) event(ctx context.Context, from source, o outcome, n int) {
	if n > 0 {
		t.InferenceLogEvents.Add(ctx, int64(n), t.events[from][o])
	}
}

func (t *telemetry) unpaired(ctx context.Context, why cause, n int) {
	if n > 0 {
		t.InferenceLogUnpaired.Add(ctx, int64(n), t.causes[why])
	}
}

// sent counts the spans of a batch that the pipeline took.
func (t *telemetry) sent(ctx context.Context, b *batch, from source) {
	for h, n := range b.made {
		if n > 0 {
			t.InferenceLogSpans.Add(ctx, n, t.spans[from][h])
		}
	}
	if b.rows > 0 {
		t.InferenceLogRows.Add(ctx, b.rows, t.rows[from])
	}
	for o, n := range b.leftOut {
		if n > 0 {
			t.InferenceLogLeftOut.Add(ctx, n, t.reasons[o])
		}
	}
}

func (t *telemetry) pending(ctx context.Context, c *calls) {
	sides, bytes := c.Waiting()
	t.InferenceLogPending.Record(ctx, int64(sides))
	t.InferenceLogPendingSize.Record(ctx, int64(bytes))
}
