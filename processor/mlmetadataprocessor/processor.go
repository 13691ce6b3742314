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
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/metadata"
)

type metadataProcessor struct {
	cfg       *Config
	next      consumer.Traces
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	selection selection
	catalog   catalog.Catalog    // set by Start
	sightings *catalog.Sightings // of the catalog; nil if it wants none
	index     atomic.Pointer[index]
}

var _ processor.Traces = (*metadataProcessor)(nil)

func newProcessor(set processor.Settings, cfg *Config, next consumer.Traces) (*metadataProcessor, error) {
	selection, err := newSelection(cfg.Add)
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
		resource := identify(rs.Resource().Attributes(), &identity{})
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				b.counts[b.enrich(span, &resource)]++
			}
		}
	}
	for o, n := range b.counts {
		if n > 0 {
			p.telemetry.MlMetadataSpans.Add(ctx, n, outcomes[o])
		}
	}
	return p.next.ConsumeTraces(ctx, td)
}

// current returns the facts of the catalog's current set and builds them where the set is new.
func (p *metadataProcessor) current() *index {
	set := p.catalog.Snapshot()
	ix := p.index.Load()
	if ix == nil || ix.set != set {
		ix = newIndex(set, p.selection, p.sightings)
		p.index.Store(ix)
	}
	return ix
}

// outcome is what became of a span. A span that is a prediction and a stage counts as the first of its outcomes.
type outcome int

const (
	unknownModel outcome = iota
	unknownVersion
	unknownJob
	enriched
	untouched
	numOutcomes
)

var outcomes = [numOutcomes]metric.MeasurementOption{
	unknownModel:   outcomeOption("unknown_model"),
	unknownVersion: outcomeOption("unknown_version"),
	unknownJob:     outcomeOption("unknown_job"),
	enriched:       outcomeOption("enriched"),
	untouched:      outcomeOption("untouched"),
}

func outcomeOption(name string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", name)))
}

// batch is the state of one request: counts, and the last look-ups, as spans of one model follow each other.
type batch struct {
	processor *metadataProcessor
	index     *index
	counts    [numOutcomes]int64

	model        modelKey
	modelFacts   *facts
	modelOutcome outcome
	modelValid   bool

	job      jobKey
	jobFacts *facts
	jobValid bool
}

type modelKey struct{ environment, name, version string }

type jobKey struct{ environment, name string }

// enrich adds what the catalog knows to one span.
func (b *batch) enrich(span ptrace.Span, resource *identity) outcome {
	attrs := span.Attributes()
	id := identify(attrs, resource)
	prediction := id.prediction && id.model != ""
	if !prediction && id.job == "" {
		return untouched
	}
	result := untouched
	var ofModel, ofJob *facts
	room := 0
	if prediction {
		if key := (modelKey{id.environment, id.model, id.version}); !b.modelValid || key != b.model {
			b.model, b.modelValid = key, true
			b.modelFacts, b.modelOutcome = b.index.lookupModel(key)
			if b.modelFacts != nil {
				b.modelFacts.sighting.Meet()
			} else {
				b.processor.sightings.UnknownModel(key.environment, key.name)
			}
		}
		ofModel, result = b.modelFacts, b.modelOutcome
	}
	if id.job != "" {
		if key := (jobKey{id.environment, id.job}); !b.jobValid || key != b.job {
			b.job, b.jobValid = key, true
			if b.jobFacts = b.index.lookupJob(key); b.jobFacts == nil {
				b.processor.sightings.UnknownJob(key.environment, key.name)
			}
		}
		if ofJob = b.jobFacts; ofJob == nil {
			result = min(result, unknownJob)
		} else {
			result = min(result, enriched)
		}
	}
	if ofModel != nil {
		room += ofModel.size()
	}
	if ofJob != nil {
		room += ofJob.size()
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
		ofModel.put(attrs, span.EndTimestamp(), overwrite)
	}
	if ofJob != nil {
		ofJob.put(attrs, span.EndTimestamp(), overwrite)
	}
	if mark {
		putUnknown(attrs, overwrite)
	}
	return result
}

func putUnknown(attrs pcommon.Map, overwrite bool) {
	if value, there := attrs.GetOrPutEmpty(mlconv.AttrModelKnown); !there || overwrite {
		value.SetBool(false)
	}
}

// lookupModel returns the facts of a version, by name or alias, or else those of the model alone; nil without a card. A
// version that is not listed is unknown only where the card lists any.
func (ix *index) lookupModel(k modelKey) (*facts, outcome) {
	m := ix.set.Model(k.environment, k.name)
	if m == nil {
		return nil, unknownModel
	}
	if v := ix.set.Version(k.environment, k.name, k.version); v != nil {
		return ix.versions[v], enriched
	}
	if k.version != "" && len(m.Versions) > 0 {
		return ix.models[m], unknownVersion
	}
	return ix.models[m], enriched
}

func (ix *index) lookupJob(k jobKey) *facts {
	j := ix.set.Job(k.environment, k.name)
	if j == nil {
		return nil
	}
	return ix.jobs[j]
}
