// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/notes"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/prices"
)

type normalizeProcessor struct {
	cfg       *Config
	next      consumer.Traces
	engine    *dialect.Engine
	telemetry *metadata.TelemetryBuilder
	// dialects are the attributes of metrics by the index of the dialect; none is for spans that
	// speak none.
	dialects []metric.MeasurementOption
	none     metric.MeasurementOption
	log      *notes.Writer
	catalog  catalog.Catalog // set by Start
}

var _ processor.Traces = (*normalizeProcessor)(nil)

func newProcessor(set processor.Settings, cfg *Config, next consumer.Traces) (*normalizeProcessor, error) {
	engine, err := cfg.engine()
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	p := &normalizeProcessor{
		cfg: cfg, next: next, engine: engine, telemetry: telemetry, catalog: catalog.Empty(), none: dialectOption("none"),
		log: notes.New(set.Logger, engine.Names()),
	}
	for _, name := range engine.Names() {
		p.dialects = append(p.dialects, dialectOption(name))
	}
	return p, nil
}

// Start finds the catalog. None is no fault: only prices come from it.
func (p *normalizeProcessor) Start(_ context.Context, host component.Host) error {
	c, _, err := cataloghost.Find(host, p.cfg.Catalog)
	if err != nil {
		return err
	}
	p.catalog = c
	return nil
}

// Shutdown gives the instruments back.
func (p *normalizeProcessor) Shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// Capabilities say that spans are changed in place.
func (p *normalizeProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeTraces adds the vocabulary to the spans and passes all of them on in their order.
func (p *normalizeProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	p.engine.Traces(td, prices.Of(p.catalog.Snapshot()), func(s *dialect.Stats) { p.record(ctx, s) })
	return p.next.ConsumeTraces(ctx, td)
}
