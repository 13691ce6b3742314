// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mldeltareceiver reads the deltas of ml_summary from the partitions of a Kafka topic that
// it has been assigned as a member of a consumer group, for the ml_drift of the same collector.
//
// A partition has all deltas of its models, so that who has it can judge them. When it is assigned,
// it is read again from some time in the past on: the topic is what the dead owner knew. ml_drift
// is told of each change, in the order of the stream.
//
//	group ── assigned ─► Rereading ─► deltas since reread … ─► Current ─► deltas …
//	      └─ revoked, lost ─► Released
package mldeltareceiver
