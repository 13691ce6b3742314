// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

// TestReadme keeps the configs, the options and the table of groups in the README.
func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 2, readmetest.Configs(t, "processors", NewFactory()))
	readme := readmetest.Text(t)
	for group, names := range groups {
		assert.Contains(t, readme, "| `"+group+"` |")
		for _, name := range names {
			assert.Contains(t, readme, "`"+name+"`")
		}
	}
	assert.Contains(t, readme, "`["+strings.Join(createDefaultConfig().(*Config).Add, ", ")+"]`")
}
