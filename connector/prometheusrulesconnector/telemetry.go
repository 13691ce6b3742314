// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/series"
)

// telemetry records what metadata.yaml declares.
type telemetry struct{ *metadata.TelemetryBuilder }

func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

func (t *telemetry) written(ctx context.Context, r *series.Result) {
	if r.Written > 0 {
		t.PrometheusRulesSamples.Add(ctx, int64(r.Written))
	}
	for reason, refused := range r.All {
		t.PrometheusRulesRefused.Add(ctx, int64(refused.Count), with("reason", reason.String()))
	}
}

func (t *telemetry) evaluation(ctx context.Context, took time.Duration, failed, missed int) {
	outcome := "ok"
	if failed > 0 {
		outcome = "failed"
	}
	t.PrometheusRulesEvaluations.Add(ctx, 1, with("outcome", outcome))
	if missed > 0 {
		t.PrometheusRulesEvaluations.Add(ctx, int64(missed), with("outcome", "missed"))
	}
	t.PrometheusRulesEvaluationDuration.Record(ctx, took.Seconds())
}

func (t *telemetry) reload(ctx context.Context, outcome string) {
	t.PrometheusRulesReloads.Add(ctx, 1, with("outcome", outcome))
}

func (t *telemetry) alerts(ctx context.Context, outcome string, n int) {
	t.PrometheusRulesAlerts.Add(ctx, int64(n), with("outcome", outcome))
}

func (t *telemetry) recorded(ctx context.Context, outcome string, n int) {
	if n > 0 {
		t.PrometheusRulesRecorded.Add(ctx, int64(n), with("outcome", outcome))
	}
}
