// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package architecture holds tests that keep the map in docs/architecture.md: which package imports
// which, where a package lies, and that the map names every one.
package architecture
