// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// state is what the edges of one config share.
type state struct {
	cfg       *Config
	id        component.ID
	version   string
	resource  pcommon.Resource
	logger    *zap.Logger
	telemetry *telemetry
	complain  complaints
	notices   *notices
	sayer     *sayer

	// logs and metrics are nil without an edge to them. The factory sets them, before Start.
	logs    consumer.Logs
	metrics consumer.Metrics

	catalog catalog.Catalog
	tracker *track.Tracker
	store   *store // nil without storage
	// gate is held for reading while a batch is taken in, and for writing by Close, so that the storage is not closed under a batch.
	gate sync.RWMutex
	open bool
	// began is the start of all cumulative points.
	began time.Time

	// woken has a value when a batch may have changed when the tracker has something to do next.
	woken chan struct{}
	// deciding is held while the tracker decides and while it is asked for its counts, so that these fit together.
	deciding sync.Mutex
	stop     context.CancelFunc
	loops    sync.WaitGroup
}

var _ sharedcomponent.TracesState = (*state)(nil)

func newState(set connector.Settings, cfg *Config) (*state, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	s := &state{
		cfg: cfg, id: set.ID, version: set.BuildInfo.Version, resource: set.Resource, logger: set.Logger,
		telemetry: &telemetry{builder: builder}, catalog: catalog.Empty(), woken: make(chan struct{}, 1),
		sayer: newSayer(set.Logger, cfg.Alerts.ResendInterval),
	}
	s.notices = newNotices(set.Logger, cfg.Limits)
	options := cfg.options()
	options.Notice = s.notices.limit
	options.Cards = func() *catalog.Set { return s.catalog.Snapshot() }
	s.tracker = track.New(options)
	return s, nil
}

// Start finds the catalog, opens the storage and reads what is in it.
func (s *state) Start(ctx context.Context, host component.Host) error {
	found, ok, err := cataloghost.Find(host, s.cfg.Catalog)
	if err != nil {
		return err
	}
	if !ok {
		s.logger.Warn(noCatalog)
	}
	s.catalog = found
	var values track.Store
	if s.cfg.Storage != nil {
		if s.store, err = openStore(ctx, host, *s.cfg.Storage, s.id, s.telemetry); err != nil {
			return err
		}
		values = s.store
	}
	s.began = time.Now()
	damaged, err := s.tracker.Load(ctx, values, s.began)
	if err != nil {
		return err
	}
	if len(damaged) > 0 {
		s.logger.Error("Stored values cannot be read; they are set aside, and what they held starts afresh", zap.Strings("values", damaged))
	}
	if own := s.tracker.SelfStats(); own.Jobs > 0 {
		s.logger.Info("The watch continues from what was stored", zap.Int("jobs", own.Jobs),
			zap.Int("open_runs", own.OpenRuns), zap.Int("active_alerts", own.ActiveAlerts))
	}
	s.open = true
	return nil
}

// noCatalog is said once where there is no catalog.
const noCatalog = "No catalog is enabled: jobs are known by their spans alone, without schedules, deadlines or runbooks. " +
	"Configure the ml_catalog extension and list it in service::extensions."

// Run starts deciding and emitting.
func (s *state) Run() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.loops.Add(2)
	go s.decideLoop(ctx)
	go s.reportLoop(ctx)
}

// Flush decides what can be decided without waiting, and emits once more.
func (s *state) Flush(ctx context.Context) error {
	s.stop()
	stopped := make(chan struct{})
	go func() {
		s.loops.Wait()
		close(stopped)
	}()
	now := time.Now()
	err := s.tracker.Flush(context.WithoutCancel(ctx), now)
	select {
	case <-stopped:
	case <-ctx.Done():
		s.logger.Error("The last alerts and metrics are not emitted: what is downstream did not return before the shutdown")
		return err
	}
	s.emitAlerts(ctx, now)
	s.report(ctx, now)
	return err
}

// Close closes the storage.
func (s *state) Close(ctx context.Context) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.open = false
	var err error
	if s.store != nil {
		err = s.store.Close(ctx)
		s.store = nil
	}
	s.telemetry.builder.Shutdown()
	return err
}

var errNotOpen = errors.New("ml_job has not started or was shut down")

// ConsumeTraces takes the spans of a request in and writes what they change. A write that fails is logged and made up for by the next
// one: the spans are in the tracker, and must not come again. It fails only while the state is not open, never for spans that were
// counted.
func (s *state) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if !s.open {
		return errNotOpen
	}
	now := time.Now()
	r := readers.Get().(*reader)
	defer r.release()
	r.read(td, func(service string) { s.tracker.Alive(now, service) })
	s.telemetry.read(ctx, &r.counts, r.unreadable, r.cuts)
	if r.unreadable > 0 {
		s.notices.unreadable(r.firstUnreadable, r.spanOf(r.firstUnreadable))
	}
	if r.cuts > 0 {
		s.notices.cut(r.firstCut, r.spanOf(r.firstCut))
	}
	if len(r.spans) == 0 {
		return nil
	}
	// A client that goes away must not keep what it has sent from being written.
	if err := s.tracker.Observe(context.WithoutCancel(ctx), now, r.spans); err != nil {
		s.complain.about(s.logger, now, err)
	}
	s.wake()
	return nil
}

// wake has decideLoop look again when there is something to do.
func (s *state) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// complaints logs failures of the storage, once a minute at most.
type complaints struct {
	mu       sync.Mutex
	since    time.Time
	unspoken int
}

func (c *complaints) about(logger *zap.Logger, now time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.since.IsZero() && now.Sub(c.since) < time.Minute {
		c.unspoken++
		return
	}
	logger.Error("What has changed is not stored; the next write has it too. Until then a kill would lose it",
		zap.Int("not_logged_since", c.unspoken), zap.Error(err))
	c.since, c.unspoken = now, 0
}
