// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/rules"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/alerting"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/api"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/evaluate"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/promlog"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/store"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/emit"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// The connector's own beat.
const (
	// emitEvery is how often is looked whether alerts or records are due.
	emitEvery = time.Second
	// guardEvery is how often the files of the TSDB are measured.
	guardEvery = 5 * time.Second
	// sendTimeout is how long an emission may take.
	sendTimeout = 30 * time.Second
	// quiet is how long a line of the log that comes again is left out.
	quiet = time.Hour
)

// rulesConnector is what the edges of one config share.
type rulesConnector struct {
	cfg       *Config
	set       connector.Settings
	logger    *zap.Logger
	telemetry *telemetry
	limiter   *loglimit.Limiter
	emitter   *emit.Emitter

	// metrics and logs are nil without an edge to them. The factory sets them, before Start.
	metrics consumer.Metrics
	logs    consumer.Logs

	catalog   catalog.Catalog
	store     *store.Store
	writer    *series.Writer
	alerts    *alerting.Alerts
	evaluator *evaluate.Evaluator
	cancel    context.CancelFunc // of all that rules do

	// loaded is what was tried to load last; only Start and, after it, the loop use it.
	loaded struct {
		fingerprint string
		cards       *catalog.Set
	}
	stop chan struct{}
	done sync.WaitGroup

	// api is nil where it is not asked for.
	api      *api.API
	server   *http.Server
	serving  sync.WaitGroup
	mu       sync.Mutex
	reloaded bool // whether the last load went well, and when it was
	loadedAt time.Time
}

var _ sharedcomponent.MetricsState = (*rulesConnector)(nil)

func newConnector(set connector.Settings, cfg *Config) (*rulesConnector, error) {
	set.Logger = visible.Logger(set.Logger)
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	c := &rulesConnector{
		cfg: cfg, set: set, logger: set.Logger, telemetry: &telemetry{builder}, limiter: loglimit.New(quiet), catalog: catalog.Empty(),
		emitter: &emit.Emitter{
			Resource: set.Resource, Scope: metadata.ScopeName, Version: set.BuildInfo.Version, Timeout: sendTimeout, Logger: set.Logger, LineBreaks: true,
		},
	}
	return c, nil
}

// Start opens the TSDB and loads the rules.
func (c *rulesConnector) Start(ctx context.Context, host component.Host) error {
	var err error
	if c.catalog, _, err = cataloghost.Find(host, c.cfg.Catalog); err != nil {
		return err
	}
	if c.store, err = store.Open(store.Options{
		Directory: c.cfg.Directory, Retention: c.cfg.RetentionTime, Size: int64(c.cfg.RetentionSizeMiB) << 20,
		OutOfOrder: c.cfg.OutOfOrderWindow, Exemplars: c.cfg.Limits.Exemplars, Logger: promlog.New(c.logger),
	}); err != nil {
		return err
	}
	if n := len(c.store.SetAside); n > 0 {
		c.telemetry.PrometheusRulesRepairs.Add(ctx, int64(n))
		c.logger.Warn("Parts of the TSDB were damaged and could not be opened. They were moved away; samples that they held are lost to rules",
			zap.String("directory", c.cfg.Directory), zap.Strings("moved_to", c.store.SetAside))
	}
	if n := c.store.Repaired(); n > 0 {
		c.telemetry.PrometheusRulesRepairs.Add(ctx, int64(n))
		c.logger.Warn("The write-ahead log of the TSDB was damaged, as after a crash or a full disk. It was cut where the damage begins: "+
			"samples after that are lost", zap.String("directory", c.cfg.Directory), zap.Int("repairs", n))
	}
	c.writer = series.New(c.store, c.store.Head().NumSeries, c.seriesOptions())
	c.startEvaluator()
	if err := c.reload(ctx, true); err != nil {
		return err
	}
	if err := c.evaluator.Restore(ctx); err != nil {
		return err
	}
	return c.serve(ctx, host)
}

