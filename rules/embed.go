// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package rules embeds the rule files that the distribution ships, in Prometheus' format.
package rules

import "embed"

// Files are the shipped rule files and the unit tests of each: drift.yaml and drift_test.yaml.
//
//go:embed *.yaml
var Files embed.FS
