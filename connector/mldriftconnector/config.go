// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/thinning"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// The values of Config.Timestamps.
const (
	// TimestampsNow stamps points with the time of their emission, for live backends.
	TimestampsNow = "now"
	// TimestampsEvent emits one set of points per closed window, stamped with its end, for files
	// and replays.
	TimestampsEvent = "event"
)

// Config is the configuration of the ml_drift connector. The empty config works.
type Config struct {
	// Storage is the id of the storage extension that windows are saved in. None by default: they
	// live in memory alone.
	Storage *component.ID `mapstructure:"storage"`
	// Window is the length of a sliding window (whole minutes, 1m to 744h), or day, week (from
	// Monday) or month, in UTC. Default 1h.
	Window string `mapstructure:"window"`
	// MinSamples is the number of values that a window needs for a verdict. Default 200, at least
	// 1.
	MinSamples int `mapstructure:"min_samples"`
	// MaxWindow is the length that a window with too few values may grow to. Default 168h; not
	// below Window, unless it is the default.
	MaxWindow time.Duration `mapstructure:"max_window"`
	// For is the number of windows in a row that change the verdict. Default 2, at least 1.
	For int `mapstructure:"for"`
	// Significance is the share of false discoveries among all that is tested for a model at once,
	// above 0 and below 1. Default 0.05.
	Significance float64 `mapstructure:"significance"`
	// Lateness is how far the watermark stays behind the newest event time. Default 2m; 0 waits for
	// nothing.
	Lateness time.Duration `mapstructure:"lateness"`
	// Idle is the silence after which the watermark moves on with the wall clock. Default 1m.
	Idle time.Duration `mapstructure:"idle"`
	// EmitInterval is the time between two emissions. Default 30s.
	EmitInterval time.Duration `mapstructure:"emit_interval"`
	// SaveInterval is the time between two saves of what has changed; what a kill -9 costs.
	// Default 1m.
	SaveInterval time.Duration `mapstructure:"save_interval"`
	// Timestamps is now (the default) or event.
	Timestamps string `mapstructure:"timestamps"`
	// Reference is what windows are compared with: baseline (the default), champion, previous. At
	// least one.
	Reference []string `mapstructure:"reference"`
	// Season is the course that windows take: auto (the default, the hours of working days and of
	// weekends), day (the hours of the day), week (the hours of the week), none.
	Season string `mapstructure:"season"`
	// TimeZone is that of the season's days and weekends, by its name in the IANA database. Default
	// is UTC.
	TimeZone string `mapstructure:"time_zone"`
	// Slow lists the slow windows: day, week. Default both; an empty list has none.
	Slow []string `mapstructure:"slow"`
	// Method is evidently, nannyml, scouter or tfdv: the statistic and threshold that this tool
	// takes for a column by default decide of its values. Empty by default: Methods.
	Method string `mapstructure:"method"`
	// Methods are the statistics by the type of the column; any of them may decide the verdict. One
	// may be another tool's, such as psi@evidently.
	Methods Methods `mapstructure:"methods"`
	// Thresholds replaces the effect at which a method speaks of drift, by method, and by "missing"
	// for the share of missing values. Empty by default: each method has its own, and missing 0.05.
	Thresholds map[string]float64 `mapstructure:"thresholds"`
	// Catalog is the id of the catalog extension. Without one it is the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
	// Learn makes a baseline of the first rows of models that have none.
	Learn Learn `mapstructure:"learn"`
	// Segments says which series of segments are emitted as metrics.
	Segments Segments `mapstructure:"segments"`
	// Severity is of the alerts on drifts of models whose card does not say: critical, warning (the
	// default) or info.
	Severity string `mapstructure:"severity"`
	// TraceURL is the template of the link to the evidence of an alert, with {trace_id} and perhaps
	// {span_id}. Default is a Jaeger on this machine; empty is no links.
	TraceURL string `mapstructure:"trace_url"`
	// Alerts says what alerts are on, and how often they are emitted, where the connector feeds a logs pipeline.
	Alerts Alerts `mapstructure:"alerts"`
	// Evidence makes a log record of each window that shows a drift, where the connector feeds a logs
	// pipeline.
	Evidence Evidence `mapstructure:"evidence"`
	// Limits bound the memory.
	Limits Limits `mapstructure:"limits"`
}

