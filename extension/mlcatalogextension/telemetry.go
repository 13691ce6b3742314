// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/follow"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/review"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

var (
	loaded = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "loaded")))
	failed = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "failed")))

	loadedModels, keptModels, rejectedModels = cards("model", "loaded"), cards("model", "kept"), cards("model", "rejected")
	loadedJobs, keptJobs, rejectedJobs       = cards("job", "loaded"), cards("job", "kept"), cards("job", "rejected")
	rejectedUnknown                          = cards("unknown", "rejected")
)

func cards(kind, state string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", kind), attribute.String("state", state)))
}

// recordLoad says what a load has found, and what is in force now.
func (e *catalogExtension) recordLoad(ctx context.Context, result *catalog.Result) {
	if result.Err == nil {
		e.telemetry.MlCatalogReloads.Add(ctx, 1, loaded)
	} else {
		e.telemetry.MlCatalogReloads.Add(ctx, 1, failed)
	}
	e.telemetry.MlCatalogViolations.Record(ctx, int64(yamldoc.Count(result.Err)))
	var kept catalog.Cards
	for _, k := range result.Kept {
		if k.Kind == "model" {
			kept.Models++
		} else {
			kept.Jobs++
		}
	}
	for _, c := range []struct {
		n  int
		of metric.MeasurementOption
	}{
		{len(result.Set.Models) - kept.Models, loadedModels},
		{kept.Models, keptModels},
		{result.Rejected.Models, rejectedModels},
		{len(result.Set.Jobs) - kept.Jobs, loadedJobs},
		{kept.Jobs, keptJobs},
		{result.Rejected.Jobs, rejectedJobs},
		{result.Rejected.Unknown, rejectedUnknown},
	} {
		e.telemetry.MlCatalogCards.Record(ctx, int64(c.n), c.of)
	}
	e.telemetry.MlCatalogLastLoad.Record(ctx, float64(time.Now().UnixMilli())/1000)
}

var (
	nearModels = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "model")))
	nearJobs   = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "job")))
)

// recordReview says how many cards and names do not meet.
func (e *catalogExtension) recordReview(ctx context.Context, f review.Found) {
	e.telemetry.MlCatalogNamesNear.Record(ctx, int64(f.NearModels), nearModels)
	e.telemetry.MlCatalogNamesNear.Record(ctx, int64(f.NearJobs), nearJobs)
	e.telemetry.MlCatalogCardsUnmatched.Record(ctx, int64(f.Unmatched))
}

// sourceAttributes are the options of a source's metrics, made once.
type sourceAttributes struct {
	age                       metric.ObserveOption
	changed, unchanged, fails metric.MeasurementOption
	models, versions, views   metric.MeasurementOption
}

func newSourceAttributes(name string) sourceAttributes {
	of := func(more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(append(more, attribute.String("source", name))...))
	}
	return sourceAttributes{
		age:       of(),
		changed:   of(attribute.String("result", "changed")),
		unchanged: of(attribute.String("result", "unchanged")),
		fails:     of(attribute.String("result", "failed")),
		models:    of(attribute.String("fact", "model")),
		versions:  of(attribute.String("fact", "version")),
		views:     of(attribute.String("fact", "feature_view")),
	}
}

// countFetch records what became of a fetch, and what the source's facts are.
func (e *catalogExtension) countFetch(a sourceAttributes, outcome follow.Outcome, facts catalog.Facts) {
	ctx := context.Background()
	switch outcome {
	case follow.Changed:
		e.telemetry.MlCatalogSourceFetches.Add(ctx, 1, a.changed)
	case follow.Unchanged:
		e.telemetry.MlCatalogSourceFetches.Add(ctx, 1, a.unchanged)
	default:
		e.telemetry.MlCatalogSourceFetches.Add(ctx, 1, a.fails)
	}
	versions := 0
	for i := range facts.Models {
		versions += len(facts.Models[i].Versions)
	}
	e.telemetry.MlCatalogSourceFacts.Record(ctx, int64(len(facts.Models)), a.models)
	e.telemetry.MlCatalogSourceFacts.Record(ctx, int64(versions), a.versions)
	e.telemetry.MlCatalogSourceFacts.Record(ctx, int64(len(facts.FeatureViews)), a.views)
}
