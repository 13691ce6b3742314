// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/replica"
)

// telemetry records what metadata.yaml declares.
type telemetry struct {
	builder *metadata.TelemetryBuilder
}

func ofEndpoint(endpoint string) attribute.KeyValue { return attribute.String("endpoint", endpoint) }

// alerts returns the counter of the alerts of one replica, by what became of them.
func (t *telemetry) alerts(endpoint string) func(ctx context.Context, outcome string, n int) {
	return func(ctx context.Context, outcome string, n int) {
		if n > 0 {
			t.builder.AlertmanagerAlerts.Add(ctx, int64(n),
				metric.WithAttributeSet(attribute.NewSet(ofEndpoint(endpoint), attribute.String("outcome", outcome))))
		}
	}
}

// observe registers the gauges, which are read from the replicas whenever somebody looks.
func (t *telemetry) observe(endpoints []string, replicas []*replica.Replica) error {
	gauge := func(value func(replica.Counts) int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			for i, r := range replicas {
				o.Observe(value(r.Counts()), metric.WithAttributeSet(attribute.NewSet(ofEndpoint(endpoints[i]))))
			}
			return nil
		}
	}
	if err := t.builder.RegisterAlertmanagerActiveCallback(gauge(func(c replica.Counts) int64 { return c.Active })); err != nil {
		return err
	}
	return t.builder.RegisterAlertmanagerPendingCallback(gauge(func(c replica.Counts) int64 { return c.Pending }))
}

func (t *telemetry) records(ctx context.Context, outcome string, n int) {
	if n > 0 {
		t.builder.AlertmanagerRecords.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", outcome))))
	}
}
