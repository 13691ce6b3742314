// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package store

import "syscall"

// freeSpace returns how many bytes can be written to the disk of a folder; ok is false where that is not
// known.
func freeSpace(dir string) (bytes uint64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Blocks == 0 {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true //nolint:gosec // a size, of another type on other systems
}
