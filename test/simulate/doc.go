// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package simulate judges the verdicts of internal/drift: months of simulated traffic, without a
// drift and with one, go through its public interface, and what it says is counted.
//
//	scenario ──► baseline (a profile of n_ref rows)──► catalog ──┐
//	    └──────► traffic (deltas, one a series and hour) ────────┴──► drift.Engine ──► outcome
//
// "make simulate" runs everything and writes docs/simulations.md; "make test" runs a part of it.
package simulate
