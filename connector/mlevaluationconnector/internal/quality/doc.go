// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package quality turns answers and their labels into measures: how good each model is, in each
// segment, by live labels and by gold sets, and whether it has become worse.
//
//	Predict, Label, Unlabel ──► model: clock of event time, items of gold sets
//	                              └─ member: version and role, the task
//	                                   └─ group: the total, or a segment
//	                                        ├─ cumulative counts, label lag
//	                                        └─ pane ──► predictions, estimates
//	                                                     └─ set of labels ──► mature and late rows
//	Results: the window at the front, Closed: windows that have ended ──► scores, differences, verdicts
//
// Windows are by the time of the prediction. A row whose label was known soon enough after it, within
// Options.Maturity, is mature. Windows are compared by mature rows alone, and only when all of their
// rows may be: else labels that come early, of which some kinds come earlier than others, would make a
// young window look different from an old one.
//
// Label and Unlabel with the same arguments undo each other, but for the histogram of label lags, in
// which every label that came stays.
//
// An Engine reads no clock. It is not safe for concurrent use: one lock of the caller's is for all of
// its methods.
package quality
