// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire writes and reads what is kept in a store: varints, floats, times, strings, counts.
//
// A record is a header, the payload, and, where nothing else guards the bytes, a seal:
//
//	magic (may be empty) │ format, 1 byte │ payload │ CRC-32C of all before, 4 bytes
//	└──────────── Format.NewEncoder ──────┘         └────────── Encoder.Seal ──────┘
//
// An Encoder appends. A Decoder never panics, whatever the bytes, and allocates no more than a
// bounded multiple of their number; its first error sticks, and from then on everything reads as
// zero, so that only the end is checked. The model of both is Prometheus' tsdb/encoding.
//
// The rule for formats: every kind of record has a number for its format, which goes up by one when
// the payload changes. A Decoder reads the current format and the one before; it tells them apart
// by Version. So a store is read by the version that comes after the one that wrote it. A record of
// each format that was ever released lies in the testdata of the package that writes it, and a test
// reads those that are to be read.
package wire
