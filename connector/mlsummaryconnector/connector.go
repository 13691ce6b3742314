// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/count"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/flush"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/notes"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/placements"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/recent"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// rememberedCalls is how many fingerprints of calls of generative models are remembered: of each its
// trace, and its parent with the names of its model. 6 MB when full.
const rememberedCalls = 200_000

// maxShards is the most batches that are read at the same time.
const maxShards = 8

// summaryConnector counts spans in shards and flushes what they counted.
//
// flushing is held by whoever takes accumulators and sends them, and is always taken before the
// lock of a shard. No lock of a shard is held while the next consumer is called.
type summaryConnector struct {
	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	notes     *notes.Log

	// conditions are nil where there are none.
	conditions *spanottl.Conditions

	catalog  catalog.Catalog
	registry *series.Registry
	budget   *accumulators.Budget
	shards   []*shard
	turn     atomic.Uint32

	flushing   flush.Semaphore // guards what follows, to ctx
	delta      *flush.Delta
	cumulative *flush.Cumulative
	outbox     *flush.Outbox
	// detectors are nil where none are configured.
	detectors *detectors.Set
	// source makes the metrics of detectors.
	source flush.Source
	// placements are nil where they are not wanted; scope makes their metrics.
	placements *placements.Set
	scope      flush.Scope
	// featuresDue is when features are taken the next time.
	featuresDue time.Time

	ctx    context.Context // of the component's life, for flushes
	cancel context.CancelFunc
	done   chan struct{} // closed when the loop has ended; nil before Start
	stop   sync.Once
	// closed is set by the final flush and guarded by flushing.
	closed bool
}

// shard is a counter and what it was last told. counter and set are guarded by mu.
type shard struct {
	mu      sync.Mutex
	counter *count.Counter
	set     *catalog.Set
	// foldedTo is the budget's state after the last fold.
	foldedTo int64
	_        [64]byte // the next shard's mutex is on another cache line
}

// fold makes some room in the shard by counting its oldest minutes with later ones. Where nothing
// can be folded, it looks again only after more accumulators have come.
func (s *shard) fold(b *accumulators.Budget) {
	if b.Live() <= s.foldedTo {
		return
	}
	for b.Tight() && s.counter.Fold() {
	}
	s.foldedTo = b.Live()
}

var _ connector.Traces = (*summaryConnector)(nil)

func newConnector(set connector.Settings, cfg *Config, next consumer.Metrics) (*summaryConnector, error) {
	set.Logger = visible.Logger(set.Logger)
	durationBins, err := distribution.NewBins(cfg.DurationBuckets)
	if err != nil {
		return nil, fmt.Errorf("'duration_buckets': %w", err)
	}
	conditions, err := spanottl.NewConditions("conditions", cfg.Conditions, set.Logger)
	if err != nil {
		return nil, err
	}
	telemetry, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	scope := flush.Scope{Name: metadata.ScopeName, Version: set.BuildInfo.Version}
	c := &summaryConnector{
		cfg: cfg, logger: set.Logger, telemetry: telemetry, notes: notes.NewLog(set.Logger), conditions: conditions,
		catalog: catalog.Empty(),
		registry: series.NewRegistry(series.Limits{
			Models: cfg.Limits.Models, Segments: cfg.Limits.Segments,
			Features: cfg.Limits.Features, Categories: cfg.Limits.Categories,
			Series: cfg.Limits.Series, Sources: cfg.Limits.Sources, Probation: cfg.FeatureFlushInterval,
		}, series.Watched{Segments: cfg.Segments, Derived: cfg.Derive}),
		budget:      accumulators.NewBudget(cfg.Limits.Accumulators),
		flushing:    make(flush.Semaphore, 1),
		featuresDue: time.Now().Add(cfg.FeatureFlushInterval),
	}
	if cfg.Temporality == TemporalityCumulative {
		c.cumulative = flush.NewCumulative(scope, cfg.DurationBuckets, pcommon.NewTimestampFromTime(time.Now()))
	} else {
		c.delta = &flush.Delta{Producer: newProducer(), Scope: scope, DurationBounds: cfg.DurationBuckets}
	}
	if len(cfg.Detectors) > 0 {
		if c.detectors, err = detectors.NewSet(cfg.specs(), cfg.Limits.Detectors); err != nil {
			return nil, err
		}
		c.source = flush.Source{Scope: scope, Instance: instanceOf(set.Resource)}
	}
	if cfg.Placement {
		c.placements, c.scope = placements.NewSet(cfg.Limits.Placements), scope
	}
	options := count.Options{
		Options: prediction.Options{
			Now: time.Now, MaxFeatures: max(4*cfg.Limits.Features, 1000), Calls: recent.NewSet(rememberedCalls),
		},
		DurationBins: durationBins, Exemplars: cfg.Exemplars, AllTime: c.cumulative != nil,
		Adjust: cfg.Sampling == SamplingAdjust, Detectors: c.detectors, Placements: c.placements, Sources: cfg.Sources,
	}
	options.Attributes = append(slices.Clone(cfg.Sources), mlconv.AttrContractViolations)
	if c.detectors != nil {
		options.Attributes = append(options.Attributes, c.detectors.Attributes()...)
	}
	if conditions != nil {
		options.Wants = conditions.Match
	}
	if cfg.Limits.Spans > 0 {
		options.Spans = recent.NewSet(cfg.Limits.Spans)
	}
	for range min(runtime.GOMAXPROCS(0), maxShards) {
		s := &shard{}
		s.counter = count.New(c.registry, c.budget, options, func() { c.makeRoom(s) })
		c.shards = append(c.shards, s)
	}
	c.outbox = flush.NewOutbox(next, c.report)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

// newProducer returns the random id of an instance.
func newProducer() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// instanceOf returns the id of the collector, or a random one where its resource has none.
func instanceOf(collector pcommon.Resource) string {
	if v, ok := collector.Attributes().Get(mlconv.AttrServiceInstance); ok && v.Str() != "" {
		return v.Str()
	}
	return newProducer()
}

// Start finds the catalog and starts to flush.
func (c *summaryConnector) Start(_ context.Context, host component.Host) error {
	found, ok, err := cataloghost.Find(host, c.cfg.Catalog)
	if err != nil {
		return err
	}
	if !ok {
		c.logger.Warn(cataloghost.NoCatalogMessage)
	}
	c.catalog = found
	c.done = make(chan struct{})
	go c.loop()
	return nil
}

// loop flushes until the component's context ends.
func (c *summaryConnector) loop() {
	defer close(c.done)
	ticker := time.NewTicker(c.cfg.FlushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ticker.C:
			c.flush(c.ctx, false)
			c.registry.Tick()
		}
	}
}

