// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

func TestDefaultConfigIsValid(t *testing.T) {
	require.NoError(t, createDefaultConfig().(*Config).Validate())
}

// All violations are reported at once, by key.
func TestConfigErrors(t *testing.T) {
	cfg := &Config{
		FlushInterval: 0, FeatureFlushInterval: -1, Temporality: "delta",
		Segments:        []string{"", "a=b", "c", "c"},
		DurationBuckets: []float64{1, 1, math.NaN(), -1},
	}
	err := cfg.Validate()
	for _, key := range []string{
		"'flush_interval'", "'feature_flush_interval'", "'temporality'", "'sampling'", "'segments[0]'", "'segments[1]'", "'segments[3]'",
		"'duration_buckets[1]'", "'duration_buckets[2]'", "'duration_buckets[3]'",
		"'limits::models'", "'limits::segments'", "'limits::features'", "'limits::categories'", "'limits::accumulators'",
	} {
		assert.ErrorContains(t, err, key)
	}
	// A number without a unit is nanoseconds.
	cfg = createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = 5, 60
	assert.ErrorContains(t, cfg.Validate(), "'flush_interval': 5ns must be at least 10ms; a number without a unit is nanoseconds: write 5s")
	assert.ErrorContains(t, cfg.Validate(), "'feature_flush_interval': 60ns must be at least 10ms")
	cfg = createDefaultConfig().(*Config)
	cfg.DurationBuckets = nil
	assert.ErrorContains(t, cfg.Validate(), "'duration_buckets'")
	cfg.DurationBuckets = make([]float64, 1000)
	for i := range cfg.DurationBuckets {
		cfg.DurationBuckets[i] = float64(i + 1)
	}
	assert.ErrorContains(t, cfg.Validate(), "'duration_buckets'")
}

// The key that another version had is refused, and says what to write.
func TestFormerKey(t *testing.T) {
	cfg := createDefaultConfig()
	err := confmap.NewFromStringMap(map[string]any{"limits": map[string]any{"cells": 100}}).Unmarshal(cfg)
	require.ErrorContains(t, err, "'limits::cells' is called 'limits::accumulators' now")
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"limits": map[string]any{"accumulators": 100}}).Unmarshal(cfg))
	assert.Equal(t, 100, cfg.(*Config).Limits.Accumulators)
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	readmetest.Configs(t, "connectors", NewFactory())
}
