// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// telemetry records what metadata.yaml declares.
type telemetry struct{ *metadata.TelemetryBuilder }

func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

func (t *telemetry) stats(ctx context.Context, s drift.Stats) {
	for o, n := range s.Points {
		if n > 0 {
			t.MlDriftPoints.Add(ctx, int64(n), with("outcome", drift.Outcome(o).String()))
		}
	}
	for kind, n := range s.Evicted {
		t.MlDriftEvicted.Add(ctx, int64(n), with("kind", kind))
	}
	for kind, n := range s.Happened {
		if n > 0 {
			t.MlDriftEvents.Add(ctx, int64(n), with("event", drift.EventKind(kind).String()))
		}
	}
	if s.NamesCut > 0 {
		t.MlDriftNamesCut.Add(ctx, int64(s.NamesCut))
	}
	t.MlDriftModels.Record(ctx, int64(s.Models))
	t.MlDriftSeries.Record(ctx, int64(s.Series))
}

func (t *telemetry) decoded(ctx context.Context, d *otlp.Decoded) {
	if d.Unreadable > 0 {
		t.MlDriftPoints.Add(ctx, int64(d.Unreadable), with("outcome", drift.Invalid.String()))
	}
	if d.Overflow > 0 {
		t.MlDriftPoints.Add(ctx, int64(d.Overflow), with("outcome", drift.Overflowed.String()))
	}
}

func (t *telemetry) loads(ctx context.Context, loaded, failed int) {
	if loaded > 0 {
		t.MlDriftSaves.Add(ctx, int64(loaded), with("outcome", "loaded"))
	}
	if failed > 0 {
		t.MlDriftSaves.Add(ctx, int64(failed), with("outcome", "load_failed"))
	}
}

func (t *telemetry) save(ctx context.Context, outcome string) {
	t.MlDriftSaves.Add(ctx, 1, with("outcome", outcome))
}

func (t *telemetry) emission(ctx context.Context, outcome string) {
	t.MlDriftEmissions.Add(ctx, 1, with("outcome", outcome))
}

func (t *telemetry) alerts(ctx context.Context, outcome string, n int) {
	if n > 0 {
		t.MlDriftAlerts.Add(ctx, int64(n), with("outcome", outcome))
	}
}

func (t *telemetry) evidence(ctx context.Context, outcome string, n int) {
	if n > 0 {
		t.MlDriftEvidence.Add(ctx, int64(n), with("outcome", outcome))
	}
}

func (t *telemetry) verdict(ctx context.Context, verdict string) {
	t.MlDriftVerdictChanges.Add(ctx, 1, with("verdict", verdict))
}
