// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package yamldoc reads YAML strictly and says what is wrong with its file, line, column and key,
// all of it at once.
//
// Parse makes a Document of each YAML document of a file: its value as JSON would have it, and the
// nodes that say where each part of it stands. What cannot be a JSON value is a violation, and so
// is a key that is there twice. The caller checks the rest, and reports to the same Report with
// Fail or FailAt:
//
//	file ──► Parse ──► Documents ──► the caller's checks ──► cards, tables
//	           └───────────────┬───────────────┘
//	                         Report ──► Err: every violation, by file and line
package yamldoc
