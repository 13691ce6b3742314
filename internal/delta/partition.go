// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

// PartitionState is what the reader of a partition says of it. A partition is a part of a stream of
// deltas that one aggregator at a time reads, with all deltas of the models that are in it.
type PartitionState uint8

// The states of a partition.
const (
	// Released is one that another aggregator reads now, or will.
	Released PartitionState = iota
	// Rereading is one that is read from some time in the past on: what was known of it is void.
	Rereading
	// Current is one that has been read up to where it was when it was taken over.
	Current
)

// PartitionChange is a new state of a partition.
type PartitionChange struct {
	Partition string
	State     PartitionState
	// After is the number of deltas of the request that come before the change.
	After int
}
