// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// notSources are folders of the repository's root that hold no sources.
var notSources = []string{".git", ".tools", "bin", "state"}

// The repository is copied, generated there, and compared.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	root := processtest.RepoRoot(t)
	before := read(t, root)
	copied := t.TempDir()
	for path, content := range before {
		target := filepath.Join(copied, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o755))
		require.NoError(t, os.WriteFile(target, []byte(content), 0o600))
	}

	generate := exec.CommandContext(t.Context(), "make", "generate")
	generate.Dir = copied
	generate.Env = append(os.Environ(), "MAKEFLAGS=")
	output, err := generate.CombinedOutput()
	require.NoError(t, err, "%s", output)

	after := read(t, copied)
	for path, content := range after {
		was, ok := before[path]
		if assert.True(t, ok, "make generate adds %s", path) {
			assert.Equal(t, was, content, "make generate changes %s", path)
		}
	}
	assert.GreaterOrEqual(t, len(after), len(before))
	assert.Contains(t, after, filepath.Join("distro", "components.go"))
}

// read returns the sources under root, by relative path.
func read(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(notSources, relative) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		files[relative] = string(content)
		return err
	}))
	return files
}
