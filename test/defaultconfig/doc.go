// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package defaultconfig tests the configs that users start with: distro/config.yaml and examples/jaeger-prometheus.
package defaultconfig
