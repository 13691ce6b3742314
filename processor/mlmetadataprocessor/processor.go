// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

type metadataProcessor struct {
	cfg  *Config
	next consumer.Traces
}

var _ processor.Traces = (*metadataProcessor)(nil)

func newProcessor(_ processor.Settings, cfg *Config, next consumer.Traces) (*metadataProcessor, error) {
	return &metadataProcessor{cfg: cfg, next: next}, nil
}

func (p *metadataProcessor) Start(context.Context, component.Host) error { return nil }

func (p *metadataProcessor) Shutdown(context.Context) error { return nil }

func (p *metadataProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (p *metadataProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return p.next.ConsumeTraces(ctx, td)
}
