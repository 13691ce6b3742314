// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
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

func TestStrict(t *testing.T) {
	err := confmap.NewFromStringMap(map[string]any{"windw": "1h"}).Unmarshal(createDefaultConfig())
	require.ErrorContains(t, err, "windw")
}

// TestREADME loads every block of YAML in the README, and compares the table of options with the config.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, blocks)
	found := 0
	for _, block := range blocks {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(block[1]))
		require.NoError(t, err, block[1])
		doc, err := retrieved.AsConf()
		require.NoError(t, err, block[1])
		connectors, _ := doc.Get("connectors").(map[string]any)
		for id, raw := range connectors {
			var cid component.ID
			require.NoError(t, cid.UnmarshalText([]byte(id)))
			if cid.Type() != NewFactory().Type() {
				continue
			}
			found++
			cfg := createDefaultConfig()
			options, _ := raw.(map[string]any)
			require.NoError(t, confmap.NewFromStringMap(options).Unmarshal(cfg), block[1])
			require.NoError(t, confmap.Validate(cfg), block[1])
		}
	}
	require.GreaterOrEqual(t, found, 3)

	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	for _, key := range conf.AllKeys() {
		assert.Contains(t, string(text), "| `"+strings.ReplaceAll(key, "::", ".")+"` |", "the README lacks the option %s", key)
	}
}
