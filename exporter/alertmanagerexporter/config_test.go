// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

func TestDefaultIsValid(t *testing.T) {
	require.NoError(t, confmap.Validate(createDefaultConfig()))
}

func TestAllViolationsAtOnce(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientConfig.Endpoint, cfg.ClientConfig.Timeout = "http://localhost:9093", 0
	cfg.Endpoints = []string{
		"localhost:9093", "http://", "http://user:secret@host", "http://host?x=1", "http://host/api/v2/alerts/", "http://a/b", "http://a/b/", "http://%zz:secret@x",
	}
	cfg.Labels = map[string]string{"alertname": "x", "severity": "x", "a.b": "x", "empty": ""}
	cfg.Lease, cfg.ResendInterval, cfg.SourceTimeout, cfg.MaxAlerts, cfg.BatchSize = 0, 0, 0, 0, 0
	cfg.Retry.MaxElapsedTime, cfg.Retry.InitialInterval = time.Minute, 0
	err := cfg.Validate()
	require.Error(t, err)
	for _, key := range []string{
		"endpoint", "timeout", "endpoints[0]", "endpoints[1]", "endpoints[2]", "endpoints[3]", "endpoints[4]", "endpoints[6]", "endpoints[7]",
		"labels::alertname", "labels::severity", "labels::a.b", "labels::empty", "lease", "resend_interval", "source_timeout",
		"max_alerts", "batch_size", "retry_on_failure::max_elapsed_time", "retry_on_failure::initial_interval",
	} {
		assert.ErrorContains(t, err, "'"+key+"'")
	}
	assert.NotContains(t, err.Error(), "'endpoints[5]'")
	assert.NotContains(t, err.Error(), "secret")

	cfg = createDefaultConfig().(*Config)
	cfg.Endpoints = nil
	require.ErrorContains(t, cfg.Validate(), "'endpoints': must have at least one URL")
	cfg = createDefaultConfig().(*Config)
	cfg.ResendInterval = cfg.Lease/2 + 1
	require.ErrorContains(t, cfg.Validate(), "at most half of 'lease' (4m0s)")
	cfg = createDefaultConfig().(*Config)
	cfg.ClientConfig.Timeout, cfg.ClientConfig.IdleConnTimeout, cfg.Lease, cfg.ResendInterval, cfg.SourceTimeout = 5, 5, 5, 5, 5
	cfg.Retry.InitialInterval, cfg.Retry.MaxInterval = 5, 5
	for _, key := range []string{
		"timeout", "idle_conn_timeout", "lease", "resend_interval", "source_timeout", "retry_on_failure::initial_interval", "retry_on_failure::max_interval",
	} {
		require.ErrorContains(t, cfg.Validate(), "'"+key+"': 5ns must be at least 10ms; a number without a unit is nanoseconds: write 5s")
	}
	cfg = createDefaultConfig().(*Config)
	cfg.BatchSize = maxBatch + 1
	require.ErrorContains(t, cfg.Validate(), "from 1 to 1000")
	cfg = createDefaultConfig().(*Config)
	cfg.Retry.RandomizationFactor = 2
	require.ErrorContains(t, confmap.Validate(cfg), "retry_on_failure")
}

func TestStrict(t *testing.T) {
	err := confmap.NewFromStringMap(map[string]any{"leese": "1h"}).Unmarshal(createDefaultConfig())
	require.ErrorContains(t, err, "leese")
}

func TestEndpointsReplaceTheDefault(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"endpoints": []any{"http://a", "http://b/prefix/"}}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	assert.Equal(t, []string{"http://a", "http://b/prefix/"}, cfg.Endpoints)
	assert.Equal(t, "http://b/prefix/api/v2/alerts", alertsURL(cfg.Endpoints[1]))
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	require.GreaterOrEqual(t, readmetest.Configs(t, "exporters", NewFactory()), 3)
}
