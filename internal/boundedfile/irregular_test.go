// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package boundedfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyRegularFiles: none of these is opened, and none has the reader wait.
func TestOnlyRegularFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // a socket's path must be short
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, syscall.Mkfifo(path("pipe"), 0o600))
	require.NoError(t, os.Symlink("pipe", path("link to a pipe")))
	require.NoError(t, os.Symlink("/dev/zero", path("link to a device")))
	require.NoError(t, os.Mkdir(path("folder"), 0o700))
	listener, err := net.Listen("unix", "socket")
	require.NoError(t, err)
	defer listener.Close()
	for _, name := range []string{"pipe", "link to a pipe", "link to a device", "folder", "socket"} {
		_, err := Open(path(name))
		require.ErrorIs(t, err, ErrNotRegular, name)
		assert.EqualError(t, err, "open "+path(name)+": is no file")
		_, err = Read(path(name), 10)
		require.ErrorIs(t, err, ErrNotRegular, name)
	}
	require.NoError(t, os.WriteFile(path("file"), []byte("x"), 0o600))
	require.NoError(t, os.Symlink("file", path("link to a file")))
	data, err := Read(path("link to a file"), 10)
	require.NoError(t, err)
	assert.Equal(t, "x", string(data))
}

// TestReplacedByAPipe: what is a file when it is looked at, and a pipe when it is opened, is not
// waited for either.
func TestReplacedByAPipe(t *testing.T) {
	dir := t.TempDir()
	at, file, pipe := filepath.Join(dir, "at"), filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Link([]string{file, pipe}[i%2], at+".next")
			_ = os.Rename(at+".next", at)
			_ = os.Remove(at + ".next")
		}
	}()
	regular, not := 0, 0
	for i := 0; i < 2000 || (regular == 0 || not == 0) && i < 1_000_000; i++ {
		data, err := Read(at, 10)
		switch {
		case err == nil:
			assert.Equal(t, "x", string(data))
			regular++
		case errors.Is(err, ErrNotRegular):
			not++
		default:
			require.ErrorIs(t, err, os.ErrNotExist)
		}
	}
	close(stop)
	<-stopped
	assert.Positive(t, regular)
	assert.Positive(t, not)
}
