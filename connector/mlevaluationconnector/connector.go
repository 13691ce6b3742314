// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/evaluator"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/quality"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/waiting"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// sendTimeout is how long an emission may take. What a failed one of metrics held is in the next one.
const sendTimeout = 30 * time.Second

// evaluationConnector is what the edges of one config share.
//
//	Consume ─► mu: decode, encode a record, apply ─► write the record ─► return
//	save    ─► gate, mu: collect what has changed ─► write it in one batch
//	emit    ─► mu: encode results ─► send
type evaluationConnector struct {
	cfg       *Config
	id        component.ID
	version   string
	logger    *zap.Logger
	telemetry *telemetry

	// metrics and logs are nil without an edge to them. The factory sets them, before Start.
	metrics consumer.Metrics
	logs    consumer.Logs

	// conditions are nil where there are none.
	conditions *spanottl.Conditions

	catalog catalog.Catalog
	began   pcommon.Timestamp
	emitted time.Time // the latest emission; only the loop and, after it, Flush use it

	// gate is held for reading while a request is taken in, so that what it has changed, and its
	// record, are on the same side of a save.
	gate sync.RWMutex
	open bool
	// mu guards what follows, to items.
	mu        sync.Mutex
	engine    *engine.Engine
	store     *store // nil without storage
	decoder   *decoder
	judges    *evaluator.Reader
	parser    *label.Parser
	keys      waiting.Keys
	cards     *catalog.Set
	misjudged *misjudged
	items     []waiting.Item
	truths    []label.Label

	saving sync.Mutex // held while a save is written, before gate; guards what follows, to asked
	// refused is the error of the last save, nil if it went well, and asked when that was.
	refused error
	asked   time.Time

	stop  context.CancelFunc
	loops sync.WaitGroup
}

var (
	_ sharedcomponent.TracesState = (*evaluationConnector)(nil)
	_ sharedcomponent.LogsState   = (*evaluationConnector)(nil)
)

func newConnector(set connector.Settings, cfg *Config) (*evaluationConnector, error) {
	set.Logger = visible.Logger(set.Logger)
	conditions, err := spanottl.NewConditions("conditions", cfg.Conditions, set.Logger)
	if err != nil {
		return nil, err
	}
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	c := &evaluationConnector{
		cfg: cfg, id: set.ID, version: set.BuildInfo.Version, logger: set.Logger, telemetry: newTelemetry(builder, set.Logger),
		catalog: catalog.Empty(), keys: cfg.keys(), judges: evaluator.NewReader(time.Now),
		conditions: conditions, decoder: newDecoder(cfg.KeyAttribute, conditions),
		misjudged: newMisjudged(cfg.Misjudged.PerMinute),
	}
	if c.parser, err = label.NewParser(label.Options{Now: time.Now, Unread: c.unread}); err != nil {
		return nil, err
	}
	o := cfg.options()
	o.Misjudged = func(a *answer.Answer, l *label.Label) {
		if c.logs != nil && c.cfg.Misjudged.PerMinute > 0 {
			c.misjudged.add(a, l, time.Now())
		}
	}
	o.Quality.Evicted = func(id prediction.Identity) {
		c.telemetry.notice(1, "evicted", "A version without a label, which no card names, gave its place to another one", zap.String("model", id.Name), zap.String("version", id.Version))
	}
	c.engine = engine.New(o)
	return c, nil
}

// unread says that an attribute of labels is not read.
func (c *evaluationConnector) unread(name string) {
	c.telemetry.notice(1, "unread", "Attributes of labels are not read", zap.String("attribute", name))
}

