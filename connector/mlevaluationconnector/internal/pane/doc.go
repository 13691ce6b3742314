// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package pane keeps accumulators by panes of event time, of which windows are made.
//
//	events, wall clock ──► Clock: which panes there are, which are over, which make a window (Span)
//	                       Ring:  the accumulators of one series, one for each pane
//
// A window is a whole number of panes, and so is the one before it; eventtime.Grid says how many.
// Times are nanoseconds since 1970, as those of answers are. What follows from the calls is the same
// for a live stream and for a replay. Nothing here is safe for concurrent use.
package pane
