// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package count counts predictions into a table of accumulators.
//
// A prediction.Reader finds them, and has decoded their attributes by position. The model is found
// by name, version, environment and role. A binding of a set of fields and a model says which
// position is which feature, and which of the baseline's features are absent. In the steady state
// nothing is allocated and no lock is taken:
//
//	Span ── fields, model ──► binding ──► rows ──► accumulators of the total and of each cohort
package count

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/placements"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/adjust"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// errorOther is the error.type of a failure that has none, or of one that found no room.
const errorOther = "_OTHER"

// Options say how to count.
type Options struct {
	prediction.Options

	// DurationBins are the bins of durations, in seconds.
	DurationBins *distribution.Bins
	// Adjust counts a span that was sampled as many times as its tracestate says that it stands for.
	Adjust bool
	// Exemplars keeps the spans of extreme values.
	Exemplars bool
	// AllTime counts everything into minute 0.
	AllTime bool
	// Detectors are given the values of the models; nil where there are none.
	Detectors *detectors.Set
	// Placements are told where models run; nil where nobody wants to know.
	Placements *placements.Set
	// Sources are the attributes, of a span or its resource, that say where its data came from: the
	// first that is there. They must be among Attributes.
	Sources []string
}

// Counter counts spans into a table. It is not safe for concurrent use.
type Counter struct {
	options  Options
	reader   *prediction.Reader
	registry *series.Registry
	budget   *accumulators.Budget
	table    *accumulators.Table
	stats    Stats
	makeRoom func()
	// Accumulators that were found in an earlier epoch are gone.
	predictionEpoch, featuresEpoch uint64

	models map[series.Key]*modelCache
	last   *modelCache // of the span at hand, once it has begun

	// The rest is about the span at hand.
	span    *prediction.Span
	cohorts []cohort
	binding modelBinding
	// bound is the binding of the span's rows; nil before the first.
	bound   *modelBinding
	sources sources
	seen    map[string]struct{}
	digits  []byte
	// labelDigits are those of a label.
	labelDigits []byte
	ref         accumulators.Ref
	minute      int64
	// adjusted is how many spans the span stands for; rows and excess are what its rows have added.
	adjusted     uint32
	rows, excess uint64
	// work is that of the row at hand, lacking are rows that are counted together.
	work    int
	lacking lacking
	// row is the number of the row at hand, and derived what is measured of its attributes.
	row     int
	derived derivation
	// readings are those of the request for detectors.
	readings detectors.Batch
}

// cohort is a cohort of the row at hand.
type cohort struct {
	cache    *cohortCache
	features *accumulators.Features
}

var _ prediction.Counter = (*Counter)(nil)

// New returns a counter that counts into a table of its own. Before a span for which the budget has
// nothing left, it calls makeRoom, which may take accumulators, make the counter Forget and even
// let another Read of it happen.
func New(registry *series.Registry, budget *accumulators.Budget, options Options, makeRoom func()) *Counter {
	c := &Counter{
		options: options, registry: registry, budget: budget, makeRoom: makeRoom,
		table:           accumulators.NewTable(budget, options.Exemplars),
		predictionEpoch: 1, featuresEpoch: 1,
		seen:   make(map[string]struct{}),
		digits: make([]byte, 0, 32), labelDigits: make([]byte, 0, 32),
	}
	c.sources.keys = options.Sources
	c.reader = prediction.NewReader(c, options.Options)
	c.Forget()
	return c
}

// Forget drops all that was looked up in the registry, which was reset or has another set of cards.
// What was counted stays.
func (c *Counter) Forget() {
	c.models = make(map[series.Key]*modelCache)
	c.last = nil
	c.reader.Forget()
	c.binding = modelBinding{}
}

// TakeAccumulators takes all accumulators, or those of predictions alone.
func (c *Counter) TakeAccumulators(features bool) accumulators.Taken {
	c.predictionEpoch++
	if features {
		c.featuresEpoch++
		c.reader.ForgetWhereFull()
	}
	return c.table.Take(features)
}

// Fold adds the oldest minute to the next one; false if there is but one.
func (c *Counter) Fold() bool {
	n := c.table.Fold()
	c.stats.Folded += int64(n)
	if n > 0 {
		c.predictionEpoch++
		c.featuresEpoch++
	}
	return n > 0
}

// Read counts the predictions in td. The context is for Options.Wants.
func (c *Counter) Read(ctx context.Context, td ptrace.Traces) {
	c.reader.Read(ctx, td)
	if c.options.Detectors != nil {
		c.stats.Changes = append(c.stats.Changes, c.readings.Deliver()...)
	}
	c.sources.release()
	clear(c.binding.features[:cap(c.binding.features)])
	if len(c.seen) > prediction.MaxScratch || cap(c.binding.features) > prediction.MaxScratch {
		c.binding, c.seen = modelBinding{}, make(map[string]struct{})
	}
}

// Full is true where the budget has nothing left.
func (c *Counter) Full() bool { return c.budget.Spent() }

// MakeRoom calls what New was given.
func (c *Counter) MakeRoom() { c.makeRoom() }

// Knows is true for a model that has a card or was seen before.
func (c *Counter) Knows(model prediction.Identity) bool {
	return c.last != nil && c.last.model.Key == model || c.models[model] != nil || c.registry.Knows(model)
}

