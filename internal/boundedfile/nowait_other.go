// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package boundedfile

// noWait is not needed: no file is a pipe.
const noWait = 0
