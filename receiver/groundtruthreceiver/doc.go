// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package groundtruthreceiver takes labels, the truth about predictions, over HTTP and from files,
// and passes them on as log records.
//
//	POST ─────► internal/body ──────────────┐
//	lines ────► internal/ingest, /files ────┼──► internal/intake ──► log records ──► next
//	Parquet ──► internal/parquet ───────────┘      duplicate, late: counted
//
// Package internal/label says what a label is. Programs that have an OpenTelemetry SDK send labels as
// log records of their own, by the OTLP receiver.
package groundtruthreceiver
