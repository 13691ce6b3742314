// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/driftalert"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/handover"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/learned"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/report"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/thinning"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/emit"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/describe"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/ranking"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// maxWaiting is how many results of closed windows wait for a downstream that fails, in event mode;
// the oldest go first.
const maxWaiting = 50_000

// sendTimeout is how long an emission may take, so that a downstream that hangs does not hold up
// the other one.
const sendTimeout = 30 * time.Second

// driftConnector is what the edges of one config share.
type driftConnector struct {
	cfg       *Config
	id        component.ID
	version   string
	logger    *zap.Logger
	telemetry *telemetry

	// metrics and logs are nil without an edge to them. The factory sets them, before Start.
	metrics consumer.Metrics
	logs    consumer.Logs

	engine *drift.Engine
	// partitions are those that were taken over or let go of.
	partitions handover.Partitions
	catalog    catalog.Catalog
	store      *store // nil without storage

	stop chan struct{}
	done sync.WaitGroup

	// waiting are the results of closed windows that have not been sent; only the loop and, after
	// it, Shutdown use it.
	waiting []drift.Result
	// contracts are the same of what contracts say of them.
	contracts []drift.ContractResult
	// alerts are the drifts that hold or have ended lately; only the loop and, after it, Flush use
	// them.
	alerts  *driftalert.Alerts
	emitter *emit.Emitter
	// evidence are the records of windows that have not been sent; only the loop and, after it, Flush
	// use them.
	evidence *evidence.Records
	// restored are points of the process before that were not sent either.
	restored pmetric.Metrics
	emitted  time.Time // the latest emission; only the loop and, after it, Flush use it
	warn     sync.Once
	reporter *report.Reporter
	learned  *learned.Writer // nil where nothing is learned
	thinned  *thinning.Choice
	shown    ranking.Shown
}

var _ sharedcomponent.MetricsState = (*driftConnector)(nil)

func newConnector(set connector.Settings, cfg *Config) (*driftConnector, error) {
	set.Logger = visible.Logger(set.Logger)
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	engine, err := drift.New(cfg.options())
	if err != nil {
		return nil, err
	}
	c := &driftConnector{
		cfg: cfg, id: set.ID, version: set.BuildInfo.Version, logger: set.Logger,
		telemetry: &telemetry{builder}, engine: engine, catalog: catalog.Empty(), restored: pmetric.NewMetrics(),
		alerts: newAlerts(cfg), evidence: evidence.New(cfg.Evidence.PerWindow), reporter: report.New(set.Logger), thinned: thinning.New(cfg.Segments.Scores),
	}
	c.emitter = &emit.Emitter{
		Resource: set.Resource, Scope: metadata.ScopeName, Version: set.BuildInfo.Version, Timeout: sendTimeout, Logger: set.Logger,
	}
	if cfg.Learn.Rows > 0 {
		c.learned = learned.NewWriter(cfg.Learn.Directory, engine, set.Logger, c.reporter.Hourly)
	}
	return c, nil
}

func newAlerts(cfg *Config) *driftalert.Alerts {
	return driftalert.New(driftalert.Options{
		Limit: cfg.Limits.Alerts, Resend: cfg.Alerts.ResendInterval, KeepResolved: cfg.Alerts.KeepResolved,
		Severity: alert.Severity(cfg.Severity), TraceURL: cfg.TraceURL, PerModel: cfg.Alerts.Per == AlertsPerModel,
	})
}

// Start finds the catalog and loads what was saved.
func (c *driftConnector) Start(ctx context.Context, host component.Host) error {
	cat, found, err := cataloghost.Find(host, c.cfg.Catalog)
	if err != nil {
		return err
	}
	if !found {
		c.logger.Warn(cataloghost.NoCatalogMessage)
	}
	if rows := c.cfg.Learn.Rows; rows > 0 {
		if small := profile.SmallWarning(uint64(rows), c.cfg.MinSamples); small != "" {
			c.logger.Warn("Baselines that are learned will be small: raise 'learn::rows': " + small)
		}
	}
	if c.cfg.Evidence.PerWindow > 0 && c.logs == nil {
		c.logger.Warn("There is no evidence though 'evidence::per_window' is set: name ml_drift among the receivers of a pipeline of logs")
	}
	c.catalog = cat
	c.engine.SetCatalog(cat.Snapshot())
	if c.cfg.Storage != nil {
		if c.store, err = openStore(ctx, host, *c.cfg.Storage, c.id, c.logger); err != nil {
			return err
		}
		found, err := c.store.load(ctx, c.engine, c.alerts, c.evidence, time.Now())
		c.telemetry.loads(ctx, found.values, found.damaged)
		if err != nil {
			return err
		}
		c.restored = found.waiting
		if found.values > 0 {
			c.logger.Info("Windows continue from the last save", zap.Int("values", found.values))
		}
	}
	return nil
}

