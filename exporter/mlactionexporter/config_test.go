// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

// load reads a config as the collector does.
func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

const rollback = `
storage: file_storage
actions:
  rollback:
    preset: mlflow_alias
    endpoint: http://mlflow:5000
    matchers: ['alertname="SLOBreach"']
`

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, text string
		wrong      []string
	}{
		{name: "the empty one", text: "{}"},
		{name: "a rollback", text: rollback},
		{name: "no matchers", text: strings.Replace(rollback, "matchers:", "with: {alias: prod}\n    # ", 1), wrong: []string{"'actions::rollback::matchers': are missing"}},
		{name: "a matcher that is none", text: strings.Replace(rollback, `alertname="SLOBreach"`, `alertname~~x`, 1), wrong: []string{"'actions::rollback::matchers'", "alertname~~x"}},
		{name: "an unknown preset", text: strings.Replace(rollback, "mlflow_alias", "mlflow", 1), wrong: []string{"'actions::rollback'", "mlflow_alias"}},
		{name: "no preset", text: strings.Replace(rollback, "preset: mlflow_alias", "mode: enforce", 1), wrong: []string{"'preset' or 'definition' is missing"}},
		{name: "no endpoint", text: strings.Replace(rollback, "endpoint: http://mlflow:5000", "mode: dry_run", 1), wrong: []string{"'actions::rollback::endpoint': is missing"}},
		{name: "an endpoint with a password", text: strings.Replace(rollback, "http://mlflow", "http://ada:canary@mlflow", 1), wrong: []string{"must not have a user"}},
		{name: "an endpoint with a query", text: strings.Replace(rollback, ":5000", ":5000/?x=1", 1), wrong: []string{"must not have a query"}},
		{name: "another parameter", text: rollback + "    with: {alais: prod}\n", wrong: []string{"with.alais", "alias"}},
		{name: "a mode that is none", text: rollback + "    mode: force\n", wrong: []string{"'actions::rollback::mode'", "observe"}},
		{name: "enforce without a journal", text: strings.Replace(rollback, "storage: file_storage", "mode: enforce", 1), wrong: []string{"needs 'storage'"}},
		{name: "approve without a secret", text: rollback + "    mode: approve\n", wrong: []string{"needs 'api' with a 'secret'"}},
		{name: "a short secret", text: rollback + "api: {secret: canary}\n", wrong: []string{"'api::secret': must have at least 24 bytes"}},
		{name: "two leases", text: rollback + "lease: {}\nleader_elector: k8s_leader_elector\n", wrong: []string{"cannot be used with 'leader_elector'"}},
		{name: "a lease of nothing", text: "lease: {duration: 1s}\n", wrong: []string{"'lease::duration'", "needs 'storage'"}},
		{name: "guards", text: "guards: {cooldown: 2h, max_cooldown: 1h, min_samples: -1, sustained: -1s}\n", wrong: []string{"'guards::max_cooldown'", "'guards::min_samples'", "'guards::sustained'"}},
		{name: "a link that is none", text: "links: {dashboard: grafana}\n", wrong: []string{"'links::dashboard'"}},
		{name: "Jaeger elsewhere", text: "evidence: {jaeger: {endpoint: jaeger}}\n", wrong: []string{"'evidence::jaeger::endpoint'"}},
		{name: "Jaeger and no room", text: "evidence: {directory: '', jaeger: {}}\n", wrong: []string{"'evidence::jaeger': needs 'evidence::directory'"}},
		{name: "all at once", text: "mode: x\nresolve_after: -1s\nlimits: {alerts: 0, concurrent: 0}\n", wrong: []string{"'mode'", "'resolve_after'", "'limits::alerts'", "'limits::concurrent'"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.text)
			if len(c.wrong) == 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, text := range c.wrong {
				assert.ErrorContains(t, err, text)
			}
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}

// An action has what the exporter has where it does not say, guard by guard.
func TestActionsInherit(t *testing.T) {
	cfg, err := load(t, `
storage: file_storage
mode: observe
resolve_after: 5m
guards: {cooldown: 2h, min_samples: 50}
actions:
  a: {preset: mlflow_alias, endpoint: "http://mlflow:5000", matchers: ['severity="critical"'], guards: {min_samples: 10, sustained: 1m}}
  b: {preset: mlflow_alias, endpoint: "http://mlflow:5000", matchers: ['severity="critical"'], mode: dry_run, resolve_after: 1m, timeout: 5s}
`)
	require.NoError(t, err)
	a, b := cfg.Actions["a"], cfg.Actions["b"]
	assert.Equal(t, engine.Observe, a.Mode)
	assert.Equal(t, 10, a.Guards.MinSamples)
	assert.Equal(t, 2*time.Hour, a.Guards.Cooldown)
	assert.Equal(t, 24*time.Hour, a.Guards.BlameWindow)
	assert.Equal(t, 5*time.Minute, a.ResolveAfter)
	assert.Equal(t, 30*time.Second, a.ClientConfig.Timeout)
	assert.Equal(t, engine.DryRun, b.Mode)
	assert.Equal(t, time.Minute, b.ResolveAfter)
	assert.Equal(t, 5*time.Second, b.ClientConfig.Timeout)
	assert.Equal(t, 50, b.Guards.MinSamples)

	assert.Equal(t, time.Minute, a.Guards.policy(action.Rollback).Sustained)
	assert.Equal(t, 15*time.Minute, b.Guards.policy(action.Retrain).Sustained)
	assert.Zero(t, b.Guards.policy(action.Incident).Sustained)
	assert.Equal(t, 100, b.Guards.policy(action.Notify).MaxPerDay)
	assert.Equal(t, 10, b.Guards.policy(action.Rollback).MaxPerDay)
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	require.GreaterOrEqual(t, readmetest.Configs(t, "exporters", NewFactory()), 2)
}
