// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package readmetest keeps the README of a component true: its YAML blocks are configs that the component
// accepts, and its table of options has every key.
package readmetest

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Text returns README.md in the package's folder.
func Text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// Blocks returns the YAML blocks of the README.
func Blocks(t *testing.T) []string {
	t.Helper()
	var blocks []string
	for _, match := range yamlBlock.FindAllStringSubmatch(Text(t), -1) {
		blocks = append(blocks, match[1])
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// Configs decodes strictly and validates every config of the factory's component in the section ("connectors",
// "processors", ...) of every YAML block, and returns how many there are.
func Configs(t *testing.T, section string, factory component.Factory) int {
	t.Helper()
	found := 0
	for _, block := range Blocks(t) {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(block))
		if err != nil { // more than one document: cards, not a config
			continue
		}
		document, err := retrieved.AsConf()
		require.NoError(t, err, block)
		components, _ := document.Get(section).(map[string]any)
		for key, options := range components {
			var id component.ID
			require.NoError(t, id.UnmarshalText([]byte(key)), block)
			if id.Type() != factory.Type() {
				continue
			}
			found++
			config := factory.CreateDefaultConfig()
			given, _ := options.(map[string]any)
			require.NoError(t, confmap.NewFromStringMap(given).Unmarshal(config), block)
			require.NoError(t, confmap.Validate(config), block)
		}
	}
	require.Positive(t, found, "no config of %s in the README", factory.Type())
	return found
}

// Options checks that a table of the README has a row for every key of the config ("| `limits::models` | ...").
func Options(t *testing.T, factory component.Factory) {
	t.Helper()
	text, conf := Text(t), confmap.New()
	require.NoError(t, conf.Marshal(factory.CreateDefaultConfig()))
	require.NotEmpty(t, conf.AllKeys())
	for _, key := range conf.AllKeys() {
		assert.Contains(t, text, "| `"+key+"` |", "the README lacks the option %s", key)
	}
}
