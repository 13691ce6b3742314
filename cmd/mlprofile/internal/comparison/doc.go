// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package comparison says what ml_drift would say of a data set, taken as one window, and writes it
// for people and for machines.
//
//	                 ┌─► Count: the rows of B ──────┐
//	profile of A ────┤                              ├─► Window ──► New ──► Comparison ──► table, JSON,
//	                 └─► OfBaseline: B's profile ───┘               │                     JUnit, HTML
//	                                                     drift.Options.Judge
//
// A Window counts what ml_summary would send, and drift.Options.Judge is the engine of ml_drift.
// What is here counts, draws and writes.
package comparison
