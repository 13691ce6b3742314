// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
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

// A card and the config allow the same windows, and say in the same words what is wrong with
// others.
func TestCardsAllowTheSameWindows(t *testing.T) {
	for _, test := range []struct{ window, maxWindow, problem string }{
		{"1m", "", ""},
		{"5m", "", ""},
		{"12m", "12m", ""},
		{"90m", "", ""},
		{"1h30m", "", ""},
		{"168h", "", ""},
		{"7d", "", ""},
		{"2w", "", ""},
		{"1d12h", "48h", ""},
		{"744h", "", ""},
		{"day", "1h", ""},
		{"week", "", ""},
		{"month", "", ""},
		{"745h", "", "745h must be whole minutes, 1m to 744h, or day, week or month"},
		{"32d", "", "32d must be whole minutes, 1m to 744h, or day, week or month"},
		{"30s", "", "30s must be whole minutes, 1m to 744h, or day, week or month"},
		{"90s", "", "90s must be whole minutes, 1m to 744h, or day, week or month"},
		{"0s", "", `"0s" is not a duration such as 1h, or day, week or month`},
		{"-1h", "", `"-1h" is not a duration such as 1h, or day, week or month`},
		{"1 hour", "", `"1 hour" is not a duration such as 1h, or day, week or month`},
		{"year", "", `"year" is not a duration such as 1h, or day, week or month`},
		{"2h", "1h", "is below window, 2h"},
	} {
		t.Run(test.window+" "+test.maxWindow, func(t *testing.T) {
			keys := map[string]any{"window": test.window}
			written := "window: " + test.window
			if test.maxWindow != "" {
				keys["max_window"] = test.maxWindow
				written += ", max_window: " + test.maxWindow
			}
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(cfg))
			dir := t.TempDir()
			card := "kind: model\nname: fraud\ndrift: {" + written + "}\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "fraud.yaml"), []byte(card), 0o600))
			set, err := catalog.Load(dir)

			if test.problem == "" {
				require.NoError(t, cfg.Validate())
				require.NoError(t, err)
				assert.Equal(t, cfg.options().Window, set.Model("", "fraud").Drift.Window)
				return
			}
			require.ErrorContains(t, cfg.Validate(), test.problem)
			require.ErrorContains(t, err, test.problem)
		})
	}
}

func TestDefaultsAreTheEngines(t *testing.T) {
	assert.Equal(t, drift.DefaultOptions(), createDefaultConfig().(*Config).options())
}

func TestStrict(t *testing.T) {
	err := confmap.NewFromStringMap(map[string]any{"windw": "1h"}).Unmarshal(createDefaultConfig())
	require.ErrorContains(t, err, "windw")
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	require.GreaterOrEqual(t, readmetest.Configs(t, "connectors", NewFactory()), 3)
}

// A card and the config allow the same thresholds and the same min_samples.
func TestBoundsOfCardAndConfig(t *testing.T) {
	for _, c := range []struct {
		key, value string
		ok         bool
	}{
		{"min_samples", "0", false},
		{"min_samples", "1", true},
		{"min_samples", "1000000000", true},
		{"min_samples", "1000000001", false},
		{"psi", "-0.1", false},
		{"psi", "0", true},
		{"psi", "1e300", true},
		{"psi", ".inf", false},
		{"psi@evidently", "0", true},
		{"missing", "-1", false},
		{"missing", "0", true},
		{"relative_change", "-1", false},
		{"relative_change", "0", true},
		{"relative_change", "9", true},
		{"low_confidence", "0", true},
		{"low_confidence", "1", true},
		{"low_confidence", "1.1", false},
		{"psy", "0.1", false},
	} {
		options := fmt.Sprintf("{thresholds: {%s: %s}}", c.key, c.value)
		if c.key == "min_samples" {
			options = fmt.Sprintf("{%s: %s}", c.key, c.value)
		}
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(options))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, conf.Unmarshal(cfg))
		inConfig := cfg.Validate()
		card := filepath.Join(t.TempDir(), "card.yaml")
		require.NoError(t, os.WriteFile(card, []byte("kind: model\nname: x\ndrift: "+options+"\n"), 0o600))
		_, inCard := catalog.LoadFile(card)
		assert.Equal(t, c.ok, inConfig == nil, "config %s: %v", options, inConfig)
		assert.Equal(t, c.ok, inCard == nil, "card %s: %v", options, inCard)
	}
}
