// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package backtest says when rules would have fired on the series that a TSDB has kept.
//
// Rules are loaded as the collector loads them, and their groups are stepped through the past by
// Prometheus' own Group.Eval. What they ask is answered from the TSDB, which is opened to read only
// (folder.go, database.go), and from an overlay, into which recording rules and alerts write
// (overlay.go). An expression that depends on the TSDB alone is evaluated for many steps at once
// (ahead.go). After each step the alerts that fire are noted as episodes (episodes.go); alerts whose
// threshold is known (threshold.go) are stepped once more for each threshold around it.
package backtest
