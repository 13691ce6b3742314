// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadata"
)

// replicaTelemetry records what metadata.yaml declares for one replica.
type replicaTelemetry struct {
	builder  *metadata.TelemetryBuilder
	endpoint attribute.KeyValue
}

func (t *replicaTelemetry) alerts(ctx context.Context, outcome string, n int) {
	if n > 0 {
		t.builder.AlertmanagerAlerts.Add(ctx, int64(n),
			metric.WithAttributeSet(attribute.NewSet(t.endpoint, attribute.String("outcome", outcome))))
	}
}

// observe registers the gauges, which are read from the ledgers whenever somebody looks.
func observe(builder *metadata.TelemetryBuilder, senders []*sender) error {
	gauge := func(value func(*ledger) int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range senders {
				o.Observe(value(s.ledger), metric.WithAttributeSet(attribute.NewSet(s.telemetry.endpoint)))
			}
			return nil
		}
	}
	if err := builder.RegisterAlertmanagerActiveCallback(gauge(func(l *ledger) int64 {
		active, _ := l.counts()
		return active
	})); err != nil {
		return err
	}
	return builder.RegisterAlertmanagerPendingCallback(gauge(func(l *ledger) int64 {
		_, waiting := l.counts()
		return waiting
	}))
}

func records(ctx context.Context, builder *metadata.TelemetryBuilder, outcome string, n int) {
	if n > 0 {
		builder.AlertmanagerRecords.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", outcome))))
	}
}