// Start finds the catalog, opens the storage and reads what is in it.
func (c *evaluationConnector) Start(ctx context.Context, host component.Host) error {
	found, ok, err := cataloghost.Find(host, c.cfg.Catalog)
	if err != nil {
		return err
	}
	if !ok {
		c.logger.Warn(cataloghost.NoCatalogMessage)
	}
	c.catalog = found
	c.began = pcommon.NewTimestampFromTime(time.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh()
	if c.cfg.Storage != nil {
		if c.store, err = openStore(ctx, host, *c.cfg.Storage, c.id, c.logger); err != nil {
			return err
		}
		if err := c.load(ctx); err != nil {
			return err
		}
	}
	c.open = true
	return nil
}

func (c *evaluationConnector) load(ctx context.Context) error {
	began := time.Now()
	l, err := c.store.load(ctx, c.engine)
	if err != nil {
		return err
	}
	add(ctx, c.telemetry.MlEvaluationSaves, l.values+l.records, "outcome", "loaded")
	add(ctx, c.telemetry.MlEvaluationSaves, l.damaged, "outcome", "load_failed")
	if l.values+l.records > 0 {
		answers, labels, _ := c.engine.Log.Waiting()
		c.logger.Info("Evaluation continues from what was stored", zap.Int("predictions", answers), zap.Int("labels", labels),
			zap.Int("requests_since_the_last_save", l.records), zap.Duration("took", time.Since(began)))
	}
	c.engine.Log.TakeStats()
	return nil
}

// Run starts to emit and to save.
func (c *evaluationConnector) Run() {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.loops.Add(1)
	go c.loop(ctx)
}

func (c *evaluationConnector) loop(ctx context.Context) {
	defer c.loops.Done()
	emit := time.NewTicker(c.cfg.EmitInterval)
	defer emit.Stop()
	save := time.NewTicker(c.cfg.SaveInterval)
	defer save.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-emit.C:
			c.emit(ctx, now, false)
		case <-save.C:
			c.save(ctx)
		}
	}
}

// Flush emits and saves once more.
func (c *evaluationConnector) Flush(ctx context.Context) error {
	c.stop()
	c.loops.Wait()
	c.emit(ctx, metricbuilder.Last(c.emitted, time.Now()), true)
	c.save(ctx)
	return nil
}

// Close closes the storage.
func (c *evaluationConnector) Close(ctx context.Context) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.gate.Lock()
	defer c.gate.Unlock()
	c.open = false
	c.telemetry.Shutdown()
	if c.store == nil {
		return nil
	}
	err := c.store.client.Close(ctx)
	c.store = nil
	return err
}

var errNotOpen = errors.New("ml_evaluation has not started or was shut down")

// ConsumeTraces takes the answers, and what evaluators say of them, of a request in.
func (c *evaluationConnector) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return c.consume(ctx, func() {
		for i, answers := 0, c.decoder.read(ctx, td, c.cards); i < len(answers); i++ {
			c.take(ctx, c.keys.NewAnswer(&answers[i]))
		}
		eachSpan(td, func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
			for _, j := range c.judgementsOf(ctx, rs, ss, s) {
				c.truths = append(c.truths, j.AsLabel())
			}
		})
		c.telemetry.selected(ctx, c.decoder.takeNotSelected(), c.conditions.TakeFailures())
		c.telemetry.unread(ctx, c.decoder.takeUnread())
		c.takeTruths(ctx)
	})
}

// judgementsOf returns what evaluators say on a span. Conditions are asked only where they say
// something: of most spans nobody says anything.
func (c *evaluationConnector) judgementsOf(ctx context.Context, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) []evaluator.Judgement {
	if c.conditions == nil {
		return c.judges.Span(s)
	}
	before := c.judges.Stats
	all := c.judges.Span(s)
	if c.judges.Stats == before || c.conditions.Match(ctx, rs, ss, s) {
		return all
	}
	c.judges.Stats = before
	return nil
}

// ConsumeLogs takes labels and what evaluators say in.
func (c *evaluationConnector) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return c.consume(ctx, func() {
		read := readLogs(ld, c.parser, c.judges)
		c.telemetry.truth(ctx, &read)
		c.truths = append(c.truths, read.labels...)
		c.takeTruths(ctx)
	})
}

func (c *evaluationConnector) takeTruths(ctx context.Context) {
	for i := range c.truths {
		c.take(ctx, c.keys.NewLabel(&c.truths[i]))
	}
	c.telemetry.judgements(ctx, c.judges.Stats)
	c.judges.Stats = evaluator.Stats{}
}

