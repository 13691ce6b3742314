// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nestinglimitextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/metadata"
)

// telemetry is the extension's own.
type telemetry struct {
	*metadata.TelemetryBuilder
	protocols map[string]metric.MeasurementOption
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{TelemetryBuilder: b, protocols: make(map[string]metric.MeasurementOption)}
	for _, protocol := range []string{guard.HTTP, guard.GRPC} {
		t.protocols[protocol] = metric.WithAttributeSet(attribute.NewSet(attribute.String("protocol", protocol)))
	}
	return t, nil
}

// addRefused counts a request that is refused.
func (t *telemetry) addRefused(ctx context.Context, protocol string) {
	t.NestingLimitRefused.Add(ctx, 1, t.protocols[protocol])
}
