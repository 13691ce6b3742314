// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package assessment measures how good the predictions of a data file are, given their labels, in all
// and by version, segment and period, and compares two versions or files.
//
//	labels ──► Labels ──┐
//	predictions ────────┴─► read: row by row ──► Side: a group for each version, segment, period
//	baseline ──► Calibration ───────────────────►  │       with the accumulators of its rows
//	                                               ▼
//	                                             New ──► Assessment ──► table, JSON
//
// The counting and the statistics are those of internal/evaluation; what is here reads, groups and
// writes.
package assessment
