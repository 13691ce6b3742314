// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlcontractprocessor checks predictions and stages against the data contracts of the
// catalog's cards, and marks the spans that break them.
//
// A contract.Checker reads the rows of predictions as ml_summary does. Stages, and what Great
// Expectations or Soda say on a span, are read by themselves (decode.go). What was found becomes
// attributes and events (encode.go). At last, values that must not go on are hashed or taken away
// (package privacy). No state is kept across spans.
package mlcontractprocessor
