// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package generated tests that generated files are what make generate makes of their sources: distro/ of
// builder-config.yaml, each component's metadata of its metadata.yaml, docs/attributes.md of package mlconv.
package generated
