// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/control"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/lease"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// errorInterval is the time between two lines about the same error of records.
const errorInterval = 5 * time.Minute

// maxDecisions is how many decisions wait to be sent.
const maxDecisions = 1000

type edge = sharedcomponent.Edge[Config, *actionExporter]

// logs takes alerts.
type logs struct{ *edge }

// ConsumeLogs takes alerts over. When it returns, the cases that they open are in the journal. An
// error is the storage's: the source sends them again.
func (l *logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return l.State().takeAlerts(ctx, ld)
}

// Capabilities says that requests are left as they are.
func (*logs) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// traces takes spans as evidence.
type traces struct{ *edge }

// ConsumeTraces keeps spans for a while. It never fails: what is lost is counted.
func (t *traces) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	t.State().takeSpans(td)
	return nil
}

// Capabilities says that requests are left as they are.
func (*traces) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// actionExporter is what the exporters of one config share.
type actionExporter struct {
	cfg       *Config
	id        component.ID
	settings  exporter.Settings
	logger    *zap.Logger
	telemetry *telemetry
	encoder   *encoder

	engine   *engine.Engine
	versions *version.Tracker
	evidence *evidenceStore
	leader   engine.Leader
	client   *storageclient.Client

	// decisions are to be sent by sendLogs and sendTraces, which are nil without an endpoint.
	decisions  chan engine.Decision
	sendLogs   exporter.Logs
	sendTraces exporter.Traces

	server   *http.Server
	listener net.Listener

	cancel  context.CancelFunc
	work    sync.WaitGroup
	skipped sync.Once
	errors  *loglimit.Limiter
}

var _ sharedcomponent.State = (*actionExporter)(nil)

func newExporter(set exporter.Settings, cfg *Config) (*actionExporter, error) {
	set.Logger = visible.Logger(set.Logger)
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &actionExporter{
		cfg: cfg, id: set.ID, settings: set, logger: set.Logger, telemetry: &telemetry{builder}, versions: version.NewTracker(),
		encoder: &encoder{resource: set.Resource, scope: metadata.ScopeName, version: set.BuildInfo.Version},
		errors:  loglimit.New(errorInterval), decisions: make(chan engine.Decision, maxDecisions),
	}, nil
}

// Start finds the extensions, opens the journal and the evidence, and makes the clients.
func (e *actionExporter) Start(ctx context.Context, host component.Host) error {
	cat, found, err := cataloghost.Find(host, e.cfg.Catalog)
	if err != nil {
		return err
	}
	if !found {
		cat = catalog.Empty()
	}
	if e.evidence, err = e.openEvidence(ctx, host); err != nil {
		return err
	}
	actions, err := e.actions(ctx, host)
	if err != nil {
		return err
	}
	if e.client, err = e.openStorage(ctx, host); err != nil {
		return err
	}
	if err := e.openDecisions(ctx, host); err != nil {
		return err
	}
	e.leader = lease.Always{}
	if e.cfg.Lease.HasValue() || e.cfg.LeaderElector != nil {
		e.leader = &lease.Lead{}
	}
	e.engine = engine.New(engine.Options{
		Actions: actions, Logger: e.logger, Say: e.say, Evidence: e.evidence, Versions: e.versions, Catalog: cat.Snapshot, Leader: leaderOf{e},
		KillFile: e.cfg.KillSwitchFile, TraceURL: e.cfg.TraceURL, SourceTimeout: e.cfg.Guards.SourceTimeout,
		MaxAlerts: e.cfg.Limits.Alerts, MaxConcurrent: e.cfg.Limits.Concurrent,
	})
	if err := e.lead(ctx, host); err != nil {
		return err
	}
	if err := e.telemetry.observe(e); err != nil {
		return err
	}
	return e.openAPI(ctx, host)
}

// leaderOf says who leads: the lease may be made after the engine.
type leaderOf struct{ e *actionExporter }

func (l leaderOf) Leading() (bool, string) { return l.e.leader.Leading() }

