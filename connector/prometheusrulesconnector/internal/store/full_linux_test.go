// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFullDisk: chunks that are complete when the disk is full stay in memory, where Prometheus by itself
// would panic a minute later, and are written when there is room.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=8388608"); err != nil {
		t.Skipf("the system does not permit to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	s, err := Open(options(filepath.Join(disk, "tsdb"), 64<<20))
	require.NoError(t, err)
	from := time.Now().Add(-time.Hour)
	require.NoError(t, fill(t, s, from, 500))
	require.NoError(t, s.Room())
	f, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		for err = nil; err == nil; _, err = f.Write(make([]byte, size)) {
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}
	require.NoError(t, f.Close())
	require.ErrorIs(t, s.Room(), ErrNoRoom)
	s.guard(t)
	entries, err := os.ReadDir(filepath.Join(disk, "tsdb", "chunks_head"))
	require.NoError(t, err)
	require.Empty(t, entries, "no chunk was written")
	require.NoError(t, os.Remove(f.Name()))
	s.guard(t)
	entries, err = os.ReadDir(filepath.Join(disk, "tsdb", "chunks_head"))
	require.NoError(t, err)
	assert.NotEmpty(t, entries, "they are written")
	require.NoError(t, fill(t, s, from.Add(30*time.Minute), 500))
	s.guard(t)
	require.NoError(t, s.Close())
}
