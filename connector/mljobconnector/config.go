// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
)

// Config is the configuration of the ml_job connector. The empty config works.
type Config struct {
	// Catalog is the id of the catalog extension. Unset: the only one that is enabled, if there is
	// one.
	Catalog *component.ID `mapstructure:"catalog"`
	// Storage is the id of the storage extension that runs, history and alerts are written to.
	// Unset: they live in memory alone.
	Storage *component.ID `mapstructure:"storage"`
	// OnStorageFailure is what becomes of a request whose spans of jobs the storage does not take:
	// refuse (the default), so that its sender tries again, or accept. Alerts do not wait either way.
	OnStorageFailure string `mapstructure:"on_storage_failure"`
	// Conditions are OTTL conditions of which one must be true for a span to be looked at. Default
	// none: all spans are.
	Conditions []string `mapstructure:"conditions"`
	// DecisionWait is the time from the arrival of a run's root to the judgement on its errors.
	// Default 10s; 0 judges at once.
	DecisionWait time.Duration `mapstructure:"decision_wait"`
	// Absence is how long something that should have come may still come, from the arrival of the
	// root or from its deadline on. Default 2m; at least decision_wait, and 0 is refused.
	Absence time.Duration `mapstructure:"absence"`
	// ScheduleGrace is how late a scheduled run may be where the card has no finish_within. Default
	// 1h; 0 allows no delay but absence.
	ScheduleGrace time.Duration `mapstructure:"schedule_grace"`
	// NoTelemetry is how long nothing at all must be received before that is one alert instead of
	// one per job. Default 15m; 0 turns it off.
	NoTelemetry time.Duration `mapstructure:"no_telemetry"`
	// WarnOnRetries asks for a warning where a stage was good only after a failed attempt. Default
	// false.
	WarnOnRetries bool `mapstructure:"warn_on_retries"`
	// TraceURL is the template of the link to the evidence, with {trace_id} and perhaps {span_id}.
	// Default: a Jaeger on this computer; empty makes no links.
	TraceURL string `mapstructure:"trace_url"`
	// Severity is of alerts whose card does not say: critical, warning or info. Default critical.
	Severity string `mapstructure:"severity"`
	// MaxRowDrop is the share, 0 to 1, by which a stage's rows may be below the median of the last
	// good runs, where the card does not say. Default 0.2; 0 allows no drop.
	MaxRowDrop float64 `mapstructure:"max_row_drop"`
	// MaxNullIncrease is by how much, 0 to 1, a column's share of nulls may be above the median of
	// the last good runs, where the card does not say. Default 0.05; 0 allows no increase.
	MaxNullIncrease float64 `mapstructure:"max_null_increase"`
	// History is how much of the past learned limits rest on.
	History History `mapstructure:"history"`
	// Alerts is how often alerts are emitted.
	Alerts Alerts `mapstructure:"alerts"`
	// MetricsInterval is the time between two emissions of metrics. Default 15s; 0 is refused.
	MetricsInterval time.Duration `mapstructure:"metrics_interval"`
	// Limits bound the memory.
	Limits Limits `mapstructure:"limits"`
}

// History is how much of the past learned limits rest on. 30 good runs are kept.
type History struct {
	// MinRuns is the number of good runs that a learned limit needs, and after which what has changed
	// is the new normal. Default 5; from 1 to 30.
	MinRuns int `mapstructure:"min_runs"`
	// Runs is the number of the last good runs that medians of rows and nulls are taken over. Default
	// 7; from 1 to 30.
	Runs int `mapstructure:"runs"`
}

// Alerts is how often alerts are emitted.
type Alerts struct {
	// ResendInterval is the time after which an alert that holds is emitted again. Default 1m; 0 is
	// refused.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// KeepResolved is for how long a resolved alert is emitted again. Default 15m; 0 emits it once.
	KeepResolved time.Duration `mapstructure:"keep_resolved"`
	// EndAfter is how long nothing must be heard of a job for its alerts to end. Default 168h; 0
	// lets them fire until a good run comes.
	EndAfter time.Duration `mapstructure:"end_after"`
}

// Limits bound every table. Each is a number from 1 on.
type Limits struct {
	// Jobs is the number of jobs, by default 1000. One that was unused for an hour and has no card
	// makes room, the least known first. Else a new one without a card is refused.
	Jobs int `mapstructure:"jobs"`
	// Runs is the number of runs that go on, by default 10000. The least known makes room.
	Runs int `mapstructure:"runs"`
	// ClosedRuns is the number of runs that have ended and that late spans may re-open, by default
	// 10000. Of the least known the oldest makes room.
	ClosedRuns int `mapstructure:"closed_runs"`
	// Stages is the number of stages per run, by default 1000. What finds no place is counted; up to
	// 100 more that fail find one, and those beyond take that of a good one.
	Stages int `mapstructure:"stages"`
	// Instances is the number of instances per stage, by default 10000. What finds no place is
	// counted; up to 100 more that fail find one, and those beyond take that of a good one.
	Instances int `mapstructure:"instances"`
	// Attempts is the number of attempts that are kept per instance, by default 20: the latest.
	Attempts int `mapstructure:"attempts"`
	// Alerts is the number of alerts that are active, by default 1000, and of those that were
	// resolved lately. Those of jobs that nothing vouches for have half of it, one job has a tenth. What
	// finds no place is counted in ManyJobsFailed.
	Alerts int `mapstructure:"alerts"`
	// PendingSpans is the number of erring spans that wait for the run of their trace, by default
	// 1000. The oldest makes room.
	PendingSpans int `mapstructure:"pending_spans"`
}