// actions makes what the config names.
func (e *actionExporter) actions(ctx context.Context, host component.Host) ([]*engine.Action, error) {
	var out []*engine.Action
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Actions)) {
		a, err := e.action(ctx, host, name)
		if err != nil {
			return nil, fmt.Errorf("'actions::%s': %w", name, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (e *actionExporter) action(ctx context.Context, host component.Host, name string) (*engine.Action, error) {
	c := e.cfg.Actions[name]
	d, err := c.definition(name)
	if err != nil {
		return nil, err
	}
	base, err := c.base(d)
	if err != nil {
		return nil, err
	}
	matchers, err := parseMatchers(c.Matchers)
	if err != nil {
		return nil, err
	}
	with, secrets, err := d.Arguments(c.With, c.secrets())
	if err != nil {
		return nil, err
	}
	c.ClientConfig.Endpoint = base.String()
	client, err := c.ClientConfig.ToClient(ctx, host.GetExtensions(), e.settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	runner, err := procedure.New(procedure.Options{
		HTTP: client, Base: base, UserAgent: e.settings.BuildInfo.Command + "/" + e.settings.BuildInfo.Version, Secrets: c.secretValues(),
	})
	if err != nil {
		return nil, err
	}
	return &engine.Action{
		Name: name, Definition: d, Mode: c.Mode, Matchers: matchers, Policy: c.Guards.policy(d.Kind),
		ApprovalExpires: c.ApprovalExpires, ResolveAfter: c.ResolveAfter, Timeout: c.ActionTimeout,
		With: with, Secrets: secrets, Run: runner.Run,
	}, nil
}

// secretValues are all texts that must never be seen: those of the preset, and of headers.
func (c *Action) secretValues() []string {
	var out []string
	for _, s := range c.Secrets {
		out = append(out, string(s))
	}
	for _, h := range c.ClientConfig.Headers.Iter {
		out = append(out, string(h))
	}
	return out
}

// lead begins to act, or to wait for its turn.
func (e *actionExporter) lead(ctx context.Context, host component.Host) error {
	running, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	switch {
	case e.cfg.Lease.HasValue():
		c := e.cfg.Lease.Get()
		holder := c.Holder
		if holder == "" {
			name, _ := os.Hostname()
			holder = fmt.Sprintf("%s/%d", name, os.Getpid())
		}
		l := lease.NewStorage(lease.Options{
			Store: e.client, Holder: holder, Duration: c.Duration, Logger: e.logger, Gained: e.gained, Lost: e.lost,
		})
		e.leader = l
		e.work.Go(func() { l.Run(running) })
	case e.cfg.LeaderElector != nil:
		l := &lease.Lead{}
		l.Set(false, time.Time{}, "another replica has the lease of "+e.cfg.LeaderElector.String())
		e.leader = l
		elector, err := lease.FindElector(host, *e.cfg.LeaderElector)
		if err != nil {
			return err
		}
		elector.SetCallBackFuncs(
			func(context.Context) {
				l.Set(true, time.Time{}, "")
				e.gained()
			},
			func() {
				l.Set(false, time.Time{}, "another replica has the lease of "+e.cfg.LeaderElector.String())
				e.lost()
			})
	default:
		return e.activate(ctx)
	}
	return nil
}

// activate reads the journal, and acts from now on.
func (e *actionExporter) activate(ctx context.Context) error {
	var err error
	if e.client == nil {
		_, err = e.engine.Activate(ctx, nil)
		return err
	}
	damaged, err := e.engine.Activate(ctx, e.client)
	for _, d := range damaged {
		e.logger.Error("A part of the journal was not readable, and is set aside", zap.String("key", d.Key), zap.Error(d.Err))
	}
	return err
}

func (e *actionExporter) gained() {
	e.logger.Info("This replica acts from now on")
	if err := e.activate(context.Background()); err != nil {
		e.logger.Error("The journal cannot be read: this replica does nothing", zap.Error(err))
	}
}

func (e *actionExporter) lost() {
	e.logger.Info("This replica does not act any more")
	e.engine.Deactivate()
}

// openDecisions makes the exporters of decisions.
func (e *actionExporter) openDecisions(ctx context.Context, host component.Host) error {
	if !e.cfg.Decisions.HasValue() {
		return nil
	}
	f := otlphttpexporter.NewFactory()
	set := e.settings
	set.ID = component.NewIDWithName(f.Type(), "decisions_of_"+metadata.Type.String())
	cfg := *e.cfg.Decisions.Get()
	var err error
	if e.sendLogs, err = f.CreateLogs(ctx, set, &cfg); err != nil {
		return fmt.Errorf("'decisions': %w", err)
	}
	if e.sendTraces, err = f.CreateTraces(ctx, set, &cfg); err != nil {
		return fmt.Errorf("'decisions': %w", err)
	}
	for _, c := range []component.Component{e.sendLogs, e.sendTraces} {
		if err := c.Start(ctx, host); err != nil {
			return fmt.Errorf("'decisions': %w", err)
		}
	}
	return nil
}

// openAPI listens for approvals.
func (e *actionExporter) openAPI(ctx context.Context, host component.Host) error {
	if !e.cfg.API.HasValue() {
		return nil
	}
	c := e.cfg.API.Get()
	handler, err := control.NewHandler(e.engine, string(c.Secret))
	if err != nil {
		return fmt.Errorf("'api::secret': %w", err)
	}
	if e.listener, err = c.ToListener(ctx); err != nil {
		return fmt.Errorf("'api::endpoint': %w", err)
	}
	e.server, err = c.ToServer(ctx, host.GetExtensions(), e.settings.TelemetrySettings, handler)
	return err
}

// Run acts, and serves the API.
func (e *actionExporter) Run() {
	running, cancel := context.WithCancel(context.Background())
	stop := e.cancel
	e.cancel = func() {
		stop()
		cancel()
	}
	e.work.Go(func() { e.engine.Run(running) })
	e.work.Go(func() { e.sendDecisions(running) })
	if e.server != nil {
		e.work.Go(func() {
			if err := e.server.Serve(e.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
				e.logger.Error("The API has ended", zap.Error(err))
			}
		})
	}
}

// Flush stops acting. What is being done goes on at the next start.
func (e *actionExporter) Flush(ctx context.Context) error {
	var err error
	if e.server != nil {
		err = e.server.Shutdown(ctx)
	}
	return err
}

// Close ends everything.
func (e *actionExporter) Close(ctx context.Context) error {
	if e.cancel != nil {
		e.cancel()
	}
	if e.listener != nil {
		_ = e.listener.Close() // closed by the server, if it was served
	}
	if e.engine != nil {
		e.engine.Stop()
	}
	e.work.Wait()
	var errs []error
	e.drain(ctx)
	for _, c := range []component.Component{e.sendLogs, e.sendTraces} {
		if c != nil {
			errs = append(errs, c.Shutdown(ctx))
		}
	}
	errs = append(errs, e.evidence.Close(), e.client.Close(ctx))
	e.telemetry.builder.Shutdown()
	return errors.Join(errs...)
}

// takeAlerts gives alerts to the engine, and says what cannot be used.
func (e *actionExporter) takeAlerts(ctx context.Context, ld plog.Logs) error {
	in := decodeAlerts(ld)
	e.telemetry.records(ctx, "skipped", in.skipped)
	e.telemetry.records(ctx, "unreadable", in.unreadable)
	if in.skipped > 0 {
		e.skipped.Do(func() {
			e.logger.Warn("Log records that are no alerts are skipped (this is said once): only those with the EventName ml.alert are taken",
				zap.Int("records", in.skipped))
		})
	}
	if in.unreadable > 0 {
		if _, ok := e.errors.Allow(in.reason.Error(), time.Now()); ok {
			e.logger.Error("Alerts that lack something are skipped", zap.Int("records", in.unreadable), zap.Error(in.reason))
		}
	}
	if len(in.alerts) == 0 {
		return nil
	}
	out, err := e.engine.Take(in.alerts)
	e.telemetry.records(ctx, "taken", out.Matched)
	e.telemetry.records(ctx, "unmatched", out.Others)
	e.telemetry.records(ctx, "stale", out.Stale)
	e.telemetry.records(ctx, "dropped", out.Full)
	if out.Full > 0 {
		if _, ok := e.errors.Allow("limits::alerts", time.Now()); ok {
			e.logger.Error("Alerts were dropped: 'limits::alerts' is reached", zap.Int("alerts", out.Full), zap.Int("limit", e.cfg.Limits.Alerts))
		}
	}
	return err
}

// takeSpans keeps spans as evidence, and notes which versions serve.
func (e *actionExporter) takeSpans(td ptrace.Traces) {
	eachVersion(td, func(id version.ID, v string, at pcommon.Timestamp) {
		if e.versions.See(id, v, at.AsTime()) {
			e.logger.Info("A version of a model serves for the first time",
				zap.String("model", id.Name), zap.String("environment", id.Environment), zap.String("version", v))
		}
	})
	e.evidence.Add(td)
}

// say logs a decision, counts it, and has it sent.
func (e *actionExporter) say(d engine.Decision) {
	e.telemetry.decision(context.Background(), &d)
	var fields []zap.Field
	for _, f := range []struct{ key, value string }{
		{"action", d.Run.Action},
		{"verdict", d.Verdict},
		{"guard", d.Guard},
		{"reason", d.Reason},
		{"target", d.Run.Target},
		{"from", d.Run.From},
		{"to", d.Run.To},
		{"mode", d.Run.Mode},
		{"key", d.Run.Key},
		{"alert", d.Alert.Name},
		{"fingerprint", d.Alert.Fingerprint()},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.key, f.value))
		}
	}
	if len(d.Would) > 0 {
		fields = append(fields, zap.Strings("would_send", d.Would))
	}
	if slices.Contains(bad, d.Verdict) {
		e.logger.Error("Decision", fields...)
	} else {
		e.logger.Info("Decision", fields...)
	}
	if e.sendLogs == nil {
		return
	}
	select {
	case e.decisions <- d:
	default:
		e.dropped(1)
	}
}

func (e *actionExporter) dropped(n int) {
	e.telemetry.builder.MlActionDecisionsDropped.Add(context.Background(), int64(n))
	if _, ok := e.errors.Allow("decisions", time.Now()); ok {
		e.logger.Warn("Decisions were not sent to 'decisions::endpoint'; they are in this log", zap.Int("decisions", n))
	}
}

// sendDecisions sends decisions until the context is done.
func (e *actionExporter) sendDecisions(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-e.decisions:
			e.send(ctx, &d)
		}
	}
}

func (e *actionExporter) send(ctx context.Context, d *engine.Decision) {
	if err := e.sendLogs.ConsumeLogs(ctx, e.encoder.logs(d)); err != nil {
		e.dropped(1)
		return
	}
	if err := e.sendTraces.ConsumeTraces(ctx, e.encoder.traces(d)); err != nil {
		e.dropped(1)
	}
}

// drain sends what is left when the exporter stops.
func (e *actionExporter) drain(ctx context.Context) {
	for e.sendLogs != nil {
		select {
		case d := <-e.decisions:
			e.send(ctx, &d)
		default:
			return
		}
	}
}
