// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package waiting keeps the answers of models until their labels come, and labels until their answers
// do, over days and across restarts.
//
//	answers ─┐   ┌─ Apply ──────────────────────────────────────────────┐
//	         ├──►│ open block ─ full or saved ─► blocks ─ time over ─► gone
//	labels ──┘   │     └──────── index: key ─► newest ─► older ─► … ──────┤──► Sink: Answered, Labelled,
//	             └──────────────────────────────────────────────────────┘          Unlabelled
//
// It is a log. Items are encoded into blocks in the order in which they come, and a block leaves as a
// whole, so that an answer takes about a hundred bytes. The index has the newest item of each key, and
// each item the next older one, whether that is an answer or a label. Which label counts for an answer
// is not stored: it is the one known last among those in its chains, of each set of labels. So
// whatever the order in which answers, labels, corrections and retractions come, the same has been
// counted in the end.
//
// A label finds an answer by one key: the prediction's id, a key of the business, or the span. Several
// answers may have one key (a shadow's, next week's): the label is that of all of them, unless it
// names the model.
//
// What comes in is written as a record before it is acknowledged (EncodeRecord). A save writes blocks,
// and with them, in one batch, the engines' snapshots; so a restart reads blocks without counting
// them (LoadBlock), and counts the records that came after (DecodeRecord, Apply). Nothing that was
// acknowledged is lost by a kill, and nothing is counted twice.
//
// A Log is not safe for concurrent use.
package waiting
