// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// TestReadme loads every YAML block of the README: configs strictly into Config, cards as a catalog.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	configs, cards := 0, 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.Contains(block[1], "kind:") {
			cards++
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "card.yaml"), []byte(block[1]), 0o600))
			set, err := catalog.Load(dir)
			require.NoError(t, err)
			assert.Len(t, set.Models, 1)
			assert.Len(t, set.Jobs, 1)
			continue
		}
		configs++
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(block[1]))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		sub, err := conf.Sub("extensions::ml_catalog")
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg), block[1])
		require.NoError(t, cfg.Validate())
	}
	assert.Equal(t, 2, configs)
	assert.Equal(t, 1, cards)
}
