// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

type alertmanagerExporter struct {
	cfg       *Config
	settings  component.TelemetrySettings
	userAgent string
	telemetry *metadata.TelemetryBuilder

	// order lets one request at a time into the ledgers, so that all replicas hear the same in the same order.
	order   sync.Mutex
	senders []*sender
	cancel  []context.CancelFunc

	complaints sync.Mutex // guards the two below
	unreadable complaint
	full       complaint
	skipped    sync.Once
	cuts       *loglimit.Limiter
}

var _ exporter.Logs = (*alertmanagerExporter)(nil)

func newExporter(set exporter.Settings, cfg *Config) (*alertmanagerExporter, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &alertmanagerExporter{
		cfg: cfg, settings: set.TelemetrySettings, telemetry: builder,
		userAgent: set.BuildInfo.Command + "/" + set.BuildInfo.Version, cuts: loglimit.New(sayCutsAgain),
	}, nil
}

// Start builds the client, with the extensions that it names, and starts one sender per replica.
func (e *alertmanagerExporter) Start(ctx context.Context, host component.Host) error {
	client, err := e.cfg.ClientConfig.ToClient(ctx, host.GetExtensions(), e.settings)
	if err != nil {
		return err
	}
	return e.start(client)
}

func (e *alertmanagerExporter) start(client *http.Client) error {
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, endpoint := range e.cfg.Endpoints {
		e.senders = append(e.senders, &sender{
			ledger: newLedger(e.cfg),
			poster: &poster{client: client, url: alertsURL(endpoint), userAgent: e.userAgent},
			cfg:    e.cfg, logger: e.settings.Logger.With(zap.String("endpoint", endpoint)),
			telemetry: &replicaTelemetry{e.telemetry, attribute.String("endpoint", endpoint)},
			wake:      make(chan struct{}, 1), stop: make(chan struct{}),
		})
	}
	if err := observe(e.telemetry, e.senders); err != nil {
		return err
	}
	for _, s := range e.senders {
		e.cancel = append(e.cancel, s.start())
	}
	return nil
}

// Shutdown posts once what replicas have not taken, to all of them at the same time, until the context is done.
func (e *alertmanagerExporter) Shutdown(ctx context.Context) error {
	for i, s := range e.senders {
		defer context.AfterFunc(ctx, e.cancel[i])()
		close(s.stop)
	}
	for i, s := range e.senders {
		s.done.Wait()
		e.cancel[i]()
	}
	e.telemetry.Shutdown()
	e.senders, e.cancel = nil, nil
	return nil
}

// Capabilities says that requests are left as they are.
func (e *alertmanagerExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs takes over the states of alerts and returns; the senders post them. It never fails: what cannot be read
// would not become readable by another attempt, and the source re-emits an alert for as long as it matters.
func (e *alertmanagerExporter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	var alerts []*alert.Alert
	var skipped, unreadable int
	var reason error
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				a, cuts, err := alert.Read(lr)
				switch {
				case err == nil:
					e.countCuts(ctx, &a, cuts)
					e.addLabels(&a)
					alerts = append(alerts, &a)
				case errors.Is(err, alert.ErrNoAlert):
					skipped++
				default:
					unreadable++
					reason = err
				}
			}
		}
	}
	records(ctx, e.telemetry, "taken", len(alerts))
	records(ctx, e.telemetry, "skipped", skipped)
	records(ctx, e.telemetry, "unreadable", unreadable)
	e.complain(skipped, unreadable, reason)
	e.put(ctx, alerts)
	return nil
}

// countCuts counts what was too long or too many, and says it once for each name of alerts and ten minutes.
func (e *alertmanagerExporter) countCuts(ctx context.Context, a *alert.Alert, cuts alert.Cuts) {
	if cuts.Number == 0 {
		return
	}
	e.telemetry.AlertmanagerTextsCut.Add(ctx, int64(cuts.Number))
	if suppressed, ok := e.cuts.Allow(a.Name, time.Now()); ok {
		e.settings.Logger.Warn("An alert has texts that are too long, or too many: they were cut or left out",
			zap.String("alertname", a.Name), zap.String("first", cuts.First), zap.Int("texts", cuts.Number), zap.Int("not_logged_since", suppressed))
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

// put gives the states to every replica.
func (e *alertmanagerExporter) put(ctx context.Context, alerts []*alert.Alert) {
	if len(alerts) == 0 {
		return
	}
	fingerprints := make([]string, len(alerts))
	for i, a := range alerts {
		fingerprints[i] = a.Fingerprint()
	}
	e.order.Lock()
	defer e.order.Unlock()
	now := time.Now()
	for _, s := range e.senders {
		var results [full + 1]int
		var first *alert.Alert // that was dropped
		for i, a := range alerts {
			result, lost := s.ledger.put(now, fingerprints[i], a)
			results[result]++
			if result == full && first == nil {
				first = a
			}
			if lost {
				results[full]++
			}
		}
		s.notify()
		s.telemetry.alerts(ctx, "stale", results[stale])
		s.telemetry.alerts(ctx, "dropped", results[full])
		if results[full] > 0 {
			e.complainFull(s.logger, now, results[full], first)
		}
	}
}

func (e *alertmanagerExporter) complain(skipped, unreadable int, reason error) {
	if skipped > 0 {
		e.skipped.Do(func() {
			e.settings.Logger.Warn("Log records that are no alerts are skipped (this is said once): only those with the EventName ml.alert are sent",
				zap.Int("records", skipped))
		})
	}
	if unreadable == 0 {
		return
	}
	e.complaints.Lock()
	defer e.complaints.Unlock()
	if e.unreadable.about(reason.Error(), time.Now()) {
		e.settings.Logger.Error("Alerts that lack something are skipped", zap.Int("records", unreadable), zap.Error(reason))
	}
}

// complainFull says how many were dropped, and the first new alert among them; nil where they are resolutions.
func (e *alertmanagerExporter) complainFull(logger *zap.Logger, now time.Time, dropped int, first *alert.Alert) {
	e.complaints.Lock()
	defer e.complaints.Unlock()
	if !e.full.about("", now) {
		return
	}
	fields := []zap.Field{zap.Int("alerts", dropped), zap.Int("max_alerts", e.cfg.MaxAlerts)}
	if first != nil {
		fields = append(fields, zap.Any("first", first.LabelSet()))
	}
	logger.Error("'max_alerts' is reached: new alerts, or resolutions that were not taken yet, are dropped", fields...)
}
