// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package processtest runs programs in tests: a process of its own, whose output is kept, on a free
// port of 127.0.0.1. What still runs at the end of a test is stopped; the log's end is printed if
// the test failed. Nothing sleeps for a fixed time: WaitFor polls a condition against a deadline.
package processtest
