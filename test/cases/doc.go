// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package cases sends small inputs that came out wrong before through the components of the default config, and compares what comes out
// with what is right.
package cases
