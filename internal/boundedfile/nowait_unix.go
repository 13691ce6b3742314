// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package boundedfile

import "syscall"

// noWait has the opening of a pipe not wait for somebody who writes to it.
const noWait = syscall.O_NONBLOCK
