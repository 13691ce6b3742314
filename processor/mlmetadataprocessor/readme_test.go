// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

// TestReadme keeps the configs, and the options in the README; that of package facts the table of
// groups.
func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 2, readmetest.Configs(t, "processors", NewFactory()))
	readme := readmetest.Text(t)
	assert.Contains(t, readme, "`["+strings.Join(createDefaultConfig().(*Config).Add, ", ")+"]`")
}
