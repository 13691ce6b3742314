// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
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
		"'flush_interval'", "'feature_flush_interval'", "'temporality'", "'segments[0]'", "'segments[1]'", "'segments[3]'",
		"'duration_buckets[1]'", "'duration_buckets[2]'", "'duration_buckets[3]'",
		"'limits::models'", "'limits::segments'", "'limits::features'", "'limits::categories'", "'limits::cells'",
	} {
		assert.ErrorContains(t, err, key)
	}
	cfg = createDefaultConfig().(*Config)
	cfg.DurationBuckets = nil
	assert.ErrorContains(t, cfg.Validate(), "'duration_buckets'")
	cfg.DurationBuckets = make([]float64, 1000)
	for i := range cfg.DurationBuckets {
		cfg.DurationBuckets[i] = float64(i + 1)
	}
	assert.ErrorContains(t, cfg.Validate(), "'duration_buckets'")
}

// readmeBlocks returns the YAML blocks of the README.
func readmeBlocks(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// Every connector that the README configures is one that the binary would accept.
func TestReadme(t *testing.T) {
	blocks := readmeBlocks(t)
	require.NotEmpty(t, blocks)
	seen := 0
	for _, block := range blocks {
		file := filepath.Join(t.TempDir(), "config.yaml")
		require.NoError(t, os.WriteFile(file, []byte(block), 0o600))
		conf, err := confmaptest.LoadConf(file)
		require.NoError(t, err, block)
		connectors, err := conf.Sub("connectors")
		require.NoError(t, err)
		for id := range connectors.ToStringMap() {
			if id != "ml_summary" && !strings.HasPrefix(id, "ml_summary/") {
				continue
			}
			sub, err := connectors.Sub(id)
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(cfg), block)
			require.NoError(t, confmap.Validate(cfg), block)
			seen++
		}
	}
	assert.NotZero(t, seen)
}

// The table of options has all of them.
func TestReadmeListsEveryOption(t *testing.T) {
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var check func(typ reflect.Type, prefix string)
	check = func(typ reflect.Type, prefix string) {
		for f := range typ.Fields() {
			key := prefix + f.Tag.Get("mapstructure")
			if f.Type.Kind() == reflect.Struct {
				check(f.Type, key+"::")
				continue
			}
			assert.Contains(t, string(data), "| `"+key+"` |")
		}
	}
	check(reflect.TypeFor[Config](), "")
}
