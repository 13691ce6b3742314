// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package distro tests the distribution as a whole.
//
//   - It replaces the stock one: it has every component of stock otelcol v0.158.0, and configs
//     written for that binary (testdata/stock-configs) are accepted and start.
//   - The configs that users start with, distro/config.yaml and examples/jaeger-prometheus, do what
//     they say, also under attack.
//   - Generated files are what make generate makes of their sources: distro/ of
//     builder-config.yaml, each component's metadata of its metadata.yaml, docs/attributes.md of
//     package mlconv.
package distro
