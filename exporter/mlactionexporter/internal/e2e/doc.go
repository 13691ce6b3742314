// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e carries the presets of actions out against real servers: Gitea, and Kubernetes with
// Argo Rollouts (make test-e2e, build tag e2e).
package e2e