// take takes an item, if it is among those that are sampled.
func (c *evaluationConnector) take(ctx context.Context, item waiting.Item) {
	if !item.Sampled(c.cfg.Sampling) {
		if item.Answer != nil {
			add(ctx, c.telemetry.MlEvaluationPredictions, 1, "outcome", "not_sampled")
		}
		return
	}
	c.items = append(c.items, item)
}

// consume lets read take items, applies them, and has them written before it returns. What the storage
// does not take is not acknowledged: its sender keeps it, and when it comes again it is known.
func (c *evaluationConnector) consume(ctx context.Context, read func()) error {
	// A client that goes away must not keep what it has sent from being written.
	stored, err := c.takeIn(context.WithoutCancel(ctx), read)
	if err != nil || stored {
		return err
	}
	if err = c.catchUp(context.WithoutCancel(ctx)); err == nil || c.cfg.OnStorageFailure == storageclient.Accept {
		return nil
	}
	return fmt.Errorf("ml_evaluation: predictions and labels are refused, as they cannot be stored; send them again: %w", err)
}

// takeIn applies what read takes and writes it. stored is false where only a save can make up for what
// was not written.
func (c *evaluationConnector) takeIn(ctx context.Context, read func()) (stored bool, err error) {
	c.gate.RLock()
	defer c.gate.RUnlock()
	if !c.open {
		return false, errNotOpen
	}
	n, record, stored := c.apply(ctx, read)
	if record == nil {
		return stored, nil
	}
	if err := c.store.write(ctx, n, record); err != nil {
		add(ctx, c.telemetry.MlEvaluationSaves, 1, "outcome", "failed")
		c.telemetry.notice(1, "write", "What came in is not written, and would be lost by a kill; the next save has it, too. "+
			"'on_storage_failure' says what becomes of the request", zap.String("on_storage_failure", c.cfg.OnStorageFailure), zap.Error(err))
		return false, nil
	}
	add(ctx, c.telemetry.MlEvaluationSaves, 1, "outcome", "saved")
	return true, nil
}

// againAfter is how soon a storage that refuses is asked again by a request: each asks with all that
// has changed since.
const againAfter = time.Second

// catchUp saves what could not be written, if nobody else has.
func (c *evaluationConnector) catchUp(ctx context.Context) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	if c.store == nil {
		return errNotOpen
	}
	if !c.store.behind.Load() {
		return nil
	}
	if c.refused != nil && time.Since(c.asked) < againAfter {
		return c.refused
	}
	return c.saveLocked(ctx)
}

// apply returns the record of what was taken, nil where nothing is to be written; stored is false where
// there is something that only a save can write.
func (c *evaluationConnector) apply(ctx context.Context, read func()) (number uint64, record []byte, stored bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh()
	read()
	defer func() {
		clear(c.items)
		clear(c.truths)
		c.items, c.truths = c.items[:0], c.truths[:0]
		c.decoder.release()
	}()
	if len(c.items) == 0 {
		return 0, nil, true
	}
	now := time.Now()
	stored = true
	switch {
	case c.store == nil:
	case c.store.behind.Load():
		stored = false
		add(ctx, c.telemetry.MlEvaluationSaves, 1, "outcome", "failed")
	default:
		number, record = c.store.number(), waiting.EncodeRecord(c.items, now)
	}
	c.engine.Apply(c.items, now)
	c.telemetry.log(ctx, c.engine.Log.TakeStats())
	return number, record, stored
}

// refresh follows the catalog.
func (c *evaluationConnector) refresh() {
	set := c.catalog.Snapshot()
	if set == c.cards {
		return
	}
	c.cards = set
	for _, id := range c.engine.SetTasks(tasksOf(set)) {
		c.logger.Warn("A model's card gives it another task: its measures begin anew", zap.String("model", id.Name), zap.String("version", id.Version))
	}
}

// championAlias is that of the version that others are compared with.
const championAlias = "champion"

// tasksOf returns what says of a model what its card does, which is found out once.
func tasksOf(set *catalog.Set) func(prediction.Identity) quality.Task {
	known := map[prediction.Identity]quality.Task{}
	return func(id prediction.Identity) quality.Task {
		t, ok := known[id]
		if !ok && set != nil {
			t = taskOf(set, id)
		}
		if len(known) >= maxSeen {
			clear(known)
		}
		known[id] = t
		return t
	}
}

