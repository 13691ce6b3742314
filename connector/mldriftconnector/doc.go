// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mldriftconnector adds up the deltas of any number of ml_summary instances, passes the
// totals on as cumulative metrics and compares windows of event time with a reference.
//
// A request is decoded point by point (decode.go) into deltas for the engine (internal/drift),
// which holds windows, scores and verdicts and knows neither pdata nor a clock. A ticker advances
// the engine to the wall clock's time (connector.go). What the engine answers goes five ways:
//
//	engine ──┬─► encode.go: metrics, whole of the segments that internal/thinning chooses
//	         ├─► internal/driftalert: the alert of each drift, in the words of internal/describe
//	         ├─► internal/evidence: a record of each window that shows a drift
//	         ├─► internal/report: lines in the log
//	         └─► internal/learned: baselines that were learned, as files
//
// storage.go saves what has changed and restores it at the next start.
package mldriftconnector
