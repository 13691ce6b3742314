// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package state keeps what a component has to know after a restart: values in a store, by key.
//
//	Load ─► index/0 … index/63: the keys ─► each value ─┬─► taken
//	                                                    └─► not readable: corrupt/<key>, and out of the way
//	Change, Remove (records) ─┐
//	Put, Delete (values) ─────┴─► what is to be written ── Write: one batch ─► the store
//
// A storage of the collector cannot list what it holds. So the index does, in parts: one part would
// be written in full with every key that comes or goes. Values under fixed keys are not in it.
//
// A batch is written at once or not at all. What a batch that failed had is in the next one.
package state