// Begin finds the model of a span, and the minute in which it counts.
func (c *Counter) Begin(s *prediction.Span) (mostRows int) {
	c.span = s
	c.bound = nil
	c.minute = 0
	if !c.options.AllTime {
		c.minute = int64(s.End / pcommon.Timestamp(time.Minute))
	}
	if c.options.Exemplars {
		c.ref = accumulators.Ref{Trace: s.TraceID, Span: s.SpanID, Time: s.End}
	}
	c.last = c.model(s.Identity)
	c.adjusted, c.rows, c.excess, c.row = 1, 0, 0, 0
	if s.TraceState != "" && c.options.Adjust {
		c.adjust(s)
	}
	if c.options.Placements != nil {
		c.place(c.last, s)
	}
	return c.last.plan.MaxBatch()
}

// keyTraceState names the tracestate in notes.
const keyTraceState = "tracestate"

// adjust finds out how many spans the span stands for.
func (c *Counter) adjust(s *prediction.Span) {
	n, ok := adjust.Count(s.TraceState, s.TraceID, s.SpanID)
	if !ok {
		s.FlawOf(prediction.FlawSampling, keyTraceState, s.TraceState)
	}
	c.adjusted = n
	if n > 1 {
		c.stats.Adjusted++
	}
}

// model returns what is known of a model.
func (c *Counter) model(key series.Key) *modelCache {
	if c.last != nil && c.last.model.Key == key {
		return c.last
	}
	if cache := c.models[key]; cache != nil {
		return cache
	}
	m, room := c.registry.Model(key)
	key = m.Key
	if !room {
		c.stats.OverflowedModels++
		c.span.Note(NoteModels, "", mlconv.AttrModelName, c.span.Identity.Name)
		key = series.Key{} // those of what finds no room must not add up
		if cache := c.models[key]; cache != nil {
			return cache
		}
	}
	cache := newModelCache(m)
	cache.sourceKeys = c.options.Sources
	c.findDetectors(cache)
	c.models[key] = cache
	return cache
}

// End counts what goes with a call as a whole.
func (c *Counter) End(s *prediction.Span, rows int) {
	cache := c.last
	c.countLacking()
	one, _ := accumulators.Weigh(1, c.adjusted)
	if s.Kind != prediction.Answered && s.Kind != prediction.Call {
		p := c.prediction(&cache.total)
		p.Rows += uint64(one.Rows)
		p.Excess += one.Excess
		c.rows, c.excess = uint64(one.Rows), one.Excess
	}
	if (s.Kind == prediction.Call || s.Kind == prediction.Agent) && !s.UsageKnown() {
		c.stats.UnknownUsage++
	}
	service := c.service(cache)
	if s.Fields.HasUsage() {
		c.usage(s, service, one)
	}
	c.contract(s, rows)
	call := c.table.Call(c.prediction(&cache.total), service, c.errorCode(cache))
	call.Rows += c.rows
	call.Excess += c.excess
	if s.HasDuration() {
		bins := c.options.DurationBins
		if cache.watched != nil {
			c.watchCall(cache.watched, s.Duration)
		}
		call.Duration.AddLazy(bins.Len(), bins.Index(s.Duration), s.Duration, one, &c.ref, c.options.Exemplars)
	}
}

// service returns the id of the service that made the call.
func (c *Counter) service(cache *modelCache) uint32 {
	if cache.model.Overflow {
		return series.OverflowID
	}
	id, room := cache.services.id(c.span.Service)
	if !room {
		c.stats.OverflowedServices++
		c.span.Note(NoteServices, "", mlconv.AttrServiceName, c.span.Service)
	}
	return id
}

// errorCode returns the Error of the span's Call.
func (c *Counter) errorCode(cache *modelCache) uint32 {
	if !c.span.Failed {
		return accumulators.NoError
	}
	typ := c.span.ErrorType()
	if typ == "" || typ == errorOther || cache.model.Overflow {
		return accumulators.OtherError
	}
	id, room := cache.errors.id(typ)
	if !room {
		c.stats.OverflowedErrors++
		c.span.Note(NoteErrors, "", mlconv.AttrErrorType, typ)
		return accumulators.OtherError
	}
	return 1 + id
}

// prediction returns the accumulator to count into.
func (c *Counter) prediction(cohort *cohortCache) *accumulators.Prediction {
	if cohort.predictionEpoch != c.predictionEpoch || cohort.predictionMinute != c.minute || cohort.prediction.Full() {
		cohort.key.Minute = c.minute
		cohort.prediction = c.table.Prediction(cohort.key)
		cohort.predictionEpoch, cohort.predictionMinute = c.predictionEpoch, c.minute
	}
	return cohort.prediction
}

// features returns the accumulator to count into.
func (c *Counter) features(cohort *cohortCache) *accumulators.Features {
	if cohort.featuresEpoch != c.featuresEpoch || cohort.featureMinute != c.minute || cohort.features.Full() {
		cohort.key.Minute = c.minute
		cohort.features = c.table.Features(cohort.key)
		cohort.featuresEpoch, cohort.featureMinute = c.featuresEpoch, c.minute
	}
	return cohort.features
}
