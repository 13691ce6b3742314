// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package prometheusrulesconnector evaluates Prometheus rule files, and rules that it makes of service level
// objectives, on an embedded Prometheus TSDB: one binary alerts on what flows through it.
//
//	metrics ─► internal/series ─► internal/store ─► internal/evaluate ─┬─► internal/alerting ─► alerts as log records
//	           names as scraped    TSDB on disk      rule groups       └─► encode.go ─► recorded metrics
//	                                   └─► internal/api: Prometheus' HTTP API, read-only
//
// All evaluation is Prometheus' own (internal/ruleengine). connector.go ties the parts together: it writes what
// comes in, reloads rules when files or cards change, and emits what is due.
package prometheusrulesconnector
