// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package buffer keeps the latest spans on disk, and those of some traces for longer: an alert names
// a trace long after its spans went through.
//
//	Add ─► marshal ─► index (in memory, by trace) ─► queue ─► writer ─► segment-N.spans, the oldest are deleted
//	                                                            │
//	Pin ─► the spans of the traces, from the segments ──────────┴─► case-HASH.spans, until Release
//
// A request becomes one record: its protobuf as it is, with its length and a checksum before it. What
// is kept of a trace in memory are 72 bytes: the first and the last segment that have spans of it, when
// it was, whose it is and how it went. Reading a trace goes through these segments and cuts its spans
// out of the records, without decoding the others.
//
// A file that was not closed ends where its last whole record does; a record whose checksum is wrong is
// skipped and counted.
package buffer
