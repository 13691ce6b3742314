// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package testkit has the surroundings of a component, as tests control them: a host with
// extensions, a storage that fails or is copied while it is written, consumers that refuse or hang,
// the component's own log, and a clock.
//
//	Host ─► extensions ─┬─ Storage
//	                    └─ catalogtest.Extension (internal/catalog/catalogtest)
//	component ─► TracesSink, MetricsSink, LogsSink, each with Answers
//
// What the collector's componenttest and consumertest have is used from there: a component's own
// metrics, a host without extensions, consumers that take everything.
package testkit