// Run starts emitting.
func (c *driftConnector) Run() {
	c.stop = make(chan struct{})
	c.done.Add(1)
	go c.run()
}

// Flush emits once more and saves. In event mode without storage the open windows are closed with
// the length they have; with storage they are kept for the restart.
func (c *driftConnector) Flush(ctx context.Context) error {
	close(c.stop)
	c.done.Wait()
	now := metricbuilder.Last(c.emitted, time.Now())
	if c.cfg.Timestamps == TimestampsEvent && c.store == nil {
		c.engine.SetCatalog(c.catalog.Snapshot())
		closed, changes := c.engine.CloseAll(now)
		c.recordClosed(closed, changes, now)
	}
	c.engine.Totals(func(*drift.Total) {}) // there is no other emission in which what is new could be more than 0
	c.emit(ctx, now)
	if len(c.waiting) > 0 && c.store == nil {
		c.telemetry.emission(ctx, "dropped")
		c.logger.Error("Results of closed windows could not be sent before shutdown", zap.Int("results", len(c.waiting)))
	}
	var err error
	if c.store != nil {
		err = c.save(ctx)
	}
	c.telemetry.stats(ctx, c.engine.TakeStats())
	return err
}

// Close closes the storage.
func (c *driftConnector) Close(ctx context.Context) error {
	err := c.store.close(ctx)
	c.telemetry.Shutdown()
	return err
}

// ConsumeMetrics counts deltas. It never fails: what could not be read is counted, too, and would
// not become readable by another attempt.
func (c *driftConnector) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	in := otlp.Decode(ctx, md)
	if in.Unreadable > 0 {
		c.warn.Do(func() {
			c.logger.Warn("Data points that are no deltas of ml_summary are dropped (this is said once): "+
				"connect ml_drift to an ml_summary with 'temporality: event_delta', and send other metrics past it",
				zap.String("metric", in.Metric), zap.Int("points", in.Unreadable))
		})
	}
	if set := c.catalog.Snapshot(); set != nil {
		c.engine.SetCatalog(set)
	}
	c.partitions.Apply(c.engine, in.Deltas, in.Changes, func(deltas []drift.Delta) { c.engine.Add(time.Now(), deltas) })
	c.telemetry.decoded(ctx, in)
	c.report(ctx)
	c.pass(ctx, md)
	return nil
}

// pass sends what ml_summary's change detectors say, and where models run, on as it is. What fails is in their next
// request.
func (c *driftConnector) pass(ctx context.Context, md pmetric.Metrics) {
	passed, ok := otlp.Passed(md)
	if !ok || c.metrics == nil {
		return
	}
	repair.Metrics(passed) // ml_summary may be of an older version
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := c.metrics.ConsumeMetrics(ctx, passed); err != nil {
		c.telemetry.emission(ctx, "failed")
		c.logger.Warn("Metrics of change detectors and placements could not be passed on; ml_summary's next ones have all of them", zap.Error(err))
	}
}

func (c *driftConnector) report(ctx context.Context) {
	s := c.engine.TakeStats()
	now := time.Now()
	for i := range s.Events {
		c.reporter.Event(&s.Events[i], c.catalog.Snapshot(), now)
	}
	for i := range s.Shortages {
		c.reporter.Shortage(&s.Shortages[i], now)
	}
	c.telemetry.stats(ctx, s)
}

// run emits and saves until it is stopped.
func (c *driftConnector) run() {
	defer c.done.Done()
	ctx := context.Background()
	emit := time.NewTicker(c.cfg.EmitInterval)
	defer emit.Stop()
	save := time.NewTicker(c.cfg.SaveInterval)
	defer save.Stop()
	if c.store == nil {
		save.Stop()
	}
	resend := time.NewTicker(c.cfg.Alerts.ResendInterval)
	defer resend.Stop()
	c.emitLogs(ctx, time.Now()) // those of the process before
	c.emitTotals(ctx, time.Now())
	for {
		select {
		case <-c.stop:
			return
		case <-emit.C:
			c.emit(ctx, time.Now())
		case <-resend.C:
			c.emitLogs(ctx, time.Now())
		case <-save.C:
			if err := c.save(ctx); err != nil {
				c.logger.Warn("Windows are not saved; the next save tries again", zap.Error(err))
			}
		}
	}
}

