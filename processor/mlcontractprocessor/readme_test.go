// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

// TestReadme keeps the configs, and the options in the README.
func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 3, readmetest.Configs(t, "processors", NewFactory()))
}
