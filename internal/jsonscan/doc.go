// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package jsonscan reads JSON in a string from left to right, without garbage.
//
// A Scanner stands before a value. The caller looks what is next (Peek), and reads it (Scalar,
// Text, Object, Array) or passes over it (Skip). End says that nothing is left. A Scanner can be
// copied, to return to where it was.
//
// A string that is read is a part of the JSON and keeps all of it in memory, but one with escapes
// is a copy of its own.
//
// What is JSON is the same for every reader, and for what is skipped:
//   - The grammar is RFC 8259's, as encoding/json reads it: no leading zeros, no raw control
//     characters in a string, no unknown escapes. What no other reader takes for JSON is none here.
//   - NaN, Infinity and -Infinity are allowed, because Python's json writes them. They are the one
//     thing beyond the RFC. They are missing values, as null is, and so is a number that no float64
//     is near.
//   - An integer that fits an int64 is one. Any other number is the nearest float64.
//   - Arrays and objects nest at most MaxDepth deep.
//   - The members of an object come in their order, each time that a key is there. Of features and
//     paths, the first is read.
//   - An escaped surrogate without its other half is U+FFFD. Bytes that are not UTF-8 are passed on
//     as they are.
package jsonscan