func (c *driftConnector) save(ctx context.Context) error {
	written, bytes, err := c.store.save(ctx, c.engine, c.unsent(), c.alerts, c.evidence)
	switch {
	case err != nil:
		c.telemetry.save(ctx, "save_failed")
	case written:
		c.telemetry.save(ctx, "saved")
		c.telemetry.MlDriftSnapshotSize.Record(ctx, int64(bytes))
	}
	return err
}

// recordClosed takes note of closed windows and of new verdicts.
func (c *driftConnector) recordClosed(closed []drift.Result, changes []drift.Change, now time.Time) {
	for i := range changes {
		c.reporter.Verdict(&changes[i])
		c.telemetry.verdict(context.Background(), changes[i].Verdict.String())
	}
	if c.logs != nil {
		c.alerts.Observe(closed, changes, c.catalog.Snapshot(), now)
		c.evidence.Add(closed, changes, c.alerts.Place)
	}
	if c.cfg.Timestamps == TimestampsEvent && c.metrics != nil {
		c.waiting = append(c.waiting, closed...)
		if over := len(c.waiting) - maxWaiting; over > 0 {
			c.waiting = append(c.waiting[:0], c.waiting[over:]...)
			c.telemetry.emission(context.Background(), "dropped")
		}
	}
	c.recordContracts()
}

// recordContracts takes note of what contracts say of closed windows.
func (c *driftConnector) recordContracts() {
	closed := c.engine.TakeContracts()
	for i := range closed {
		if r := &closed[i]; r.Verdict != r.From {
			c.reporter.Contract(r)
		}
	}
	if c.cfg.Timestamps == TimestampsEvent && c.metrics != nil {
		c.contracts = append(c.contracts, closed...)
		if over := len(c.contracts) - maxWaiting; over > 0 {
			c.contracts = append(c.contracts[:0], c.contracts[over:]...)
			c.telemetry.emission(context.Background(), "dropped")
		}
	}
}

// letGo forgets the alerts on models that another aggregator judges now.
func (c *driftConnector) letGo() {
	for _, m := range c.partitions.Gone() {
		c.alerts.Forget(m)
	}
}

// emit advances the windows to now and sends what is to be said. What fails is in the next
// emission: gauges and cumulative sums as a matter of course, closed windows because they wait.
func (c *driftConnector) emit(ctx context.Context, now time.Time) {
	c.emitted = now
	c.engine.SetCatalog(c.catalog.Snapshot())
	c.letGo()
	c.recordClosed(nil, c.partitions.Settle(c.engine), now)
	closed, changes := c.engine.Advance(now)
	e := newEncoder(c.version, pcommon.NewTimestampFromTime(now))
	c.scores(now, e)
	c.recordClosed(closed, changes, now)
	c.hold(now)
	if c.learned != nil {
		c.learned.WriteAll(now)
	}
	c.report(ctx)
	md := c.unsent()
	c.emitLogs(ctx, now)
	if c.metrics == nil {
		return
	}
	if c.cfg.Timestamps == TimestampsNow {
		c.engine.Contracts(e.contract)
		c.engine.Totals(e.total)
		e.Metrics().ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	}
	if c.send(ctx, md, "An emission failed; what it held is in the next one") {
		c.waiting, c.contracts, c.restored = nil, nil, pmetric.NewMetrics()
	}
}

