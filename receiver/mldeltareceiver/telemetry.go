// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldeltareceiver

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/lease"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/metadata"
)

// telemetry records what metadata.yaml declares.
type telemetry struct {
	*metadata.TelemetryBuilder
}

func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

func (t *telemetry) message(ctx context.Context, outcome string) {
	t.MlDeltaMessages.Add(ctx, 1, with("outcome", outcome))
}

func (t *telemetry) changed(ctx context.Context, state delta.PartitionState) {
	event := [...]string{delta.Released: "released", delta.Rereading: "assigned", delta.Current: "current"}[state]
	t.MlDeltaPartitionEvents.Add(ctx, 1, with("event", event))
}

// held says which partitions are held, and how far they have been read.
func (t *telemetry) held(ctx context.Context, leases lease.Table) {
	var rereading, current, lag int64
	for _, l := range leases {
		lag += l.Lag()
		if l.Current() {
			current++
		} else {
			rereading++
		}
	}
	t.MlDeltaPartitions.Record(ctx, rereading, with("state", "rereading"))
	t.MlDeltaPartitions.Record(ctx, current, with("state", "current"))
	t.MlDeltaLag.Record(ctx, lag)
}
