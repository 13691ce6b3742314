// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e runs the collector with real servers: Prometheus, Jaeger, Alertmanager, Gitea,
// Kubernetes with Argo Rollouts (make test-e2e, build tag e2e).
package e2e
