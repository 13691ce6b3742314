// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/count"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// option is an attribute set, made once.
type option []metric.AddOption

func newOption(key, value string) option {
	return option{metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))}
}

// What becomes of spans and flushes.
var (
	outcomeCounted     = newOption("outcome", "counted")
	outcomeMalformed   = newOption("outcome", "malformed")
	outcomeSkipped     = newOption("outcome", "skipped")
	outcomeNotSelected = newOption("outcome", "not_selected")
	outcomeRepeated    = newOption("outcome", "repeated")
	outcomeNested      = newOption("outcome", "nested")
	outcomeSent        = newOption("outcome", "sent")
	outcomeFailed      = newOption("outcome", "failed")
	outcomeDropped     = newOption("outcome", "dropped")
)

// Why a span is not counted beside another.
var (
	mergedNested  = newOption("reason", "nested")
	mergedSibling = newOption("reason", "sibling")
)

// The limits that a value can run into.
var (
	limitModels     = newOption("limit", "models")
	limitSegments   = newOption("limit", "segments")
	limitFeatures   = newOption("limit", "features")
	limitCategories = newOption("limit", "categories")
	limitServices   = newOption("limit", "services")
	limitErrors     = newOption("limit", "errors")
	limitDetectors  = newOption("limit", "detectors")
	limitSources    = newOption("limit", "sources")
	limitChecks     = newOption("limit", "checks")
	limitPlacements = newOption("limit", "placements")
	limitRows       = newOption("limit", "rows")
)

// limitOf are the attribute sets of the limits of tables.
var limitOf = [series.NumLimits]option{
	series.LimitModels: limitModels, series.LimitSegments: limitSegments, series.LimitFeatures: limitFeatures,
	series.LimitCategories: limitCategories, series.LimitServices: limitServices, series.LimitErrors: limitErrors,
	series.LimitSources: limitSources, series.LimitChecks: limitChecks,
}

// flaws are the attribute sets of ml_summary_unusable_values.
var flaws = func() (list []option) {
	for i := range len(count.Stats{}.Flaws) {
		list = append(list, newOption("reason", prediction.Flaw(i).String()))
	}
	return list
}()

// telemetry records what the connector says of itself, once per batch or flush.
type telemetry struct {
	builder *metadata.TelemetryBuilder

	mu sync.Mutex
	// unread are the attribute sets of operations that nobody knows, at most maxOperations of them
	// and one for the rest.
	unread map[string]option
}

// maxOperations is how many operations ml_summary_unread tells apart.
const maxOperations = 20

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	return &telemetry{builder: b, unread: make(map[string]option)}, err
}

// operation returns the attribute set of an operation.
func (t *telemetry) operation(name string) option {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, ok := t.unread[name]
	if ok {
		return o
	}
	if len(t.unread) >= maxOperations {
		name = "_OTHER"
		if o, ok := t.unread[name]; ok {
			return o
		}
	}
	name = strings.Clone(name)
	short, _ := boundedname.Cut(name)
	o = newOption("operation", cmp.Or(short, "none"))
	t.unread[name] = o
	return o
}

// batch records what a batch did.
func (t *telemetry) batch(ctx context.Context, s *count.Stats) {
	add := func(counter metric.Int64Counter, n int64, o option) {
		if n > 0 {
			counter.Add(ctx, n, o...)
		}
	}
	add(t.builder.MlSummarySpans, s.Counted, outcomeCounted)
	add(t.builder.MlSummarySpans, s.Malformed, outcomeMalformed)
	add(t.builder.MlSummarySpans, s.Skipped, outcomeSkipped)
	add(t.builder.MlSummarySpans, s.NotSelected, outcomeNotSelected)
	add(t.builder.MlSummarySpans, s.Repeated, outcomeRepeated)
	add(t.builder.MlSummarySpans, s.Nested+s.Siblings, outcomeNested)
	add(t.builder.MlSummaryMerged, s.Nested, mergedNested)
	add(t.builder.MlSummaryMerged, s.Siblings, mergedSibling)
	add(t.builder.MlSummaryUnknownUsage, s.UnknownUsage, nil)
	add(t.builder.MlSummaryOverflowed, s.OverflowedModels, limitModels)
	add(t.builder.MlSummaryOverflowed, s.OverflowedSegments, limitSegments)
	add(t.builder.MlSummaryOverflowed, s.OverflowedFeatures, limitFeatures)
	add(t.builder.MlSummaryOverflowed, s.OverflowedCategories, limitCategories)
	add(t.builder.MlSummaryOverflowed, s.OverflowedServices, limitServices)
	add(t.builder.MlSummaryOverflowed, s.OverflowedErrors, limitErrors)
	add(t.builder.MlSummaryOverflowed, s.OverflowedDetectors, limitDetectors)
	add(t.builder.MlSummaryOverflowed, s.OverflowedSources, limitSources)
	add(t.builder.MlSummaryOverflowed, s.OverflowedChecks, limitChecks)
	add(t.builder.MlSummaryOverflowed, s.OverflowedPlacements, limitPlacements)
	add(t.builder.MlSummaryOverflowed, s.UnreadRows, limitRows)
	add(t.builder.MlSummaryUnwatched, s.Unwatched, nil)
	add(t.builder.MlSummaryFolded, s.Folded, nil)
	add(t.builder.MlSummaryAdjusted, s.Adjusted, nil)
	add(t.builder.MlSummaryCutNames, s.Cut, nil)
	for i, n := range s.Flaws {
		add(t.builder.MlSummaryUnusableValues, n, flaws[i])
	}
	for operation, n := range s.Unread {
		add(t.builder.MlSummaryUnread, n, t.operation(operation))
	}
}

// evictions records the places that tables have given away.
func (t *telemetry) evictions(ctx context.Context, given *series.Evictions) {
	for limit, n := range given.Counts {
		t.evicted(ctx, limitOf[limit], n)
	}
}

func (t *telemetry) evicted(ctx context.Context, limit option, n int) {
	if n > 0 {
		t.builder.MlSummaryEvicted.Add(ctx, int64(n), limit...)
	}
}

// conditions records how often a condition could not be evaluated.
func (t *telemetry) conditions(ctx context.Context, failures int64) {
	if failures > 0 {
		t.builder.MlSummaryConditionErrors.Add(ctx, failures)
	}
}

func (t *telemetry) flushes(ctx context.Context, o option, n int64) {
	t.builder.MlSummaryFlushes.Add(ctx, n, o...)
}

func (t *telemetry) points(ctx context.Context, n int64) { t.builder.MlSummaryPoints.Add(ctx, n) }

func (t *telemetry) accumulators(ctx context.Context, n int64) {
	t.builder.MlSummaryCells.Record(ctx, n)
}

func (t *telemetry) placements(ctx context.Context, n int) {
	t.builder.MlSummaryPlacements.Record(ctx, int64(n))
}

func (t *telemetry) detectors(ctx context.Context, n int) {
	t.builder.MlSummaryDetectors.Record(ctx, int64(n))
}
