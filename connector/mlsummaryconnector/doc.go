// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlsummaryconnector turns prediction spans into distributions: counts, confidence,
// answers, durations and every feature, per model, version and segment, as metrics.
//
// A span is read as a prediction (internal/prediction of the repository) and counted by one shard
// (internal/count): it is added to the accumulator of its series group and minute
// (internal/accumulators). A flush encodes the accumulators of all shards as one pmetric.Metrics
// (internal/flush). What was counted is owned by the connector: a flush that fails downstream is
// kept and sent again, and never becomes an error of ConsumeTraces.
package mlsummaryconnector
