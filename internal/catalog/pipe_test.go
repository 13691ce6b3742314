// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package catalog

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPipes: a pipe or a device that has the name of a card, or that a card names as its baseline, is
// a violation, and nothing waits for it; the other cards are loaded, and those that were there stay.
func TestPipes(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	card := []byte("kind: model\nname: fraud\n")
	require.NoError(t, os.WriteFile(path("fraud.yaml"), card, 0o600))
	require.NoError(t, os.WriteFile(path("churn.yaml"), []byte("kind: model\nname: churn\n"), 0o600))
	l := NewLoader(dir)
	r, _ := l.Load()
	require.NoError(t, r.Err)

	require.NoError(t, os.Remove(path("fraud.yaml")))
	require.NoError(t, syscall.Mkfifo(path("fraud.yaml"), 0o600))
	require.NoError(t, os.Symlink("/dev/zero", path("zero.yml")))
	require.NoError(t, syscall.Mkfifo(path("b.json"), 0o600))
	require.NoError(t, os.WriteFile(path("other.yaml"), []byte("kind: model\nname: other\nbaseline: b.json\n"), 0o600))
	r, changed := l.Load()
	assert.True(t, changed)
	assert.EqualError(t, r.Err, path("fraud.yaml")+": is no file\n"+path("other.yaml")+":3:11: baseline: cannot be loaded: open "+path("b.json")+": is no file\n"+path("zero.yml")+": is no file")
	require.Len(t, r.Kept, 1)
	assert.Equal(t, "fraud", r.Kept[0].Name)
	require.Len(t, r.Set.Models, 2)
	_, changed = l.Load()
	assert.False(t, changed)
}
