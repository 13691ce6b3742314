// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/derivation"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/notes"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/prices"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/seriesbound"
)

// normalizeProcessor is what the processors of spans and of log records share.
type normalizeProcessor struct {
	cfg       *Config
	engine    *dialect.Engine
	telemetry *metadata.TelemetryBuilder
	// dialects are the attributes of metrics by the index of the dialect; none is for spans that
	// speak none.
	dialects []metric.MeasurementOption
	none     metric.MeasurementOption
	log      *notes.Writer
}

// tracesProcessor rewrites spans.
type tracesProcessor struct {
	*normalizeProcessor
	next    consumer.Traces
	catalog catalog.Catalog // set by Start
	// derive is nil where nothing is derived; derived are the attributes of its metric.
	derive  *derivation.Set
	derived [][derivation.NumOutcomes]metric.MeasurementOption
}

// logsProcessor repairs log records and removes content from them.
type logsProcessor struct {
	*normalizeProcessor
	next consumer.Logs
}

// metricsProcessor repairs metrics and bounds their series.
type metricsProcessor struct {
	*normalizeProcessor
	next consumer.Metrics
	// series is nil where they have no bound.
	series *seriesbound.Bound
}

var (
	_ processor.Traces  = (*tracesProcessor)(nil)
	_ processor.Logs    = (*logsProcessor)(nil)
	_ processor.Metrics = (*metricsProcessor)(nil)
)

func newTraces(set processor.Settings, cfg *Config, next consumer.Traces) (*tracesProcessor, error) {
	set.Logger = visible.Logger(set.Logger)
	p, err := newProcessor(set, cfg)
	if err != nil {
		return nil, err
	}
	derive, err := cfg.derivations(set.Logger)
	if err != nil {
		return nil, err
	}
	return &tracesProcessor{normalizeProcessor: p, next: next, catalog: catalog.Empty(), derive: derive, derived: derivedOptions(derive)}, nil
}

func newLogs(set processor.Settings, cfg *Config, next consumer.Logs) (*logsProcessor, error) {
	set.Logger = visible.Logger(set.Logger)
	p, err := newProcessor(set, cfg)
	if err != nil {
		return nil, err
	}
	return &logsProcessor{normalizeProcessor: p, next: next}, nil
}

func newMetrics(set processor.Settings, cfg *Config, next consumer.Metrics) (*metricsProcessor, error) {
	set.Logger = visible.Logger(set.Logger)
	p, err := newProcessor(set, cfg)
	if err != nil {
		return nil, err
	}
	m := &metricsProcessor{normalizeProcessor: p, next: next}
	if cfg.MaxSeries > 0 {
		m.series = seriesbound.New(cfg.MaxSeries, time.Now)
	}
	return m, nil
}

func newProcessor(set processor.Settings, cfg *Config) (*normalizeProcessor, error) {
	engine, err := cfg.engine()
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	p := &normalizeProcessor{
		cfg: cfg, engine: engine, telemetry: telemetry, none: dialectOption("none"), log: notes.New(set.Logger, engine.Names()),
	}
	for _, name := range engine.Names() {
		p.dialects = append(p.dialects, dialectOption(name))
	}
	return p, nil
}

// Start finds the catalog. None is no fault: only prices come from it.
func (p *tracesProcessor) Start(_ context.Context, host component.Host) error {
	c, _, err := cataloghost.Find(host, p.cfg.Catalog)
	if err != nil {
		return err
	}
	p.catalog = c
	return nil
}

// Start says so where there is little to do.
func (p *logsProcessor) Start(context.Context, component.Host) error {
	if p.cfg.DropContent == dialect.DropNothing {
		p.log.Idle()
	}
	return nil
}

// Start has nothing to do.
func (p *metricsProcessor) Start(context.Context, component.Host) error { return nil }

// Shutdown gives the instruments back.
func (p *normalizeProcessor) Shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// Capabilities say that data are changed in place.
func (p *normalizeProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeTraces repairs the spans, adds the vocabulary to them and passes all of them on in their
// order.
func (p *tracesProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	p.recordRepaired(ctx, repair.Traces(td))
	p.engine.Traces(td, prices.Of(p.catalog.Snapshot()), func(s *dialect.Stats) { p.record(ctx, s) })
	if p.derive != nil {
		p.derive.Traces(ctx, td, func(c derivation.Counts) { p.recordDerived(ctx, c) })
	}
	return p.next.ConsumeTraces(ctx, td)
}

// ConsumeLogs repairs the log records, removes content from them and passes all of them on in their
// order.
func (p *logsProcessor) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	p.recordRepaired(ctx, repair.Logs(ld))
	p.engine.Logs(ld, func(s *dialect.Stats) { p.record(ctx, s) })
	return p.next.ConsumeLogs(ctx, ld)
}

// ConsumeMetrics repairs the metrics and passes those on, in their order, whose series have a place.
func (p *metricsProcessor) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	p.recordRepaired(ctx, repair.Metrics(md))
	if p.series != nil {
		if p.recordCut(ctx, p.series.Cut(md)) && md.ResourceMetrics().Len() == 0 {
			return nil
		}
	}
	return p.next.ConsumeMetrics(ctx, md)
}
