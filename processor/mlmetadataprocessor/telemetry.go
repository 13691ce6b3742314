// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/metadata"
)

// outcome is what became of a span. A span that is a prediction and a stage counts as the first of
// its outcomes.
type outcome int

const (
	unknownModel outcome = iota
	unknownVersion
	unknownJob
	enriched
	untouched
	numOutcomes
)

var outcomes = [numOutcomes]metric.MeasurementOption{
	unknownModel:   outcomeOption("unknown_model"),
	unknownVersion: outcomeOption("unknown_version"),
	unknownJob:     outcomeOption("unknown_job"),
	enriched:       outcomeOption("enriched"),
	untouched:      outcomeOption("untouched"),
}

func outcomeOption(name string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", name)))
}

// outcomeCounts are the spans of one request by outcome.
type outcomeCounts [numOutcomes]int64

func (c *outcomeCounts) record(ctx context.Context, telemetry *metadata.TelemetryBuilder) {
	for o, n := range c {
		if n > 0 {
			telemetry.MlMetadataSpans.Add(ctx, n, outcomes[o])
		}
	}
}