// Shutdown flushes everything once more. What cannot be delivered by then is lost, counted and
// logged.
func (c *summaryConnector) Shutdown(ctx context.Context) error {
	c.stop.Do(func() {
		c.cancel()
		if c.done != nil {
			select {
			case <-c.done:
			case <-ctx.Done():
			}
		}
		if !c.flushing.Acquire(ctx) {
			// The next consumer ignores its context.
			c.logger.Error("What was not flushed is lost: the flush under way did not end before the shutdown")
			return
		}
		defer c.flushing.Release()
		c.flushLocked(ctx, true)
		c.closed = true
		if n := c.outbox.Discard(); n > 0 {
			c.logger.Error("Flushes are lost: they could not be delivered before the shutdown", zap.Int("flushes", n))
			c.telemetry.flushes(context.WithoutCancel(ctx), outcomeDropped, int64(n))
		}
	})
	return nil
}

// Capabilities says that spans are only read.
func (c *summaryConnector) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeTraces counts the spans of td that were not counted before. It returns no error: what is
// counted must not come again.
func (c *summaryConnector) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	s := c.lockShard()
	c.refresh(s)
	s.counter.Read(ctx, td)
	stats := s.counter.TakeStats()
	s.mu.Unlock()

	c.telemetry.batch(ctx, &stats)
	c.telemetry.conditions(ctx, c.conditions.TakeFailures())
	c.notes.Write(stats.Notes)
	c.notes.WriteChanges(stats.Changes)
	return nil
}

// makeRoom flushes everything because there is no room in a locked shard, or makes some in the
// shard while a flush is outstanding.
func (c *summaryConnector) makeRoom(s *shard) {
	if c.outbox.Blocked() {
		s.fold(c.budget)
		return
	}
	s.mu.Unlock()
	c.flushEarly()
	s.mu.Lock()
	c.refresh(s)
}

// lockShard locks the first shard that is free, so that a quiet collector keeps one set of
// accumulators, or waits for one where none is.
func (c *summaryConnector) lockShard() *shard {
	for _, s := range c.shards {
		if s.mu.TryLock() {
			return s
		}
	}
	s := c.shards[int(c.turn.Add(1))%len(c.shards)]
	s.mu.Lock()
	return s
}

// refresh makes a locked shard use the current cards.
func (c *summaryConnector) refresh(s *shard) {
	if set := c.catalog.Snapshot(); set != s.set {
		c.registry.Use(set)
		s.counter.Forget()
		s.set = set
	}
}

// flush delivers what is outstanding and then what was counted since: predictions, and features too
// where they are due or all is true. While a part cannot be delivered nothing new is cut.
//
//	counting ──cut──► outstanding ──delivered or refused for good──► gone
//	                    ▲      │
//	                    └──────┘ failed: the same part, with its number, at the next flush
func (c *summaryConnector) flush(ctx context.Context, all bool) {
	if c.flushing.Acquire(ctx) {
		defer c.flushing.Release()
		c.flushLocked(ctx, all)
	}
}

// flushEarly flushes everything because there is no room for more accumulators.
func (c *summaryConnector) flushEarly() {
	if c.flushing.Acquire(c.ctx) {
		defer c.flushing.Release()
		if c.budget.Spent() { // else another batch's early flush made room meanwhile
			c.flushLocked(c.ctx, true)
		}
	}
}

