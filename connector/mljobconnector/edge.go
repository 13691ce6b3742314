// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// edge is the connector between traces and one other signal. Start and Shutdown are the shared edge's.
type edge struct {
	*sharedcomponent.Edge[Config, *state]
}

var _ connector.Traces = (*edge)(nil)

// Capabilities says that spans are only read.
func (e *edge) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeTraces takes the spans in, if it is the edge that does. It fails only while the state is not open, never for spans that
// were counted.
func (e *edge) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if !e.Ingests() {
		return nil
	}
	return e.State().consume(ctx, td)
}
