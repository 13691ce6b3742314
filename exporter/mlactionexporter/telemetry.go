// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/metadata"
)

// telemetry records what metadata.yaml declares.
type telemetry struct {
	builder *metadata.TelemetryBuilder
}

func outcome(name string) attribute.KeyValue { return attribute.String("outcome", name) }

func (t *telemetry) records(ctx context.Context, name string, n int) {
	if n > 0 {
		t.builder.MlActionRecords.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(outcome(name))))
	}
}

func (t *telemetry) decision(ctx context.Context, d *engine.Decision) {
	t.builder.MlActionDecisions.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("action", d.Run.Action), attribute.String("verdict", d.Verdict), attribute.String("guard", d.Guard),
	)))
}

// observe registers the gauges, which are read from the exporter whenever somebody looks.
func (t *telemetry) observe(e *actionExporter) error {
	if err := t.builder.RegisterMlActionCasesCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(int64(e.engine.Cases()))
		return nil
	}); err != nil {
		return err
	}
	if err := t.builder.RegisterMlActionLeadingCallback(func(_ context.Context, o metric.Int64Observer) error {
		var n int64
		if leading, _ := e.leader.Leading(); leading {
			n = 1
		}
		o.Observe(n)
		return nil
	}); err != nil || e.evidence.Store == nil {
		return err
	}
	if err := t.builder.RegisterMlActionEvidenceSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(e.evidence.Stats().Bytes)
		return nil
	}); err != nil {
		return err
	}
	return t.builder.RegisterMlActionEvidenceSpansLostCallback(func(_ context.Context, o metric.Int64Observer) error {
		s := e.evidence.Stats()
		for reason, n := range map[string]int64{"full": s.Full, "late": s.Late, "failed": s.Failed, "flooded": s.Flooded} {
			o.Observe(n, metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", reason))))
		}
		return nil
	})
}
