// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package durations tests that no component takes a duration without a unit: "flush_interval: 5" is five nanoseconds for the
// collector, and a slip.
package durations