// serve opens the API.
func (c *rulesConnector) serve(ctx context.Context, host component.Host) error {
	if !c.cfg.API.HasValue() {
		return nil
	}
	config := c.cfg.API.Get()
	c.api = api.New(api.Options{
		Config: *config, Storage: c.store.DB, Rules: c.evaluator.Manager(), Metadata: c.writer.Metadata().All,
		Version:   c.set.BuildInfo.Version,
		Retention: fmt.Sprintf("%s or %d MiB", model.Duration(c.cfg.RetentionTime), c.cfg.RetentionSizeMiB),
		Reloaded: func() (bool, time.Time) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.reloaded, c.loadedAt
		},
		EvaluationInterval: c.cfg.EvaluationInterval, Logger: promlog.New(c.logger),
	})
	var err error
	if c.server, err = config.ToServer(ctx, host.GetExtensions(), c.set.TelemetrySettings, c.api); err != nil {
		return fmt.Errorf("'api': %w", err)
	}
	listener, err := config.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("'api::endpoint': %w", err)
	}
	c.logger.Info("Prometheus' API is open, to read only", zap.Stringer("endpoint", listener.Addr()))
	c.serving.Go(func() {
		if err := c.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

func (c *rulesConnector) seriesOptions() series.Options {
	strategy := c.cfg.TranslationStrategy
	return series.Options{
		Namespace: c.cfg.Namespace, ConstLabels: c.cfg.ConstLabels,
		Suffixes:  strategy == underscoresWithSuffixes || strategy == utf8WithSuffixes,
		UTF8:      strategy == utf8WithSuffixes || strategy == noTranslation,
		ScopeInfo: !c.cfg.WithoutScopeInfo, ResourceAttributes: c.cfg.ResourceToTelemetry.Enabled,
		MaxSeries: c.cfg.Limits.Series,
	}
}

func (c *rulesConnector) startEvaluator() {
	c.alerts = alerting.New(alerting.Options{
		Limit: c.cfg.Limits.Alerts, Resend: c.cfg.Alerts.ResendInterval, KeepResolved: c.cfg.Alerts.KeepResolved, Early: emitEvery / 2,
		Severity: alert.Severity(c.cfg.Severity), ExternalLabels: c.cfg.ExternalLabels, TraceURL: c.cfg.TraceURL,
		Evidence: func(ctx context.Context, r *rules.AlertingRule, of *rules.Alert, now time.Time) []evidence.Trace {
			return c.evaluator.Traces(ctx, r, of, now)
		},
	})
	link, _ := url.Parse(c.cfg.ExternalURL) // Validate reports it
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.evaluator = evaluate.New(ctx, c.store.DB, c.store.Registry, evaluate.Options{
		Interval: c.cfg.EvaluationInterval, ExternalLabels: c.cfg.ExternalLabels, ExternalURL: link,
		MaxSamples: c.cfg.Limits.QuerySamples, Timeout: c.cfg.Limits.QueryTimeout, MaxSeries: c.cfg.Limits.Series, Full: c.store.Full,
		Alerts: c.alerts, Evaluated: c.evaluated, Logger: promlog.New(c.logger),
	})
}

// Run starts evaluating and emitting.
func (c *rulesConnector) Run() {
	c.evaluator.Run()
	c.stop = make(chan struct{})
	c.done.Add(1)
	go c.run()
}

func (c *rulesConnector) run() {
	defer c.done.Done()
	emitting := time.NewTicker(emitEvery)
	defer emitting.Stop()
	guarding := time.NewTicker(guardEvery)
	defer guarding.Stop()
	var reloading <-chan time.Time
	if c.cfg.ReloadInterval > 0 {
		t := time.NewTicker(c.cfg.ReloadInterval)
		defer t.Stop()
		reloading = t.C
	}
	ctx := context.Background()
	for {
		select {
		case <-c.stop:
			return
		case <-emitting.C:
			c.emit(ctx)
		case <-guarding.C:
			c.guard(ctx)
		case <-reloading:
			_ = c.reload(ctx, false)
		}
	}
}

// Flush stops evaluating and emits for the last time. Alerts that fire stay in the TSDB, and go on after the restart.
func (c *rulesConnector) Flush(ctx context.Context) error {
	close(c.stop)
	c.done.Wait()
	c.evaluator.Stop()
	c.emit(ctx)
	return nil
}

// Close closes the TSDB. Its head stays in the write-ahead log, which the next start reads.
func (c *rulesConnector) Close(ctx context.Context) error {
	var errs []error
	if c.server != nil {
		errs = append(errs, c.server.Shutdown(ctx))
		c.serving.Wait()
	}
	if c.api != nil {
		errs = append(errs, c.api.Close())
	}
	if c.evaluator != nil {
		c.cancel()
		errs = append(errs, c.evaluator.Close())
	}
	if c.store != nil {
		errs = append(errs, c.store.Close())
	}
	c.telemetry.Shutdown()
	return errors.Join(errs...)
}

// ConsumeMetrics writes points into the TSDB. What it refuses is counted and named; an error is one of the disk, and
// the same points may come again.
func (c *rulesConnector) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := c.store.Room(); err != nil {
		return err
	}
	now := time.Now()
	result, err := c.writer.Write(ctx, md, now)
	if err != nil {
		return err
	}
	c.telemetry.written(ctx, &result)
	for reason, refused := range result.All {
		if reason == series.ExemplarRefused {
			continue // it is counted; the samples are there
		}
		c.say("refused "+reason.String(), now, "Samples were not written to the TSDB: "+explanations[reason],
			zap.Stringer("reason", reason), zap.Int("samples", refused.Count), zap.String("such_as", refused.Example))
	}
	return nil
}

// explanations say what can be done about samples that are refused.
var explanations = map[series.Reason]string{
	series.TooOld:         "they are older than 'out_of_order_window' allows",
	series.Conflict:       "there is another value of the same series and time; two senders may need a label that tells them apart",
	series.TooNew:         "their time is more than ten minutes ahead of this machine's clock",
	series.TooManySeries:  "the TSDB has as many series as 'limits::series' allows",
	series.StorageFull:    "the files of the TSDB take what 'retention_size_mib' allows; older data are being deleted",
	series.BadLabels:      "the TSDB refuses their labels",
	series.Untranslatable: "Prometheus has no form for these metrics",
}

// say writes a warning, at most once an hour for a key.
func (c *rulesConnector) say(key string, now time.Time, message string, fields ...zap.Field) {
	if suppressed, ok := c.limiter.Allow(key, now); ok {
		c.logger.Warn(message, append(fields, zap.Int("suppressed", suppressed))...)
	}
}

// evaluated is told of every evaluation of a group.
func (c *rulesConnector) evaluated(group string, took time.Duration, failed, missed int) {
	ctx := context.Background()
	c.telemetry.evaluation(ctx, took, failed, missed)
	if missed > 0 {
		c.say("missed "+group, time.Now(), "Evaluations of a group of rules did not happen, because the one before took longer than its interval",
			zap.String("group", group), zap.Duration("took", took), zap.Int("missed", missed))
	}
}

// guard keeps the TSDB within its size.
func (c *rulesConnector) guard(ctx context.Context) {
	if err := c.store.Guard(); err != nil {
		c.say("guard", time.Now(), "The TSDB could not be kept within its size", zap.Error(err))
	}
	c.telemetry.PrometheusRulesStorageSize.Record(ctx, c.store.Size())
	c.telemetry.PrometheusRulesSeries.Record(ctx, int64(c.store.Head().NumSeries()))
	c.telemetry.PrometheusRulesAlertsFiring.Record(ctx, int64(c.alerts.Firing()))
}

// reload loads the rules if a file or the catalog has changed. With a violation those that are loaded stay.
func (c *rulesConnector) reload(ctx context.Context, first bool) error {
	cards, fingerprint := c.catalog.Snapshot(), c.cfg.sources().Fingerprint()
	if !first && fingerprint == c.loaded.fingerprint && cards == c.loaded.cards {
		return nil
	}
	c.loaded.fingerprint, c.loaded.cards = fingerprint, cards
	found, err := c.cfg.sources().Find(cards)
	if first {
		for _, pattern := range found.Unmatched {
			c.logger.Info("No file matches; what comes later is loaded then", zap.String("pattern", pattern))
		}
	}
	if err == nil {
		err = c.evaluator.Load(found.Files, found.Generated)
	} else {
		err = errors.Join(err, c.evaluator.Check(found.Files))
	}
	c.mu.Lock()
	c.reloaded, c.loadedAt = err == nil, time.Now()
	c.mu.Unlock()
	if err != nil {
		c.telemetry.reload(ctx, "failed")
		if !first {
			c.logger.Error("Rules were not loaded, those before stay", zap.Strings("errors", lines(err)))
		}
		return err
	}
	if found.BadCards != nil {
		c.telemetry.reload(ctx, "failed")
		c.logger.Error("Objectives on cards cannot be watched; the others are", zap.Strings("errors", lines(found.BadCards)))
	} else {
		c.telemetry.reload(ctx, "ok")
	}
	if len(found.Notes) > 0 {
		c.logger.Info("Objectives say what is not carried out, or not as it may seem", zap.Strings("notes", found.Notes))
	}
	groups, n := c.evaluator.Count()
	c.telemetry.PrometheusRulesRules.Record(ctx, int64(n))
	c.logger.Info("Rules are loaded", zap.Int("groups", groups), zap.Int("rules", n), zap.Int("files", len(found.Files)), zap.Int("objectives", found.Objectives))
	return nil
}

// lines are the violations that an error joins.
func lines(err error) []string { return strings.Split(err.Error(), "\n") }

// emit sends alerts and records that are due.
func (c *rulesConnector) emit(ctx context.Context) {
	c.emitAlerts(ctx, time.Now())
	c.emitRecorded(ctx)
}

func (c *rulesConnector) emitAlerts(ctx context.Context, now time.Time) {
	due, overflow := c.alerts.Due(now)
	if overflow > 0 {
		c.telemetry.alerts(ctx, "overflow", overflow)
		c.say("overflow", now, "Alerts found no place: raise 'limits::alerts'", zap.Int("alerts", overflow))
	}
	if len(due) == 0 {
		return
	}
	if c.logs == nil {
		c.alerts.Delivered(now)
		return
	}
	outcome := c.emitter.Emit(ctx, c.logs, now, due)
	c.telemetry.alerts(ctx, string(outcome), len(due))
	if outcome.Settled() {
		c.alerts.Delivered(now)
	}
}

func (c *rulesConnector) emitRecorded(ctx context.Context) {
	samples, dropped := c.evaluator.TakeRecorded()
	c.telemetry.recorded(ctx, "overflow", dropped)
	if len(samples) == 0 || c.metrics == nil {
		return
	}
	md, histograms := encode(samples, c.set.BuildInfo.Version)
	c.telemetry.recorded(ctx, "histogram", histograms)
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	n := md.DataPointCount()
	if err := c.metrics.ConsumeMetrics(limited, md); err != nil {
		c.telemetry.recorded(ctx, "failed", n)
		c.say("recorded", time.Now(), "Results of recording rules were refused by the pipeline; they are in the TSDB", zap.Int("samples", n), zap.Error(err))
		return
	}
	c.telemetry.recorded(ctx, "sent", n)
}
