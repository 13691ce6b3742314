// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

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

// record says what a load has found, and what is in force now.
func (e *catalogExtension) record(ctx context.Context, result *catalog.Result) {
	if result.Err == nil {
		e.telemetry.MlCatalogReloads.Add(ctx, 1, loaded)
	} else {
		e.telemetry.MlCatalogReloads.Add(ctx, 1, failed)
	}
	e.telemetry.MlCatalogViolations.Record(ctx, int64(len(yamldoc.Violations(result.Err))))
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
