// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/alertlog"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/emit"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

const (
	// sendTimeout is how long an emission may take; what was not delivered by then is due again.
	sendTimeout = 30 * time.Second
	// soonest is the shortest time between two rounds of decideLoop that no batch has asked for.
	soonest = 10 * time.Millisecond
)

// jobConnector is what the edges of one config share.
type jobConnector struct {
	cfg       *Config
	id        component.ID
	version   string
	logger    *zap.Logger
	telemetry *telemetry
	alertLog  *alertlog.Log
	// conditions are nil where there are none.
	conditions *spanottl.Conditions
	emitter    *emit.Emitter

	// logs and metrics are nil without an edge to them. The factory sets them, before Start.
	logs    consumer.Logs
	metrics consumer.Metrics

	catalog catalog.Catalog
	tracker *track.Tracker
	store   *store // nil without storage
	// gate is held for reading while a batch is taken in, and for writing by Close, so that the
	// storage is not closed under a batch.
	gate sync.RWMutex
	open bool
	// began is the start of all cumulative points.
	began time.Time
	// reported is when metrics were emitted last; only reportLoop and, after it, Flush use it.
	reported time.Time

	// woken has a value when a batch may have changed when the tracker has something to do next.
	woken chan struct{}
	// deciding is held while the tracker decides and while it is asked for its counts, so that
	// these fit together.
	deciding sync.Mutex
	stop     context.CancelFunc
	loops    sync.WaitGroup
}

var _ sharedcomponent.TracesState = (*jobConnector)(nil)

func newConnector(set connector.Settings, cfg *Config) (*jobConnector, error) {
	set.Logger = visible.Logger(set.Logger)
	conditions, err := spanottl.NewConditions("conditions", cfg.Conditions, set.Logger)
	if err != nil {
		return nil, err
	}
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	c := &jobConnector{
		cfg: cfg, id: set.ID, version: set.BuildInfo.Version, logger: set.Logger, conditions: conditions,
		telemetry: newTelemetry(builder, set.Logger, cfg), catalog: catalog.Empty(), woken: make(chan struct{}, 1),
		alertLog: alertlog.New(set.Logger, cfg.Alerts.ResendInterval),
		emitter: &emit.Emitter{
			Resource: set.Resource, Scope: metadata.ScopeName, Version: set.BuildInfo.Version, Timeout: sendTimeout, Logger: set.Logger,
		},
	}
	options := cfg.options()
	options.Notice, options.Accepted = c.telemetry.limit, c.telemetry.accepted
	options.Cards = func() *catalog.Set { return c.catalog.Snapshot() }
	c.tracker = track.New(options)
	return c, nil
}

// Start finds the catalog, opens the storage and reads what is in it.
func (c *jobConnector) Start(ctx context.Context, host component.Host) error {
	found, ok, err := cataloghost.Find(host, c.cfg.Catalog)
	if err != nil {
		return err
	}
	if !ok {
		c.logger.Warn(noCatalog)
	}
	c.catalog = found
	var values track.Store
	if c.cfg.Storage != nil {
		if c.store, err = openStore(ctx, host, *c.cfg.Storage, c.id, c.telemetry); err != nil {
			return err
		}
		values = c.store
	}
	c.began = time.Now()
	damaged, err := c.tracker.Load(ctx, values, c.began)
	if err != nil {
		return err
	}
	if len(damaged) > 0 {
		c.logger.Error("Stored values cannot be read; they are set aside, and what they held starts afresh", zap.Strings("values", damaged))
	}
	if own := c.tracker.SelfStats(); own.Jobs > 0 {
		c.logger.Info("The watch continues from what was stored", zap.Int("jobs", own.Jobs),
			zap.Int("open_runs", own.OpenRuns), zap.Int("active_alerts", own.ActiveAlerts))
	}
	c.open = true
	return nil
}

// noCatalog is said once where there is no catalog.
const noCatalog = "No catalog is enabled: jobs are known by their spans alone, without schedules, deadlines or runbooks. " +
	"Configure the ml_catalog extension and list it in service::extensions."

// Run starts deciding and emitting.
func (c *jobConnector) Run() {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.loops.Add(2)
	go c.decideLoop(ctx)
	go c.reportLoop(ctx)
}

// Flush decides what can be decided without waiting, and emits once more.
func (c *jobConnector) Flush(ctx context.Context) error {
	c.stop()
	stopped := make(chan struct{})
	go func() {
		c.loops.Wait()
		close(stopped)
	}()
	now := time.Now()
	err := c.tracker.Flush(context.WithoutCancel(ctx), now)
	select {
	case <-stopped:
	case <-ctx.Done():
		c.logger.Error("The last alerts and metrics are not emitted: what is downstream did not return before the shutdown")
		return err
	}
	c.emitAlerts(ctx, now)
	c.report(ctx, metricbuilder.Last(c.reported, now))
	return err
}

