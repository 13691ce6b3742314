// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package dialect rewrites spans as real systems emit them to the vocabulary of package mlconv.
//
// A dialect is data: a Table, one YAML file in the folder dialects/ or a block in the user's
// config, says how its spans are detected, which concepts it speaks of (llm, serving, job) and
// which attribute becomes which. New compiles tables into an Engine:
//
//	resource, scope ──► what they settle, once per scope
//	span            ──► one pass over the keys: slots ──► detected tables
//	                    ──► the first of each concept ──► rules ──► attributes
//
// The keys that any table reads are numbered (slots). The pass over a span's attributes looks at
// the first byte and the length of a key, which is enough to turn nearly all foreign keys away, and
// notes the values of the others by slot. A span on which nothing is detected is left after that
// pass. A resource is read the same way, once for all of its spans. Each concept is resolved on its
// own, so that a span may be a model call and a stage of a job. Attributes that are there are never
// overwritten, but for finish reasons, which become a list, and a span's status is never touched.
// Spans of which only the rest of their trace can say whether they are calls are read last
// (doubt.go). The format of tables is described in docs/dialects.md.
//
// Last, and of log records alone, content is removed (drop.go): by the lists of the tables and of
// content.yaml, by words, and, where asked for, whatever is not known to be none (known.go).
//
// Tables are tested by testdata/DIALECT.yaml: spans with what is read of them, of which every line
// of the table must be needed by one.
package dialect
