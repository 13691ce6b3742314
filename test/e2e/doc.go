// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e runs examples/jaeger-prometheus with a real Prometheus and a real Jaeger (make
// test-e2e, build tag e2e).
package e2e