// Close closes the storage.
func (c *jobConnector) Close(ctx context.Context) error {
	c.gate.Lock()
	defer c.gate.Unlock()
	c.open = false
	var err error
	if c.store != nil {
		err = c.store.Close(ctx)
		c.store = nil
	}
	c.telemetry.builder.Shutdown()
	return err
}

var errNotOpen = errors.New("ml_job has not started or was shut down")

// ConsumeTraces takes the spans of a request in and writes what they change. What the storage does
// not take is in the tracker nevertheless, whose alerts do not wait for it, but is not acknowledged:
// its sender keeps it, and when it comes again it counts once.
func (c *jobConnector) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	c.gate.RLock()
	defer c.gate.RUnlock()
	if !c.open {
		return errNotOpen
	}
	now := time.Now()
	r := readers.Get().(*reader)
	defer r.release()
	r.read(td, c.wants(ctx), func(service string) { c.tracker.Alive(now, service) })
	c.telemetry.read(ctx, &r.counts, r.unreadable, r.cuts, c.conditions.TakeFailures())
	if r.unreadable > 0 {
		c.telemetry.unreadable(r.firstUnreadable, r.spanOf(r.firstUnreadable))
	}
	if r.cuts > 0 {
		c.telemetry.cut(r.firstCut, r.spanOf(r.firstCut))
	}
	if len(r.spans) == 0 {
		return nil
	}
	// A client that goes away must not keep what it has sent from being written.
	err := c.tracker.Observe(context.WithoutCancel(ctx), now, r.spans)
	c.wake()
	if err == nil {
		return nil
	}
	c.telemetry.unsaved(now, err)
	if c.cfg.OnStorageFailure == storageclient.Accept {
		return nil
	}
	return fmt.Errorf("ml_job: spans of jobs are refused, as their state cannot be stored; send them again: %w", err)
}

// wants returns what asks the conditions, nil where there are none.
func (c *jobConnector) wants(ctx context.Context) wanted {
	if c.conditions == nil {
		return nil
	}
	return func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) bool {
		return c.conditions.Match(ctx, rs, ss, s)
	}
}

// wake has decideLoop look again when there is something to do.
func (c *jobConnector) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// decideLoop sleeps until the tracker has something to do, has it done and emits the alerts that
// are due.
//
//	Next ──► sleep ──► Tick ──► Due ──► logs ──► Sent
//	  ▲        ▲                                  │
//	  │        └─ a batch: ask Next again         │
//	  └───────────────────────────────────────────┘
func (c *jobConnector) decideLoop(ctx context.Context) {
	defer c.loops.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.woken:
			if next := c.tracker.Next(); next.IsZero() || next.After(time.Now()) {
				sleep(timer, next)
				continue
			}
		case <-timer.C:
		}
		now := time.Now()
		c.deciding.Lock()
		err := c.tracker.Tick(ctx, now)
		c.deciding.Unlock()
		if err != nil && ctx.Err() == nil {
			c.telemetry.unsaved(now, err)
		}
		c.emitAlerts(ctx, now)
		sleep(timer, c.tracker.Next())
	}
}

// sleep sets a timer; zero is never.
func sleep(timer *time.Timer, until time.Time) {
	if until.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(max(time.Until(until), soonest))
}

// emitAlerts emits the alerts that are due. Without an edge to logs they count as delivered: they
// are still counted and kept.
func (c *jobConnector) emitAlerts(ctx context.Context, now time.Time) {
	due := c.tracker.Due(now)
	if len(due) == 0 {
		return
	}
	c.alertLog.Record(now, due)
	if c.logs == nil {
		c.tracker.Sent(now)
		return
	}
	outcome := c.emitter.Emit(ctx, c.logs, now, due)
	if outcome.Settled() {
		c.tracker.Sent(now)
	}
	c.telemetry.alerts(ctx, len(due), outcome)
}

// reportLoop emits metrics, and says how the tracker itself does. It is apart from decideLoop so
// that metrics that find no way do not hold up alerts.
func (c *jobConnector) reportLoop(ctx context.Context) {
	defer c.loops.Done()
	ticker := time.NewTicker(c.cfg.MetricsInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			c.report(ctx, now)
		}
	}
}

func (c *jobConnector) report(ctx context.Context, now time.Time) {
	c.reported = now
	c.deciding.Lock()
	jobs, own := c.tracker.Stats(now), c.tracker.SelfStats()
	c.deciding.Unlock()
	c.telemetry.self(ctx, own)
	if c.metrics == nil {
		return
	}
	md := encode(jobs, own, frame{version: c.version, severity: alert.Severity(c.cfg.Severity), start: c.began, now: now})
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := c.metrics.ConsumeMetrics(limited, md); err != nil {
		c.telemetry.metrics(ctx, outcomeFailed)
		c.logger.Warn("Metrics were not delivered; the next emission has all of them", zap.Error(err))
		return
	}
	c.telemetry.metrics(ctx, outcomeSent)
}
