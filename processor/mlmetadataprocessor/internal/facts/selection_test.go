// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README's table has all groups and their attributes.
func TestGroupsInReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for group, names := range groups {
		assert.Contains(t, string(readme), "| `"+group+"` |")
		for _, name := range names {
			assert.Contains(t, string(readme), "`"+name+"`")
		}
	}
}
