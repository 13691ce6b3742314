// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package bench measures what a collector costs as a whole process (make bench, build tag bench,
// Linux): one load generator sends the same prebuilt OTLP requests to a collector that passes spans
// through, to one with span_metrics, and to one with our components.
package bench