// maxHistory is the number of good runs that are kept per job.
const maxHistory = 30

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		OnStorageFailure: storageclient.Refuse,

		DecisionWait:    10 * time.Second,
		Absence:         2 * time.Minute,
		ScheduleGrace:   time.Hour,
		NoTelemetry:     15 * time.Minute,
		TraceURL:        alert.DefaultTraceURL,
		Severity:        string(alert.Critical),
		MaxRowDrop:      0.2,
		MaxNullIncrease: 0.05,
		History:         History{MinRuns: 5, Runs: 7},
		Alerts:          Alerts{ResendInterval: time.Minute, KeepResolved: 15 * time.Minute, EndAfter: 7 * 24 * time.Hour},
		MetricsInterval: 15 * time.Second,
		Limits: Limits{
			Jobs: 1000, Runs: 10_000, ClosedRuns: 10_000, Stages: run.DefaultLimits.Stages, Instances: run.DefaultLimits.Instances,
			Attempts: run.DefaultLimits.Attempts, Alerts: 1000, PendingSpans: 1000,
		},
	}
}

// options are the tracker's part of the config. Cards is left to the caller.
func (c *Config) options() track.Options {
	perRun := run.DefaultLimits
	perRun.Stages, perRun.Instances, perRun.Attempts = c.Limits.Stages, c.Limits.Instances, c.Limits.Attempts
	return track.Options{
		Options: judge.Options{
			MaxRowDrop: c.MaxRowDrop, MaxNullIncrease: c.MaxNullIncrease, MinRuns: c.History.MinRuns, Runs: c.History.Runs,
			Absence: c.Absence, WarnOnRetries: c.WarnOnRetries,
		},
		DecisionWait: c.DecisionWait, ScheduleGrace: c.ScheduleGrace, NoTelemetry: c.NoTelemetry,
		Severity: alert.Severity(c.Severity), TraceURL: c.TraceURL,
		Resend: c.Alerts.ResendInterval, KeepResolved: c.Alerts.KeepResolved, EndAfter: c.Alerts.EndAfter,
		Limits: track.Limits{
			Limits: perRun, Jobs: c.Limits.Jobs, Runs: c.Limits.Runs, Closed: c.Limits.ClosedRuns,
			Alerts: c.Limits.Alerts, Pending: c.Limits.PendingSpans,
		},
	}
}

// Validate returns all violations, each naming its key and the bound.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	wrong.Check(
		configcheck.OneOf("on_storage_failure", c.OnStorageFailure, storageclient.Refuse, storageclient.Accept),
		spanottl.CheckConditions("conditions", c.Conditions),
		configcheck.DurationOrZero("decision_wait", c.DecisionWait, 0, 0),
		configcheck.Duration("absence", c.Absence, 0, 0),
		configcheck.DurationOrZero("schedule_grace", c.ScheduleGrace, 0, 0),
		configcheck.DurationOrZero("no_telemetry", c.NoTelemetry, 0, 0),
		configcheck.Duration("alerts::resend_interval", c.Alerts.ResendInterval, 0, 0),
		configcheck.DurationOrZero("alerts::keep_resolved", c.Alerts.KeepResolved, 0, 0),
		configcheck.DurationOrZero("alerts::end_after", c.Alerts.EndAfter, 0, 0),
		configcheck.Duration("metrics_interval", c.MetricsInterval, 0, 0),
	)
	if c.Absence > 0 && c.Absence < c.DecisionWait {
		wrong.Add("absence", "%v must be at least 'decision_wait', %v", c.Absence, c.DecisionWait)
	}
	if err := alert.CheckTraceURL(c.TraceURL); err != nil {
		wrong.Add("trace_url", "%q %w", c.TraceURL, err)
	}
	wrong.Check(
		configcheck.OneOf("severity", alert.Severity(c.Severity), alert.Critical, alert.Warning, alert.Info),
		configcheck.Range("max_row_drop", c.MaxRowDrop, 0, 1),
		configcheck.Range("max_null_increase", c.MaxNullIncrease, 0, 1),
		configcheck.Range("history::min_runs", c.History.MinRuns, 1, maxHistory),
		configcheck.Range("history::runs", c.History.Runs, 1, maxHistory),
		configcheck.AtLeast("limits::jobs", c.Limits.Jobs, 1),
		configcheck.AtLeast("limits::runs", c.Limits.Runs, 1),
		configcheck.AtLeast("limits::closed_runs", c.Limits.ClosedRuns, 1),
		configcheck.AtLeast("limits::stages", c.Limits.Stages, 1),
		configcheck.AtLeast("limits::instances", c.Limits.Instances, 1),
		configcheck.AtLeast("limits::attempts", c.Limits.Attempts, 1),
		configcheck.AtLeast("limits::alerts", c.Limits.Alerts, 1),
		configcheck.AtLeast("limits::pending_spans", c.Limits.PendingSpans, 1),
	)
	return wrong.Err()
}
