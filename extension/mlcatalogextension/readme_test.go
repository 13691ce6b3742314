// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
)

func TestReadme(t *testing.T) {
	readme, err := filepath.Abs("README.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir()) // where the folder that it names is
	require.NoError(t, os.Symlink(readme, "README.md"))
	require.NoError(t, os.Mkdir("cards", 0o700))
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 3, readmetest.Configs(t, "extensions", NewFactory()))
	cards := 0
	for _, block := range readmetest.Blocks(t) {
		if !strings.Contains(block, "kind:") {
			continue
		}
		cards++
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "card.yaml"), []byte(block), 0o600))
		set, err := catalog.Load(dir)
		require.NoError(t, err)
		assert.Len(t, set.Models, 2)
		assert.Len(t, set.Jobs, 1)
	}
	assert.Equal(t, 1, cards)
}
