// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package comparison says what ml_drift would say of a data set, taken as one window, and writes it
// for people and for machines.
//
//	profile of A ──┬─► Window: counts the rows of B ──► New ──► Comparison ──► table, JSON,
//	options, card ─┘                                            (verdicts)     JUnit, HTML
//
// The verdicts are those of drift.Options.Judge. What is here counts, draws and writes.
package comparison