func taskOf(set *catalog.Set, id prediction.Identity) (t quality.Task) {
	m := set.Model(id.Environment, id.Name)
	if m == nil {
		return t
	}
	t.Kind, t.Positive = m.Task, m.PositiveClass
	for _, v := range m.Versions {
		t.Listed = t.Listed || v.Version == id.Version
		if v.Version != id.Version && slices.Contains(v.Aliases, championAlias) {
			t.Against = v.Version
		}
	}
	if p := set.Baseline(id.Environment, id.Name, id.Version); p != nil && p.Calibration != nil {
		t.Calibration = p.Calibration.Isotonics()
		t.Positive = cmp.Or(t.Positive, p.Calibration.Positive)
	}
	return t
}

// save collects what has changed and writes it.
func (c *evaluationConnector) save(ctx context.Context) {
	if c.store == nil {
		return
	}
	c.saving.Lock()
	defer c.saving.Unlock()
	_ = c.saveLocked(ctx) // it is said, and the next one tries again
}

// saveLocked is save for who holds saving.
func (c *evaluationConnector) saveLocked(ctx context.Context) error {
	c.gate.Lock()
	c.mu.Lock()
	c.store.collect(c.engine)
	c.mu.Unlock()
	c.gate.Unlock()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	c.refused = c.store.save(limited)
	c.asked = time.Now()
	if c.refused != nil {
		add(ctx, c.telemetry.MlEvaluationSaves, 1, "outcome", "failed")
		c.telemetry.notice(1, "save", "Measures are not saved; the next save tries again", zap.Error(c.refused))
		return c.refused
	}
	add(ctx, c.telemetry.MlEvaluationSaves, 1, "outcome", "saved")
	return nil
}

// emit sends what is known; last says that nothing will come.
func (c *evaluationConnector) emit(ctx context.Context, now time.Time, last bool) {
	c.emitted = now
	md, ld, misjudged := c.encode(ctx, now, last)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if c.metrics != nil && md.DataPointCount() > 0 {
		c.sent(ctx, c.metrics.ConsumeMetrics(limited, md), "An emission of measures failed; the next one has all of them")
	}
	if misjudged && c.logs != nil {
		c.sent(ctx, c.logs.ConsumeLogs(limited, ld), "Misjudged predictions could not be sent; they are lost")
	}
}

func (c *evaluationConnector) sent(ctx context.Context, err error, message string) {
	if err != nil {
		add(ctx, c.telemetry.MlEvaluationEmissions, 1, "outcome", "failed")
		c.telemetry.notice(1, message, message, zap.Error(err))
		return
	}
	add(ctx, c.telemetry.MlEvaluationEmissions, 1, "outcome", "sent")
}

// encode encodes what is known now.
func (c *evaluationConnector) encode(ctx context.Context, now time.Time, last bool) (md pmetric.Metrics, ld plog.Logs, misjudged bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh()
	c.engine.Advance(now)
	c.telemetry.log(ctx, c.engine.Log.TakeStats())
	stamp := pcommon.NewTimestampFromTime(now)
	if c.cfg.Timestamps == TimestampsEvent {
		stamp = 0
	}
	e := newEncoder(c.version, c.began, stamp)
	if stamp == 0 {
		c.engine.Quality.Closed(now, last, e.quality)
		c.engine.Evaluators.Closed(now, last, e.evaluator)
	} else {
		c.engine.Quality.Results(e.quality)
		c.engine.Evaluators.Results(now, e.evaluator)
	}
	c.engine.Shadow.Results(now, e.shadow)
	c.telemetry.counts(ctx, c.engine.Quality.Stats(), c.engine.Evaluators.Stats(), c.engine.Shadow.Stats())
	answers, labels, bytes := c.engine.Log.Waiting()
	shadows, _ := c.engine.Shadow.Waiting()
	c.telemetry.holds(ctx, answers, labels, bytes, shadows)
	ld, misjudged = c.misjudged.take()
	return e.Metrics(), ld, misjudged
}
