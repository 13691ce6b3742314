// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package store

// freeSpace returns how many bytes can be written to the disk of a folder; ok is false where that is not
// known.
func freeSpace(string) (bytes uint64, ok bool) { return 0, false }