// Learn makes a baseline of the first rows of models that have none.
type Learn struct {
	// Rows is the number of predictions that did not fail. Default 0: nothing is learned.
	Rows int `mapstructure:"rows"`
	// Directory is where baselines are written, each into a file of its model's name that is never
	// overwritten. It must be set with Rows.
	Directory string `mapstructure:"directory"`
}

// The values of Alerts.Per.
const (
	// AlertsPerDrift is an alert for each drift, of a subject, segment and reference.
	AlertsPerDrift = "drift"
	// AlertsPerModel is one alert for all that drifts of a model, version and role, in their place.
	AlertsPerModel = "model"
)

// The values of Segments.Scores.
const (
	// ScoresAll emits all of every segment.
	ScoresAll = thinning.All
	// ScoresDrifted emits all of the segments that drift, or did within the hour, and
	// ml.drift.detected alone of the others.
	ScoresDrifted = thinning.Drifted
	// ScoresNone emits ml.drift.detected alone.
	ScoresNone = thinning.None
)

// Segments says which series of segments are emitted as metrics. Verdicts and alerts are the same
// whatever it says.
type Segments struct {
	// Scores is all (the default), drifted or none.
	Scores string `mapstructure:"scores"`
	// Totals passes on the predictions of segments as cumulative counts, too. Default false: those
	// of the total alone are passed on.
	Totals bool `mapstructure:"totals"`
}

// Alerts says what alerts are on, and how often they are emitted.
type Alerts struct {
	// Per is drift (the default) or model.
	Per string `mapstructure:"per"`
	// ResendInterval is the time after which an alert that holds is emitted again. Default 1m.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// KeepResolved is for how long a resolved alert is emitted again. Default 15m; 0 emits it once.
	KeepResolved time.Duration `mapstructure:"keep_resolved"`
}

// Evidence makes log records of windows.
type Evidence struct {
	// PerWindow is the most records for the windows of a model, version and role that end together.
	// Default 0: none.
	PerWindow int `mapstructure:"per_window"`
}

// Methods are lists of statistics by the type of the column. Each has at least one.
type Methods struct {
	// Numeric is ks, psi, wasserstein by default.
	Numeric []string `mapstructure:"numeric"`
	// Categorical is jensen_shannon, psi, chi2 by default.
	Categorical []string `mapstructure:"categorical"`
}

