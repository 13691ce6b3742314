// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package presettest has a server for every system that a preset speaks to. Each keeps state, so that what was made is found, and
// checks every request, and its own answers, by the system's published contract, which lies in contracts with its source. The tests
// carry each preset out against it, with every fault at every request that changes something, and compare the state in the end with
// that of a run without faults.
//
//	preset ─► procedure ─► transport: fault? ─► contract ─► server ─► contract ─► fault? ─► procedure
package presettest
