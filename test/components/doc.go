// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package components tests what holds for our components together, without a collector around them:
// small inputs that came out wrong before go through those of the default config, one after the
// other; and none of them takes a duration without a unit ("flush_interval: 5" is five nanoseconds
// for the collector, and a slip).
package components
