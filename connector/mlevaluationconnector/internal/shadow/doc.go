// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package shadow compares the answers of two models to the same requests: how often they agree, where
// they do not, and how far their scores, values and durations are apart.
//
//	                                    met before: repeated
//	                                         ▲
//	Answer ──┬─ that was used ─► join, until its time to live is over ──► expired, evicted
//	         │                               │ Peek, Take
//	         └─ of a shadow ──► found? ──────┴─► pair ──► comparison: total and segments × panes ──► Results
//	                              └─ no: waits under a key of its own
//
// A request has one answer that is used, that of the primary or, where a canary has answered in its
// place, that of the canary, which is compared under its own identity. It has any number of shadows:
// answers with the role shadow of a model of the same name, and those of models that the options name.
// Both are of the same environment. Which answers are to one request, Shared says.
//
// The answer that is used waits until its time to live is over, however many shadows it has met; it
// notes which. A shadow's answer that comes first waits under the request and the shadow's number, and
// the answer that is used takes it from there. So each of several shadows meets it, in whichever order
// they come, and one answer is in memory once. Of two answers of one model to one request the first
// counts. An answer that fails is counted as such, and compared with nothing.
//
// A model that has had no shadow for the time to live since it was seen first does not wait any more,
// until a shadow's answer comes: most models have none.
//
// What is looked at again and again is the share of answers that differ: its interval holds at all
// times at once (evaluation.AlwaysValidMean), from the first pair of two versions on. The scores of a
// window hold for one look.
//
// What waits is lost with the process; Snapshot has all the rest. What follows from the calls is the
// same whenever they are made again.
package shadow
