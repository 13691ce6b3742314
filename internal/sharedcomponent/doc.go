// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package sharedcomponent gives the several instances that the collector makes of one connector one
// state.
//
// The collector makes an instance for each pair of signals that a connector is used between: one
// that is an exporter of traces and logs pipelines and a receiver of metrics and logs pipelines is
// four. All of them get the same config pointer. They are edges of one state; the state belongs to
// the config:
//
//	           ┌─ edge traces→metrics ─┐             ┌─► metrics
//	traces ────┤   (takes spans in)    │             │
//	           └─ edge traces→logs ────┼──► State ───┤
//	           ┌─ edge logs→metrics ───┤             │
//	logs ──────┤   (takes logs in)     │             └─► logs
//	           └─ edge logs→logs ──────┘
//
// Every pipeline of an input signal feeds all edges of that signal, so the first edge of each input
// takes the data in and the others ignore it. The collector starts what is downstream first and
// stops what is upstream first, and says nothing of the order among edges:
//
//	 Join ×n         first Start    last Start     an edge of each input    last Shutdown
//	                                               has shut down
//	────────────────────┬──────────────┬───────────────────┬──────────────────────┬─────────
//	 created            │ State.Start  │ State.Run         │ State.Flush          │ State.Close
//	                    │ open         │ all downstream    │ all upstream has     │ forgotten
//	                    │              │ runs: may emit    │ stopped, none of the │
//	                    │              │                   │ downstream has       │
//
// An edge that shuts down says that all that feeds its input has stopped. The first such edge of
// the last input is therefore the moment for the final flush: nothing comes in any more, and an
// output's downstream runs until every edge to it has shut down. That holds where the connector
// supports each of its inputs with each of its outputs.
package sharedcomponent
