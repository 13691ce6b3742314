// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ingest

import (
	"os"
	"syscall"
)

// release frees who waits for somebody to open a pipe for writing. Opened for both, it has nobody
// wait, and what is read of it ends when it is closed.
func release(path string) {
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		return
	}
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err == nil {
		_ = syscall.Close(fd)
	}
}
