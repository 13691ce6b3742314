// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/api"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/evaluate"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/sources"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

// The values of Config.TranslationStrategy, which are those of the Prometheus exporter.
const (
	underscoresWithSuffixes    = "UnderscoreEscapingWithSuffixes"
	underscoresWithoutSuffixes = "UnderscoreEscapingWithoutSuffixes"
	utf8WithSuffixes           = "NoUTF8EscapingWithSuffixes"
	noTranslation              = "NoTranslation"
)

// Config is the configuration of the prometheus_rules connector. The empty config works.
type Config struct {
	// RuleFiles are globs of Prometheus rule files. builtin:NAME is a file that the distribution ships, and
	// builtin:* (the default) all of them; an empty list has none.
	RuleFiles []string `mapstructure:"rule_files"`
	// SLOFiles are globs of files with service level objectives, of OpenSLO v1 or Sloth v1. Default none.
	SLOFiles []string `mapstructure:"slo_files"`
	// Catalog is the id of the catalog extension, whose cards may have objectives. Without one it is the only one
	// that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
	// Directory is where the TSDB keeps its files; it is made where it is not there. One process at a time may use it.
	// Default ./tsdb.
	Directory string `mapstructure:"directory"`
	// RetentionTime is how long samples are kept, at least 3h. Default 840h (35 days).
	RetentionTime time.Duration `mapstructure:"retention_time"`
	// RetentionSizeMiB is how much all files of the TSDB may take, in MiB, at least 32. Default 1024.
	RetentionSizeMiB int `mapstructure:"retention_size_mib"`
	// OutOfOrderWindow is how much older than the newest sample of the TSDB one may be. Default 30m; 0 takes
	// samples in the order of their time alone.
	OutOfOrderWindow time.Duration `mapstructure:"out_of_order_window"`
	// EvaluationInterval is how often a group that does not say is evaluated. Default 1m.
	EvaluationInterval time.Duration `mapstructure:"evaluation_interval"`
	// ReloadInterval is how often is looked whether rule files, objectives or cards have changed. Default 10s; 0
	// never looks.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`
	// ExternalLabels are added to the labels of all alerts, and are $externalLabels in templates. Default none.
	ExternalLabels map[string]string `mapstructure:"external_labels"`
	// ExternalURL is $externalURL in templates. Default empty.
	ExternalURL string `mapstructure:"external_url"`
	// Severity is of alerts without the label severity. Default warning.
	Severity string `mapstructure:"severity"`
	// TraceURL is the template of the link to the evidence of an alert, with {trace_id} and perhaps {span_id}. Default
	// is a Jaeger on this machine; empty is no links.
	TraceURL string `mapstructure:"trace_url"`
	// Alerts says how often alerts are emitted.
	Alerts Alerts `mapstructure:"alerts"`

	// Namespace, ConstLabels, TranslationStrategy, WithoutScopeInfo and ResourceToTelemetry make the names and labels
	// of series. They are the options of the Prometheus exporter, with its defaults.
	Namespace           string              `mapstructure:"namespace"`
	ConstLabels         map[string]string   `mapstructure:"const_labels"`
	TranslationStrategy string              `mapstructure:"translation_strategy"`
	WithoutScopeInfo    bool                `mapstructure:"without_scope_info"`
	ResourceToTelemetry ResourceToTelemetry `mapstructure:"resource_to_telemetry_conversion"`

	// API is Prometheus' HTTP API, to read only. Default none; "api:" alone opens it on localhost:9099.
	API configoptional.Optional[api.Config] `mapstructure:"api"`
	// Limits bound memory and time.
	Limits Limits `mapstructure:"limits"`
}

// ResourceToTelemetry makes labels of the attributes of resources.
type ResourceToTelemetry struct {
	Enabled bool `mapstructure:"enabled"`
}

// Alerts says how often alerts are emitted.
type Alerts struct {
	// ResendInterval is the time after which an alert that fires is emitted again. Default 1m.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// KeepResolved is for how long a resolved alert is emitted again. Default 15m; 0 emits it once.
	KeepResolved time.Duration `mapstructure:"keep_resolved"`
}

// Limits bound memory and time.
type Limits struct {
	// Series is how many the TSDB's head holds, which are those of the last two to three hours. Default 500000.
	Series int `mapstructure:"series"`
	// Exemplars is how many are kept. Default 20000; 0 keeps none.
	Exemplars int `mapstructure:"exemplars"`
	// Alerts is how many alerts are held, those that fire and those that were resolved lately. Default 10000.
	Alerts int `mapstructure:"alerts"`
	// QuerySamples is how many samples the query of one rule may hold in memory. Default 20000000.
	QuerySamples int `mapstructure:"query_samples"`
	// QueryTimeout is how long the query of one rule may take. Default 1m.
	QueryTimeout time.Duration `mapstructure:"query_timeout"`
}

