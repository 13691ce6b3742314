// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

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
	cfg.Window, cfg.MinSamples, cfg.MaxWindow, cfg.For, cfg.Significance = "year", 0, 0, 0, 2
	cfg.Lateness, cfg.Idle, cfg.EmitInterval, cfg.SaveInterval = -time.Second, 0, 0, 0
	cfg.Timestamps, cfg.Reference = "then", []string{"best"}
	cfg.Methods = Methods{Numeric: []string{"psy"}, Categorical: []string{"ks"}}
	cfg.Thresholds = map[string]float64{"psi": -1}
	cfg.Limits = Limits{}
	err := cfg.Validate()
	require.Error(t, err)
	for _, key := range []string{
		"window", "min_samples", "max_window", "for", "significance", "lateness", "idle", "emit_interval", "save_interval",
		"timestamps", "reference[0]", "methods::numeric[0]", "methods::categorical[0]", "thresholds::psi", "limits::models",
		"limits::versions", "limits::segments", "limits::features", "limits::categories", "limits::producers",
	} {
		assert.ErrorContains(t, err, "'"+key+"'")
	}
}

// A duration without a unit is nanoseconds for the collector: every option says so.
func TestDurationsWithoutAUnit(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"max_window": 168, "lateness": 120, "idle": 60, "emit_interval": 30, "save_interval": 60, "window": "60",
	}).Unmarshal(cfg))
	err := cfg.Validate()
	for key, unit := range map[string]string{
		"max_window": "write 168s", "lateness": "write 120s", "idle": "write 60s", "emit_interval": "write 30s", "save_interval": "write 60s",
	} {
		assert.ErrorContains(t, err, "'"+key+"': ")
		assert.ErrorContains(t, err, unit)
	}
	assert.ErrorContains(t, err, `'window': "60" has no unit: write 60m`)
}

func TestStrict(t *testing.T) {
	err := confmap.NewFromStringMap(map[string]any{"windw": "1h"}).Unmarshal(createDefaultConfig())
	require.ErrorContains(t, err, "windw")
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	require.GreaterOrEqual(t, readmetest.Configs(t, "connectors", NewFactory()), 3)
}