// flushLocked is flush for who has acquired flushing.
func (c *summaryConnector) flushLocked(ctx context.Context, all bool) {
	if c.closed {
		return
	}
	if !c.outbox.Deliver(ctx) {
		return
	}
	now := time.Now()
	// Ticks jitter: one that is early by less than half an interval is the one at which features are due.
	features := all || !now.Before(c.featuresDue.Add(-c.cfg.FlushInterval/2))
	if features {
		c.featuresDue = now.Add(c.cfg.FeatureFlushInterval)
	}
	taken := c.takeAccumulators(features, now)
	if c.cumulative != nil {
		c.flushCumulative(ctx, taken, now)
	} else {
		sums := accumulators.NewSums()
		for _, t := range taken {
			sums.Add(t, false)
		}
		c.outbox.Add(c.delta.Cut(sums))
		c.outbox.Deliver(ctx)
	}
	c.telemetry.accumulators(ctx, c.budget.Live())
	c.sendDetectors(ctx, now)
	c.sendPlacements(ctx, now)
}

// sendDetectors sends the state of the detectors, which is not kept where it fails: the next one
// contains it.
func (c *summaryConnector) sendDetectors(ctx context.Context, now time.Time) {
	if c.detectors == nil {
		return
	}
	c.telemetry.detectors(ctx, c.detectors.Alive())
	b := c.source.Begin()
	if points := c.detectors.Encode(b, pcommon.NewTimestampFromTime(now)); points > 0 {
		c.outbox.Send(ctx, b.Metrics(), points, 0)
	}
}

// sendPlacements sends where models run. It is not kept where it fails, as the next one says it
// again. The resource is empty: two instances that see the same pod say the same of it, and that is
// one series.
func (c *summaryConnector) sendPlacements(ctx context.Context, now time.Time) {
	if c.placements == nil {
		return
	}
	b := metricbuilder.New(c.scope.Name, c.scope.Version, pmetric.AggregationTemporalityCumulative)
	points := c.placements.Encode(b, now)
	c.telemetry.placements(ctx, points)
	c.telemetry.evicted(ctx, limitPlacements, c.placements.TakeEvicted())
	if points > 0 {
		c.outbox.Send(ctx, b.Metrics(), points, 0)
	}
}

// takeAccumulators takes the accumulators of all shards, at one moment. With features, nothing is
// counted at that moment, so that tables can give places away; the tables of cumulative series only
// those of models.
func (c *summaryConnector) takeAccumulators(features bool, now time.Time) []accumulators.Taken {
	for _, s := range c.shards {
		s.mu.Lock()
	}
	taken := make([]accumulators.Taken, 0, len(c.shards))
	moment := c.registry.Now(now)
	for _, s := range c.shards {
		t := s.counter.TakeAccumulators(features)
		t.Touch(moment)
		taken = append(taken, t)
	}
	changed := c.registry.Switched()
	var given evictions
	if features {
		given = c.makeRoomInTables(now)
		changed = changed || given.changed
	}
	for _, s := range c.shards {
		if changed {
			s.counter.Forget()
		}
		c.refresh(s)
		s.mu.Unlock()
	}
	c.telemetry.evictions(c.ctx, &given.Evictions)
	c.telemetry.evicted(c.ctx, limitDetectors, given.detectors)
	c.notes.WriteEvictions(&given.Evictions)
	return taken
}

// evictions are the places that were given away: of tables, and of the detectors of models.
type evictions struct {
	series.Evictions
	detectors int
	changed   bool
}

// makeRoomInTables gives places away, where somebody was turned away. All shards are locked.
func (c *summaryConnector) makeRoomInTables(now time.Time) (given evictions) {
	given.Evictions, given.changed = c.registry.MakeRoom(now, c.cumulative != nil)
	if c.detectors != nil {
		c.detectors.Drop(given.Models)
		given.detectors = c.detectors.MakeRoom(now)
		given.changed = given.changed || given.detectors > 0
	}
	return given
}

// flushCumulative adds what was taken and sends the state. A state that fails is not kept: the next
// one contains it.
func (c *summaryConnector) flushCumulative(ctx context.Context, taken []accumulators.Taken, now time.Time) {
	for _, t := range taken {
		c.cumulative.Add(t)
	}
	current := func(m *series.Model) bool { return c.registry.Current(m) }
	md, points := c.cumulative.Metrics(pcommon.NewTimestampFromTime(now), current)
	if points > 0 {
		c.outbox.Send(ctx, md, points, 0)
	}
}

// report says what became of a flush.
func (c *summaryConnector) report(ctx context.Context, o flush.Outcome, points int, sequence int64, err error) {
	switch o {
	case flush.Sent:
		c.telemetry.flushes(ctx, outcomeSent, 1)
		c.telemetry.points(ctx, int64(points))
	case flush.Dropped:
		c.logger.Error("A flush was refused for good and is dropped",
			zap.Int64("sequence", sequence), zap.Int("points", points), zap.Error(err))
		c.telemetry.flushes(ctx, outcomeDropped, 1)
	default:
		c.logger.Warn("A flush failed and is kept for the next one",
			zap.Int64("sequence", sequence), zap.Int("points", points), zap.Error(err))
		c.telemetry.flushes(ctx, outcomeFailed, 1)
	}
}