var _ confmap.Validator = (*Config)(nil)

const (
	minRetention     = 3 * time.Hour
	maxRetention     = 10 * 365 * 24 * time.Hour
	minRetentionSize = 32
	maxRetentionSize = 64 << 20
)

func createDefaultConfig() component.Config {
	return &Config{
		RuleFiles:           []string{ruleset.Builtin + "*"},
		Directory:           "./tsdb",
		RetentionTime:       35 * 24 * time.Hour,
		RetentionSizeMiB:    1024,
		OutOfOrderWindow:    30 * time.Minute,
		EvaluationInterval:  ruleengine.Interval,
		ReloadInterval:      10 * time.Second,
		Severity:            string(alert.Warning),
		TraceURL:            alert.DefaultTraceURL,
		Alerts:              Alerts{ResendInterval: ruleengine.ResendDelay, KeepResolved: 15 * time.Minute},
		TranslationStrategy: underscoresWithSuffixes,
		API:                 configoptional.Default(api.DefaultConfig()),
		Limits: Limits{
			Series: 500_000, Exemplars: 20_000, Alerts: 10_000, QuerySamples: 20_000_000, QueryTimeout: time.Minute,
		},
	}
}

// Validate returns all violations, each naming its key, and all of the rule files, each naming file and line.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	if c.Directory == "" {
		wrong.Add("directory", "must not be empty")
	}
	wrong.Check(
		configcheck.Duration("retention_time", c.RetentionTime, minRetention, maxRetention),
		configcheck.Range("retention_size_mib", c.RetentionSizeMiB, minRetentionSize, maxRetentionSize),
		configcheck.DurationOrZero("out_of_order_window", c.OutOfOrderWindow, 0, 24*time.Hour),
		configcheck.Duration("evaluation_interval", c.EvaluationInterval, time.Second, 24*time.Hour),
		configcheck.DurationOrZero("reload_interval", c.ReloadInterval, time.Second, 0),
		configcheck.OneOf("severity", alert.Severity(c.Severity), alert.Critical, alert.Warning, alert.Info),
		configcheck.Duration("alerts::resend_interval", c.Alerts.ResendInterval, time.Second, 0),
		configcheck.DurationOrZero("alerts::keep_resolved", c.Alerts.KeepResolved, 0, 0),
		configcheck.OneOf("translation_strategy", c.TranslationStrategy,
			underscoresWithSuffixes, underscoresWithoutSuffixes, utf8WithSuffixes, noTranslation),
		configcheck.Range("limits::series", c.Limits.Series, 1, 100_000_000),
		configcheck.Range("limits::exemplars", c.Limits.Exemplars, 0, 10_000_000),
		configcheck.Range("limits::alerts", c.Limits.Alerts, 1, 1_000_000),
		configcheck.Range("limits::query_samples", c.Limits.QuerySamples, 1, 1_000_000_000),
		configcheck.Duration("limits::query_timeout", c.Limits.QueryTimeout, 0, time.Hour),
	)
	if err := alert.CheckTraceURL(c.TraceURL); err != nil {
		wrong.Add("trace_url", "%q %w", c.TraceURL, err)
	}
	if _, err := url.Parse(c.ExternalURL); err != nil {
		wrong.Add("external_url", "%w", err)
	}
	wrong.Check(labelNames("external_labels", c.ExternalLabels), labelNames("const_labels", c.ConstLabels))
	c.checkFiles(&wrong)
	return wrong.Err()
}

func labelNames(key string, of map[string]string) error {
	var wrong configcheck.Violations
	for name := range of {
		if !model.UTF8Validation.IsValidLabelName(name) {
			wrong.Add(key, "%q is no name of a label", name)
		}
	}
	return wrong.Err()
}

// checkFiles reads the rule files and those with objectives. Files that are not there yet are said at the start.
func (c *Config) checkFiles(wrong *configcheck.Violations) {
	found, err := c.sources().Find(nil)
	wrong.Check(err, evaluate.Check(ruleengine.Parser(), slog.New(slog.DiscardHandler), found.Files, nil))
}

func (c *Config) sources() sources.Sources {
	return sources.Sources{RuleFiles: c.RuleFiles, SLOFiles: c.SLOFiles}
}