// send passes points on, if there are any, and reports whether they were taken; if not, it says what
// becomes of them.
func (c *driftConnector) send(ctx context.Context, md pmetric.Metrics, otherwise string) bool {
	if md.DataPointCount() == 0 {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := c.metrics.ConsumeMetrics(limited, md); err != nil {
		c.telemetry.emission(ctx, "failed")
		c.logger.Warn(otherwise, zap.Error(err))
		return false
	}
	c.telemetry.emission(ctx, "sent")
	return true
}

// emitTotals emits the totals of the process before as they were. Who makes deltas of them
// (cumulative_to_delta) has lost what it knew with that process: without this base, all that comes until
// the first emission would be lost to it. Windows stay as they are, as clients may still be on their way.
func (c *driftConnector) emitTotals(ctx context.Context, now time.Time) {
	if c.metrics == nil || c.store == nil || c.cfg.Timestamps != TimestampsNow {
		return
	}
	c.emitted = now
	e := newEncoder(c.version, pcommon.NewTimestampFromTime(now))
	c.engine.Totals(e.total)
	c.send(ctx, e.Metrics(), "Totals of the last save could not be emitted; what makes deltas of them begins with the next emission")
}

// scores encodes the scores of now, and puts what drifts in order.
func (c *driftConnector) scores(now time.Time, e *encoder) {
	encodes := c.metrics != nil && c.cfg.Timestamps == TimestampsNow
	if !encodes && c.logs == nil {
		return
	}
	ranked := ranking.New(c.catalog.Snapshot())
	e.whole = c.thinned.Whole(now)
	c.engine.Scores(func(r *drift.Result) {
		if encodes {
			e.result(r)
		}
		ranked.Add(r)
	})
	if encodes {
		c.engine.Embeddings(e.embedding)
		c.shown.Places(ranked, describe.MaxRanked, e.rank)
	}
	c.letGo() // what was let go of meanwhile is not resolved
	if c.logs != nil {
		c.alerts.Rank(ranked)
	}
}

// hold makes the alerts fit the verdicts that hold.
func (c *driftConnector) hold(now time.Time) {
	if c.logs != nil {
		c.alerts.HoldAll(c.catalog.Snapshot(), now)
		c.alerts.Settle(now)
	}
}

// emitLogs emits the alerts that are due and the evidence that waits, after both were saved: a kill
// must not make a drift begin twice, nor a window be judged again that was told of.
func (c *driftConnector) emitLogs(ctx context.Context, now time.Time) {
	if c.logs == nil {
		return
	}
	c.letGo()
	overflow := c.alerts.TakeOverflow()
	c.telemetry.alerts(ctx, "overflow", overflow)
	c.telemetry.alerts(ctx, "dropped", c.alerts.TakeLost())
	if overflow > 0 && c.reporter.Hourly("alerts", now) {
		c.logger.Warn("More drifts hold than there is room for alerts: raise 'limits::alerts'",
			zap.Int("limit", c.cfg.Limits.Alerts), zap.Int("without_an_alert", overflow))
	}
	c.telemetry.evidence(ctx, "overflow", c.evidence.TakeOverflow())
	c.telemetry.evidence(ctx, "dropped", c.evidence.TakeLost())
	if c.store != nil && (c.alerts.Undelivered() || c.evidence.Unsaved()) {
		if err := c.save(ctx); err != nil {
			c.logger.Warn("Windows are not saved; the next save tries again", zap.Error(err))
		}
	}
	c.emitAlerts(ctx, now)
	c.emitEvidence(ctx, now)
}

// emitAlerts emits the alerts that are due.
func (c *driftConnector) emitAlerts(ctx context.Context, now time.Time) {
	due := c.alerts.Due(now)
	if len(due) == 0 {
		return
	}
	outcome := c.emitter.Emit(ctx, c.logs, now, due)
	if outcome.Settled() {
		c.alerts.Delivered(now)
	}
	c.telemetry.alerts(ctx, string(outcome), len(due))
}

// emitEvidence emits the records that wait, and saves that they were sent.
func (c *driftConnector) emitEvidence(ctx context.Context, now time.Time) {
	before := c.evidence.Len()
	for c.evidence.Len() > 0 {
		n := 0
		outcome := c.emitter.EmitRecords(ctx, c.logs, "Records of evidence", func(to plog.LogRecordSlice) { n = c.evidence.Next(now, to) })
		c.telemetry.evidence(ctx, string(outcome), n)
		if !outcome.Settled() {
			break
		}
		c.evidence.Done(n)
	}
	if c.evidence.Len() == before || c.store == nil {
		return
	}
	if err := c.store.saveEvidence(ctx, c.evidence); err != nil {
		c.logger.Warn("It is not saved that evidence was sent; the next save tries again", zap.Error(err))
	}
}

// unsent returns the points of closed windows that have not been sent, in event time.
func (c *driftConnector) unsent() pmetric.Metrics {
	md := pmetric.NewMetrics()
	c.restored.CopyTo(md)
	if len(c.waiting)+len(c.contracts) > 0 {
		e := newEncoder(c.version, 0)
		for i := range c.contracts {
			e.contract(&c.contracts[i])
		}
		e.whole = c.thinned.Closed
		for i := range c.waiting {
			e.result(&c.waiting[i])
		}
		e.Metrics().ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	}
	return md
}
