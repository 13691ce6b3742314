// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ingest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// watched is a follower of a folder, in real time: what waits at a pipe waits in the system.
type watched struct {
	*Follower
	taker
	dir       string
	logs      *observer.ObservedLogs
	irregular atomic.Int64
}

func watch(t *testing.T, startAt string, prepare func(dir string)) *watched {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir) // a socket's path must be short
	w := &watched{dir: dir}
	core, logs := observer.New(zapcore.InfoLevel)
	w.logs = logs
	prepare(dir)
	source := newSource(dir, &w.taker)
	source.Files.StartAt, source.Files.PollInterval, source.Storage = startAt, 10*time.Millisecond, nil
	source.Files.Include = []string{filepath.Join(dir, "*.jsonl")}
	source.Logger = zap.New(core)
	source.Irregular = func(context.Context) { w.irregular.Add(1) }
	var err error
	w.Follower, err = Follow(t.Context(), nil, source)
	require.NoError(t, err)
	return w
}

func (w *watched) path(name string) string { return filepath.Join(w.dir, name) }

// write appends to a file.
func (w *watched) write(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func (w *watched) wait(t *testing.T, lines ...string) {
	t.Helper()
	assert.EventuallyWithT(t, func(c *assert.CollectT) { assert.ElementsMatch(c, lines, w.taken()) }, 30*time.Second, 5*time.Millisecond)
}

func (w *watched) end(t *testing.T) {
	t.Helper()
	require.NoError(t, w.Stop(context.Background()))
	assert.Zero(t, w.logs.FilterMessageSnippet("does not end").Len())
	assert.Zero(t, w.logs.FilterMessageSnippet("no more").Len())
}

// TestIrregularFromTheStart: what is no regular file is left out, each is said and counted once, and
// the others are followed.
func TestIrregularFromTheStart(t *testing.T) {
	w := watch(t, startAtBeginning, func(dir string) {
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "a [pipe]*.jsonl"), 0o600))
		require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, "device.jsonl")))
		require.NoError(t, os.Symlink("nothing", filepath.Join(dir, "dangling.jsonl")))
		require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.jsonl"), 0o700))
		listener, err := net.Listen("unix", "socket.jsonl")
		require.NoError(t, err)
		t.Cleanup(func() { _ = listener.Close() })
		require.NoError(t, os.WriteFile(filepath.Join(dir, "elsewhere"), []byte("one\n"), 0o600))
		require.NoError(t, os.Symlink("elsewhere", filepath.Join(dir, "link.jsonl")))
	})
	w.wait(t, "one")
	w.write(t, "elsewhere", "two\n")
	w.wait(t, "one", "two")
	w.end(t)
	said := w.logs.FilterMessageSnippet("Not followed").All()
	require.Len(t, said, 1)
	assert.EqualValues(t, 4, said[0].ContextMap()["number"])
	assert.Contains(t, fmt.Sprint(said[0].ContextMap()["files"]), "a [pipe]*.jsonl")
	assert.EqualValues(t, 4, w.irregular.Load())
}

// TestFileReplacedByAPipe: a pipe that comes later, also in the place of a file that is followed, has
// nobody wait; lines before and after it are read once, and a file in its place is followed again.
func TestFileReplacedByAPipe(t *testing.T) {
	w := watch(t, startAtEnd, func(dir string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "old.jsonl"), []byte("before\n"), 0o600))
	})
	assert.Eventually(t, w.positions.looked.Load, 30*time.Second, time.Millisecond)
	w.write(t, "old.jsonl", "one\n")
	w.write(t, "new.jsonl", "two\n")
	w.wait(t, "one", "two")

	require.NoError(t, os.Remove(w.path("new.jsonl")))
	require.NoError(t, syscall.Mkfifo(w.path("new.jsonl"), 0o600))
	require.NoError(t, os.Symlink("/dev/zero", w.path("device.jsonl")))
	w.write(t, "old.jsonl", "three\n")
	w.wait(t, "one", "two", "three")
	assert.Eventually(t, func() bool { return w.irregular.Load() == 2 }, 30*time.Second, time.Millisecond)

	require.NoError(t, os.Remove(w.path("new.jsonl")))
	w.write(t, "new.jsonl", "four\n")
	w.write(t, "old.jsonl", "five\n")
	w.wait(t, "one", "two", "three", "four", "five")
	w.end(t)
}

// TestStopWhileItWaits ends a follower that waits at a pipe, whoever has put it there, and when.
func TestStopWhileItWaits(t *testing.T) {
	for range 20 {
		w := watch(t, startAtBeginning, func(string) {})
		for i := range 5 {
			require.NoError(t, syscall.Mkfifo(w.path(fmt.Sprint(i, ".jsonl")), 0o600))
		}
		w.end(t)
	}
}

// TestLinesWhileItMoves: lines that wait for the pipeline when a pipe appears are sent nevertheless,
// once, without a storage.
func TestLinesWhileItMoves(t *testing.T) {
	w := watch(t, startAtBeginning, func(string) {})
	w.Fail(errFull)
	w.write(t, "a.jsonl", "one\ntwo\n")
	assert.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.offsets) == 2
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, syscall.Mkfifo(w.path("pipe.jsonl"), 0o600))
	assert.Eventually(t, func() bool { return w.irregular.Load() == 1 }, 30*time.Second, time.Millisecond)
	w.Fail(nil)
	w.wait(t, "one", "two")
	w.write(t, "a.jsonl", "three\n")
	w.wait(t, "one", "two", "three")
	w.end(t)
}

// TestTooManyIrregular: nothing is followed while there are more than can be left out.
func TestTooManyIrregular(t *testing.T) {
	w := watch(t, startAtBeginning, func(dir string) {
		for i := range maxLeftOut + 1 {
			require.NoError(t, os.Symlink("nothing", filepath.Join(dir, fmt.Sprintf("%03d.jsonl", i))))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.jsonl"), []byte("one\n"), 0o600))
	})
	assert.Equal(t, 1, w.logs.FilterMessageSnippet("No file is followed").Len())
	assert.Empty(t, w.taken())
	require.NoError(t, os.Remove(w.path("000.jsonl")))
	w.wait(t, "one")
	w.end(t)
}
