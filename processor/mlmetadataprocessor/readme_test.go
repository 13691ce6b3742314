// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// TestReadme loads every YAML block of the README strictly into Config, and keeps the table of groups complete.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	for _, block := range blocks {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(block[1]))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		sub, err := conf.Sub("processors::ml_metadata")
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg), block[1])
		require.NoError(t, cfg.Validate())
	}
	assert.Len(t, blocks, 2)
	for group, names := range groups {
		assert.Contains(t, string(readme), "| `"+group+"` |")
		for _, name := range names {
			assert.Contains(t, string(readme), "`"+name+"`")
		}
	}
	assert.Contains(t, string(readme), "`["+strings.Join(createDefaultConfig().(*Config).Add, ", ")+"]`")
}
