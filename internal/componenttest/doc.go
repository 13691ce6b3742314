// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package componenttest has the surroundings of a component that tests control: a host with extensions, a storage that fails, is copied or
// is full, consumers that refuse or hang, the component's own log, and a clock.
//
//	Host ─► extensions ─┬─ Storage
//	                    └─ catalogtest.Extension (internal/catalog/catalogtest)
//	component ─► TracesSink, MetricsSink, LogsSink, each with Answers
//
// What the collector's own test packages have is used as it is: metrics of a component come from its componenttest.Telemetry, a host
// without extensions is its NewNopHost, a consumer that takes everything its consumertest.
package componenttest
