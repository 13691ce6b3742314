// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/facts"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/metadata"
)

type metadataProcessor struct {
	cfg       *Config
	next      consumer.Traces
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	selection facts.Selection
	catalog   catalog.Catalog    // set by Start
	sightings *catalog.Sightings // of the catalog; nil if it wants none
	index     atomic.Pointer[facts.Index]
}

var _ processor.Traces = (*metadataProcessor)(nil)

func newProcessor(set processor.Settings, cfg *Config, next consumer.Traces) (*metadataProcessor, error) {
	set.Logger = visible.Logger(set.Logger)
	selection, err := facts.NewSelection(cfg.Add)
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &metadataProcessor{cfg: cfg, next: next, logger: set.Logger, telemetry: telemetry, selection: selection, catalog: catalog.Empty()}, nil
}

// Start finds the catalog.
func (p *metadataProcessor) Start(_ context.Context, host component.Host) error {
	c, found, err := cataloghost.Find(host, p.cfg.Catalog)
	if err != nil {
		return err
	}
	if !found {
		p.logger.Warn(cataloghost.NoCatalogMessage)
	}
	p.catalog = c
	if sighted, ok := c.(catalog.Sighted); ok {
		p.sightings = sighted.Sightings()
	}
	return nil
}

// Shutdown gives the instruments back.
func (p *metadataProcessor) Shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// Capabilities say that spans are changed in place.
func (p *metadataProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeTraces adds facts to the spans and passes all of them on in their order.
func (p *metadataProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	b := batch{processor: p, index: p.current()}
	for _, rs := range td.ResourceSpans().All() {
		var resource owners
		resource.read(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				b.counts[b.enrich(span, &resource)]++
			}
		}
	}
	b.counts.record(ctx, p.telemetry)
	return p.next.ConsumeTraces(ctx, td)
}

// current returns the facts of the catalog's current set and builds them where the set is new.
func (p *metadataProcessor) current() *facts.Index {
	set := p.catalog.Snapshot()
	ix := p.index.Load()
	if ix == nil || !ix.Of(set) {
		ix = facts.NewIndex(set, p.selection, p.sightings)
		p.index.Store(ix)
	}
	return ix
}

// batch is the state of one request: counts, and the last look-ups, as spans of one model follow
// each other.
type batch struct {
	processor *metadataProcessor
	index     *facts.Index
	counts    outcomeCounts

	model        modelKey
	modelFacts   *facts.Facts
	modelOutcome outcome
	modelValid   bool

	job      jobKey
	jobFacts *facts.Facts
	jobValid bool
}

type modelKey struct{ environment, name, version string }

type jobKey struct{ environment, name string }

// enrich adds what the catalog knows to one span.
func (b *batch) enrich(span ptrace.Span, resource *owners) outcome {
	attrs := span.Attributes()
	var own owners
	own.read(attrs)
	id, kind, job := own.identify(span, resource)
	predicts := kind.IsPrediction(func() bool { return b.index.HasModel(id.Environment, id.Name) })
	if !predicts && job == "" {
		return untouched
	}
	result := untouched
	var ofModel, ofJob *facts.Facts
	room := 0
	if predicts {
		ofModel, result = b.lookUpModel(modelKey{id.Environment, id.Name, id.Version})
	}
	if job != "" {
		if ofJob = b.lookUpJob(jobKey{id.Environment, job}); ofJob == nil {
			result = min(result, unknownJob)
		} else {
			result = min(result, enriched)
		}
	}
	if ofModel != nil {
		room += ofModel.Size()
	}
	if ofJob != nil {
		room += ofJob.Size()
	}
	mark := b.processor.cfg.MarkUnknown && (result == unknownModel || result == unknownVersion)
	if mark {
		room++
	}
	if room == 0 {
		return result
	}
	attrs.EnsureCapacity(attrs.Len() + room)
	overwrite := b.processor.cfg.Overwrite
	if ofModel != nil {
		ofModel.Put(attrs, span.EndTimestamp(), overwrite)
	}
	if ofJob != nil {
		ofJob.Put(attrs, span.EndTimestamp(), overwrite)
	}
	if mark {
		putUnknown(attrs, overwrite)
	}
	return result
}

// lookUpModel returns the facts of a model, which are nil without a card.
func (b *batch) lookUpModel(key modelKey) (*facts.Facts, outcome) {
	if b.modelValid && key == b.model {
		return b.modelFacts, b.modelOutcome
	}
	b.model, b.modelValid = key, true
	var known facts.Knowledge
	b.modelFacts, known = b.index.Model(key.environment, key.name, key.version)
	b.modelOutcome = [...]outcome{facts.NoCard: unknownModel, facts.NoVersion: unknownVersion, facts.Known: enriched}[known]
	if b.modelFacts != nil {
		b.modelFacts.Sighting.Meet()
	} else {
		b.processor.sightings.UnknownModel(key.environment, key.name)
	}
	return b.modelFacts, b.modelOutcome
}

// lookUpJob returns the facts of a job, nil without a card.
func (b *batch) lookUpJob(key jobKey) *facts.Facts {
	if b.jobValid && key == b.job {
		return b.jobFacts
	}
	b.job, b.jobValid = key, true
	if b.jobFacts = b.index.Job(key.environment, key.name); b.jobFacts == nil {
		b.processor.sightings.UnknownJob(key.environment, key.name)
	}
	return b.jobFacts
}

func putUnknown(attrs pcommon.Map, overwrite bool) {
	if value, there := attrs.GetOrPutEmpty(mlconv.AttrModelKnown); !there || overwrite {
		value.SetBool(false)
	}
}
