// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

func TestDefaultIsValid(t *testing.T) {
	require.NoError(t, confmap.Validate(createDefaultConfig()))
}

// Every violation names its key and the bound, all at once.
func TestAllViolationsAtOnce(t *testing.T) {
	cfg := config(func(c *Config) {
		c.DecisionWait, c.Absence, c.ScheduleGrace, c.NoTelemetry = -time.Second, 0, -time.Second, -time.Second
		c.TraceURL, c.Severity, c.MaxRowDrop, c.MaxNullIncrease = "ftp://x/{trace_id}", "page", 1.5, math.NaN()
		c.History, c.Alerts, c.MetricsInterval, c.Limits = History{Runs: 31}, Alerts{ResendInterval: 5, KeepResolved: -1, EndAfter: -1}, 0, Limits{}
	})
	err := cfg.Validate()
	require.Error(t, err)
	for _, want := range []string{
		"'decision_wait': -1s must not be negative", "'absence': 0s must be at least 10ms", "'schedule_grace': -1s must not be negative",
		"'no_telemetry': -1s must not be negative", "'trace_url': \"ftp://x/{trace_id}\" must be an http or https URL",
		"'severity': \"page\" is none of critical, warning, info", "'max_row_drop': 1.5 must be from 0 to 1",
		"'max_null_increase': NaN must be from 0 to 1", "'history::min_runs': 0 must be from 1 to 30", "'history::runs': 31 must be from 1 to 30",
		"'alerts::resend_interval': 5ns must be at least 10ms; a number without a unit is nanoseconds: write 5s", "'alerts::keep_resolved': -1ns must not be negative", "'alerts::end_after': -1ns must not be negative",
		"'metrics_interval': 0s must be at least 10ms", "'limits::jobs': 0 must be at least 1", "'limits::runs'", "'limits::closed_runs'",
		"'limits::stages'", "'limits::instances'", "'limits::attempts'", "'limits::alerts'", "'limits::pending_spans'",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestTraceURL(t *testing.T) {
	for template, want := range map[string]string{
		"": "",
		"https://grafana.example.com/explore?left={%22query%22:%22{trace_id}%22}": "",
		"http://localhost:16686/trace/{trace_id}":                                 "",
		"http://localhost:16686/trace/{traceID}":                                  "'trace_url': \"http://localhost:16686/trace/{traceID}\" must contain {trace_id}",
		"localhost:16686/trace/{trace_id}":                                        "'trace_url': \"localhost:16686/trace/{trace_id}\" must be an http or https URL",
		"http:///trace/{trace_id}":                                                "'trace_url': \"http:///trace/{trace_id}\" must be an http or https URL",
		"http://a b/{trace_id}":                                                   "'trace_url': \"http://a b/{trace_id}\" must be an http or https URL",
	} {
		err := config(func(c *Config) { c.TraceURL = template }).Validate()
		if want == "" {
			assert.NoError(t, err, template)
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

func TestAbsenceAfterDecision(t *testing.T) {
	err := config(func(c *Config) { c.DecisionWait = 5 * time.Minute }).Validate()
	require.EqualError(t, err, "'absence': 2m0s must be at least 'decision_wait', 5m0s")
	require.NoError(t, config(func(c *Config) { c.DecisionWait, c.NoTelemetry, c.Alerts.KeepResolved = 0, 0, 0 }).Validate())
}

func TestStrict(t *testing.T) {
	err := confmap.NewFromStringMap(map[string]any{"decison_wait": "1s"}).Unmarshal(createDefaultConfig())
	require.ErrorContains(t, err, "decison_wait")
}

// Every option reaches the tracker.
func TestOptions(t *testing.T) {
	cfg := createDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"storage": "file_storage", "catalog": "ml_catalog", "decision_wait": "1s", "absence": "2s", "schedule_grace": "3s", "no_telemetry": "4s",
		"warn_on_retries": true, "trace_url": "http://x/{trace_id}", "severity": "info", "max_row_drop": 0.1, "max_null_increase": 0.2,
		"history": map[string]any{"min_runs": 3, "runs": 4}, "alerts": map[string]any{"resend_interval": "5s", "keep_resolved": "6s"},
		"metrics_interval": "7s", "limits": map[string]any{
			"jobs": 1, "runs": 2, "closed_runs": 3, "stages": 4, "instances": 5, "attempts": 6, "alerts": 7, "pending_spans": 8,
		},
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	c := cfg.(*Config)
	assert.Equal(t, "file_storage", c.Storage.String())
	assert.Equal(t, "ml_catalog", c.Catalog.String())
	assert.Equal(t, 7*time.Second, c.MetricsInterval)
	o := c.options()
	assert.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second, 6 * time.Second},
		[]time.Duration{o.DecisionWait, o.Absence, o.ScheduleGrace, o.NoTelemetry, o.Resend, o.KeepResolved})
	assert.True(t, o.WarnOnRetries)
	assert.Equal(t, "http://x/{trace_id}", o.TraceURL)
	assert.Equal(t, alert.Info, o.Severity)
	assert.InDelta(t, 0.1, o.MaxRowDrop, 0)
	assert.InDelta(t, 0.2, o.MaxNullIncrease, 0)
	assert.Equal(t, []int{3, 4}, []int{o.MinRuns, o.Runs})
	perRun := run.DefaultLimits
	perRun.Stages, perRun.Instances, perRun.Attempts = 4, 5, 6
	assert.Equal(t, perRun, o.Limits.Limits)
	assert.Equal(t, []int{1, 2, 3, 7, 8}, []int{o.Limits.Jobs, o.Limits.Runs, o.Limits.Closed, o.Limits.Alerts, o.Limits.Pending})
}
