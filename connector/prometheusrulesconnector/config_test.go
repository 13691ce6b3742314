// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"os"
	"path/filepath"
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
	folder := t.TempDir()
	bad := filepath.Join(folder, "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(\n  - record: r\n    expr: up\n    for: 1m\n"), 0o600))
	objectives := filepath.Join(folder, "slos.yml")
	require.NoError(t, os.WriteFile(objectives, []byte("version: prometheus/v1\nservise: x\n"), 0o600))

	cfg := createDefaultConfig().(*Config)
	cfg.Directory, cfg.RetentionTime, cfg.RetentionSizeMiB, cfg.OutOfOrderWindow = "", time.Hour, 1, -time.Second
	cfg.EvaluationInterval, cfg.ReloadInterval, cfg.Severity, cfg.TraceURL = 0, -1, "loud", "http://{x}"
	cfg.ExternalURL, cfg.ExternalLabels, cfg.TranslationStrategy = "http://[", map[string]string{"": "x"}, "None"
	cfg.Alerts = Alerts{}
	cfg.Limits = Limits{Exemplars: -1}
	cfg.RuleFiles = []string{bad, "builtin:nothing", "[", "builtin:*"}
	cfg.SLOFiles = []string{objectives}
	err := confmap.Validate(cfg)
	require.Error(t, err)
	for _, key := range []string{
		"'directory'", "'retention_time'", "'retention_size_mib'", "'out_of_order_window'", "'evaluation_interval'", "'reload_interval'", "'severity'",
		"'trace_url'", "'external_url'", "'external_labels'", "'translation_strategy'", "'alerts::resend_interval'", "'limits::series'", "'limits::exemplars'",
		"'limits::alerts'", "'limits::query_samples'", "'limits::query_timeout'", `"builtin:nothing" is no shipped file; there are builtin:`, `"["`,
		bad + ": 5:", bad + ": 6:", "servise",
	} {
		assert.ErrorContains(t, err, key)
	}
}

// TestReadme: the README's configs are accepted, and its table has every option.
func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	require.GreaterOrEqual(t, readmetest.Configs(t, "connectors", NewFactory()), 2)
}
