// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the built collector as a user runs it: spans go in over OTLP, what
// comes out is read from files, and processes are killed and links cut on the way.
package integration
