// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package label is what is meant by a label: the truth about a prediction, which somebody learns
// later. It has the one parser of labels and the one encoder and decoder of labels as log records.
//
//	JSON object ──► Parser.Object ──┐                    ┌──► Label.Encode ──► log record
//	row of a table ─► Columns.Row ──┼──► fields ──► Label ─┤
//	log record ──► Parser.Record ───┘                    └──► joined with its prediction
//
// All three know a field by the same names: those of the vocabulary (ml.prediction.id), short ones
// (prediction_id) and those of other tools. Case, and whether parts are joined by dots, dashes,
// blanks or underscores, does not matter. An object in an object is read by its path:
// groundTruthData.data. What has a name that nobody knows is left out, and the Parser says so.
//
// A later label_time corrects an earlier label of the same prediction, and a label that is retracted
// takes it back; the one who joins them does so.
package label
