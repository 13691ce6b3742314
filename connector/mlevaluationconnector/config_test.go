// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

func TestDefaultIsValid(t *testing.T) {
	require.NoError(t, confmap.Validate(createDefaultConfig()))
}

func TestAllViolationsAtOnce(t *testing.T) {
	cfg := &Config{
		Window: "year", Level: 1, Margins: map[string]float64{"fpr": -1, "auc": 0.1}, Keys: []string{"id"}, Sampling: 2, Maturity: -1,
		Lateness: -1, Timestamps: "then", Shadow: Shadow{By: "time", Margin: 1, Pairs: []ShadowPair{{Primary: "a", Shadow: "a"}}},
		Misjudged: Misjudged{PerMinute: -1},
	}
	err := cfg.Validate()
	require.Error(t, err)
	for _, key := range []string{
		"wait", "window", "maturity", "level", "margins", "margins::fpr", "keys", "key_attribute", "sampling", "k", "lateness", "idle",
		"emit_interval", "save_interval", "timestamps", "shadow::by", "shadow::wait", "shadow::pairs", "shadow::margin", "misjudged::per_minute",
		"limits::predictions", "limits::labels", "limits::memory_mib", "limits::models", "limits::segments", "limits::classes",
		"limits::evaluators", "limits::shadows",
	} {
		assert.ErrorContains(t, err, "'"+key+"'")
	}
	cfg.Keys = nil
	assert.ErrorContains(t, cfg.Validate(), "'keys': must have one at least")
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.GreaterOrEqual(t, readmetest.Configs(t, "connectors", NewFactory()), 4)
}
