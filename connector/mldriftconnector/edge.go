// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// edge is the connector between metrics and one other signal. Start and Shutdown are the shared edge's.
type edge struct {
	*sharedcomponent.Edge[Config, *driftConnector]
}

var _ connector.Metrics = (*edge)(nil)

// Capabilities says that requests are left as they are.
func (e *edge) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeMetrics counts deltas, if it is the edge that does. It never fails: what could not be read is counted, too, and would not become
// readable by another attempt.
func (e *edge) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if e.Ingests() {
		e.State().consume(ctx, md)
	}
	return nil
}
