// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package ingest

// release does nothing where no file is a pipe.
func release(string) {}
