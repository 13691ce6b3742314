// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlnormalizeprocessor rewrites spans as real systems emit them to the vocabulary of
// package mlconv, and removes prompts and answers from spans and log records where it is told to.
//
// What is known of a system is in a table of internal/dialect; this package reads the config, finds
// the prices of models in the catalog (prices.go) and counts what was done.
package mlnormalizeprocessor