// Limits bound every table. All are at least 1.
type Limits struct {
	// Models is the number of models (name and environment) beside those that a card vouches for,
	// which have places of their own. A place is given away after an hour without use. What finds none
	// is counted together. Default 100.
	Models int `mapstructure:"models"`
	// Versions is the number of versions and roles per model beside those that its card lists. Their
	// places are as those of models.
	// Default 10.
	Versions int `mapstructure:"versions"`
	// Segments is the number of cohorts per version; what finds no room is dropped and counted.
	// Default 200.
	Segments int `mapstructure:"segments"`
	// Features is the number of features per version; what finds no room is dropped and counted.
	// Default 500.
	Features int `mapstructure:"features"`
	// Categories is the number of values per categorical feature, and of classes, beyond the
	// baseline's; the rest is counted as one. Default 100.
	Categories int `mapstructure:"categories"`
	// Producers is the number of ml_summary instances per model whose points are told apart. Default
	// 1000.
	Producers int `mapstructure:"producers"`
	// Series is the number of series, of all models, that nobody vouches for: of versions that no card
	// lists, and of features that neither baseline nor card has; what finds no room is dropped and
	// counted. Default 20000.
	Series int `mapstructure:"series"`
	// Alerts is the number of alerts, active or resolved lately; what finds no room is counted.
	// Default 1000.
	Alerts int `mapstructure:"alerts"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	o := drift.DefaultOptions()
	return &Config{
		Window:       o.Window.String(),
		MinSamples:   o.MinSamples,
		MaxWindow:    o.MaxWindow,
		For:          o.For,
		Significance: o.Significance,
		Lateness:     o.Lateness,
		Idle:         o.Idle,
		EmitInterval: 30 * time.Second,
		SaveInterval: time.Minute,
		Timestamps:   TimestampsNow,
		Reference:    o.Reference,
		Season:       o.Season.String(),
		TimeZone:     o.TimeZone,
		Slow:         o.Slow,
		Methods:      Methods{Numeric: o.Methods[profile.Numeric], Categorical: o.Methods[profile.Categorical]},
		Segments:     Segments{Scores: ScoresAll},
		Severity:     string(alert.Warning),
		TraceURL:     alert.DefaultTraceURL,
		Alerts:       Alerts{Per: AlertsPerDrift, ResendInterval: time.Minute, KeepResolved: 15 * time.Minute},
		Limits: Limits{
			Models: o.Limits.Models, Versions: o.Limits.Versions, Segments: o.Limits.Segments, Features: o.Limits.Features,
			Categories: o.Limits.Categories, Producers: o.Limits.Producers, Series: o.Limits.Series, Alerts: 1000,
		},
	}
}

// options are the engine's part of the config.
func (c *Config) options() drift.Options {
	window, err := eventtime.ParseWindow(c.Window)
	if err != nil {
		window = eventtime.Window{} // Validate reports it
	}
	season, _ := drift.ParseSeason(c.Season) // Validate reports another one
	return drift.Options{
		Season: season, TimeZone: c.TimeZone, Slow: c.Slow,
		Window: window, MinSamples: c.MinSamples, MaxWindow: c.MaxWindow, For: c.For,
		Significance: c.Significance, SegmentTotals: c.Segments.Totals, Lateness: c.Lateness, Idle: c.Idle, Reference: c.Reference,
		Method: c.Method,
		Methods: map[profile.Type][]string{
			profile.Numeric: c.Methods.Numeric, profile.Categorical: c.Methods.Categorical,
		},
		Thresholds: c.Thresholds, Limits: drift.Limits{
			Models: c.Limits.Models, Versions: c.Limits.Versions, Segments: c.Limits.Segments, Features: c.Limits.Features,
			Categories: c.Limits.Categories, Producers: c.Limits.Producers, Series: c.Limits.Series,
		},
		Learn: c.Learn.Rows, KeepRead: c.Timestamps == TimestampsEvent,
	}
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	options := c.options()
	if _, err := eventtime.ParseWindow(c.Window); err != nil {
		wrong.Add("window", "%w", err)
		options.Window = eventtime.Window{Calendar: "day"}
	}
	wrong.Check(options.Validate(),
		configcheck.Duration("emit_interval", c.EmitInterval, 0, 0),
		configcheck.Duration("save_interval", c.SaveInterval, 0, 0),
		configcheck.Duration("alerts::resend_interval", c.Alerts.ResendInterval, 0, 0),
		configcheck.DurationOrZero("alerts::keep_resolved", c.Alerts.KeepResolved, 0, 0),
		configcheck.OneOf("alerts::per", c.Alerts.Per, AlertsPerDrift, AlertsPerModel),
		configcheck.Range("evidence::per_window", c.Evidence.PerWindow, 0, 1000),
		configcheck.OneOf("segments::scores", c.Segments.Scores, ScoresAll, ScoresDrifted, ScoresNone),
		configcheck.OneOf("season", c.Season, "auto", "day", "week", "none"),
		configcheck.OneOf("severity", alert.Severity(c.Severity), alert.Critical, alert.Warning, alert.Info),
		configcheck.Range("limits::alerts", c.Limits.Alerts, 1, 100_000),
		configcheck.OneOf("timestamps", c.Timestamps, TimestampsNow, TimestampsEvent))
	switch {
	case c.Learn.Rows > 0 && c.Learn.Directory == "":
		wrong.Add("learn::directory", "must be set with 'learn::rows'")
	case c.Learn.Rows == 0 && c.Learn.Directory != "":
		wrong.Add("learn::rows", "must be set with 'learn::directory', such as 10000")
	}
	if err := alert.CheckTraceURL(c.TraceURL); err != nil {
		wrong.Add("trace_url", "%q %w", c.TraceURL, err)
	}
	return wrong.Err()
}
