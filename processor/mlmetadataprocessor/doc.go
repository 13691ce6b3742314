// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlmetadataprocessor puts the facts of the catalog's cards on the spans of predictions and
// stages.
//
// When the catalog changes, the facts of every card become flat lists of keys and values (package
// facts). The attributes of a span are walked once to learn its model, version, environment and job
// (decode.go). The list that belongs to them is then appended. No state is kept across spans but
// the last look-up of a request.
package mlmetadataprocessor
