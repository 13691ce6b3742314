// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/api"
	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/replica"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// The times between two lines about the same: an error of records, or a limit that is reached; any
// error of records; strings of alerts of a name that were cut.
const (
	errorInterval    = 5 * time.Minute
	anyErrorInterval = 10 * time.Second
	cutInterval      = 10 * time.Minute
)

type alertmanagerExporter struct {
	cfg       *Config
	settings  component.TelemetrySettings
	userAgent string
	telemetry *telemetry

	// order lets one request at a time into the replicas, so that all of them get the same in the
	// same order.
	order    sync.Mutex
	replicas []*replica.Replica

	skipped                         sync.Once
	anyError, sameError, full, cuts *loglimit.Limiter
}

var _ exporter.Logs = (*alertmanagerExporter)(nil)

func newExporter(set exporter.Settings, cfg *Config) (*alertmanagerExporter, error) {
	set.Logger = visible.Logger(set.Logger)
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &alertmanagerExporter{
		cfg: cfg, settings: set.TelemetrySettings, telemetry: &telemetry{builder},
		userAgent: set.BuildInfo.Command + "/" + set.BuildInfo.Version,
		anyError:  loglimit.New(anyErrorInterval), sameError: loglimit.New(errorInterval), full: loglimit.New(errorInterval),
		cuts: loglimit.New(cutInterval),
	}, nil
}

// Start builds the client, with the extensions that it names, and starts posting to the replicas.
func (e *alertmanagerExporter) Start(ctx context.Context, host component.Host) error {
	client, err := e.cfg.ClientConfig.ToClient(ctx, host.GetExtensions(), e.settings)
	if err != nil {
		return err
	}
	scrub.Client(client)
	return e.start(client)
}

func (e *alertmanagerExporter) start(client *http.Client) error {
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, endpoint := range e.cfg.Endpoints {
		e.replicas = append(e.replicas, replica.New(replica.Options{
			Lease: e.cfg.Lease, ResendInterval: e.cfg.ResendInterval, SourceTimeout: e.cfg.SourceTimeout,
			MaxAlerts: e.cfg.MaxAlerts, BatchSize: e.cfg.BatchSize, Retry: e.cfg.Retry,
			Client: &api.Client{HTTP: client, URL: alertsURL(endpoint), UserAgent: e.userAgent},
			Logger: e.settings.Logger.With(zap.String("endpoint", endpoint)), Full: e.full, Count: e.telemetry.alerts(endpoint),
		}))
	}
	if err := e.telemetry.observe(e.cfg.Endpoints, e.replicas); err != nil {
		return err
	}
	for _, r := range e.replicas {
		r.Start()
	}
	return nil
}

// Shutdown posts once what replicas have not taken, to all of them at the same time, until the
// context is done.
func (e *alertmanagerExporter) Shutdown(ctx context.Context) error {
	var waits []func()
	for _, r := range e.replicas {
		waits = append(waits, r.Stop(ctx))
	}
	for _, wait := range waits {
		wait()
	}
	e.telemetry.builder.Shutdown()
	e.replicas = nil
	return nil
}

// Capabilities says that requests are left as they are.
func (e *alertmanagerExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs takes over the states of alerts and returns; the replicas post them. It never fails:
// what cannot be read would not become readable by another attempt, and the source re-emits an
// alert for as long as it matters.
func (e *alertmanagerExporter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	in := decode(ld)
	for _, c := range in.cut {
		e.countCuts(ctx, c)
	}
	e.telemetry.records(ctx, "taken", len(in.alerts))
	e.telemetry.records(ctx, "skipped", in.skipped)
	e.telemetry.records(ctx, "unreadable", in.unreadable)
	e.logRecords(in)
	if len(in.alerts) > 0 {
		e.put(ctx, in.alerts)
	}
	return nil
}

// put gives the states to every replica.
func (e *alertmanagerExporter) put(ctx context.Context, alerts []*alert.Alert) {
	fingerprints := make([]string, len(alerts))
	for i, a := range alerts {
		e.addLabels(a)
		fingerprints[i] = a.Fingerprint()
	}
	e.order.Lock()
	defer e.order.Unlock()
	now := time.Now()
	for _, r := range e.replicas {
		r.Put(ctx, now, fingerprints, alerts)
	}
}

// addLabels adds the configured labels that the alert does not have.
func (e *alertmanagerExporter) addLabels(a *alert.Alert) {
	if len(e.cfg.Labels) == 0 {
		return
	}
	labels := maps.Clone(e.cfg.Labels)
	maps.Copy(labels, a.Labels)
	a.Labels = labels
}

// countCuts counts what was too long or too many, and says it once for each name of alerts and ten
// minutes.
func (e *alertmanagerExporter) countCuts(ctx context.Context, c cut) {
	e.telemetry.builder.AlertmanagerTextsCut.Add(ctx, int64(c.cuts.Number))
	if suppressed, ok := e.cuts.Allow(c.alertname, time.Now()); ok {
		e.settings.Logger.Warn("An alert has texts that are too long, or too many: they were cut or left out",
			zap.String("alertname", c.alertname), zap.String("first", c.cuts.First), zap.Int("texts", c.cuts.Number), zap.Int("not_logged_since", suppressed))
	}
}

// logRecords says which records were of no use.
func (e *alertmanagerExporter) logRecords(in decoded) {
	if in.skipped > 0 {
		e.skipped.Do(func() {
			e.settings.Logger.Warn("Log records that are no alerts are skipped (this is said once): only those with the EventName ml.alert are sent",
				zap.Int("records", in.skipped))
		})
	}
	if in.unreadable == 0 {
		return
	}
	now := time.Now()
	if _, ok := e.anyError.Allow("", now); !ok {
		return
	}
	if _, ok := e.sameError.Allow(in.reason.Error(), now); ok {
		e.settings.Logger.Error("Alerts that lack something are skipped", zap.Int("records", in.unreadable), zap.Error(in.reason))
	}
}
