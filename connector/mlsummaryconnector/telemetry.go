// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/reader"
)

// option is an attribute set, made once.
type option []metric.AddOption

func newOption(key, value string) option {
	return option{metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))}
}

// What becomes of spans and flushes.
var (
	outcomeCounted   = newOption("outcome", "counted")
	outcomeMalformed = newOption("outcome", "malformed")
	outcomeSkipped   = newOption("outcome", "skipped")
	outcomeRepeated  = newOption("outcome", "repeated")
	outcomeSent      = newOption("outcome", "sent")
	outcomeFailed    = newOption("outcome", "failed")
	outcomeDropped   = newOption("outcome", "dropped")
)

// The limits that a value can run into.
var (
	limitModels     = newOption("limit", "models")
	limitSegments   = newOption("limit", "segments")
	limitFeatures   = newOption("limit", "features")
	limitCategories = newOption("limit", "categories")
)

// telemetry records what the connector says of itself, once per batch or flush.
type telemetry struct{ builder *metadata.TelemetryBuilder }

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	return &telemetry{b}, err
}

// batch records what a batch did.
func (t *telemetry) batch(ctx context.Context, s *reader.Stats) {
	add := func(counter metric.Int64Counter, n int64, o option) {
		if n > 0 {
			counter.Add(ctx, n, o...)
		}
	}
	add(t.builder.MlSummarySpans, s.Counted, outcomeCounted)
	add(t.builder.MlSummarySpans, s.Malformed, outcomeMalformed)
	add(t.builder.MlSummarySpans, s.Skipped, outcomeSkipped)
	add(t.builder.MlSummaryOverflowed, s.OverflowedModels, limitModels)
	add(t.builder.MlSummaryOverflowed, s.OverflowedSegments, limitSegments)
	add(t.builder.MlSummaryOverflowed, s.OverflowedFeatures, limitFeatures)
	add(t.builder.MlSummaryOverflowed, s.OverflowedCategories, limitCategories)
	add(t.builder.MlSummaryFolded, s.Folded, nil)
}

func (t *telemetry) repeated(ctx context.Context, n int64) {
	t.builder.MlSummarySpans.Add(ctx, n, outcomeRepeated...)
}

func (t *telemetry) flushes(ctx context.Context, o option, n int64) {
	t.builder.MlSummaryFlushes.Add(ctx, n, o...)
}

func (t *telemetry) points(ctx context.Context, n int64) { t.builder.MlSummaryPoints.Add(ctx, n) }

func (t *telemetry) cells(ctx context.Context, n int64) { t.builder.MlSummaryCells.Record(ctx, n) }
