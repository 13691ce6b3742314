// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mljobconnector follows the runs of multi-stage jobs by their spans, and turns what goes wrong in them into alerts that
// name the stage and the cause.
//
//	traces ─► edge ─► reader ─► []run.Span ─► track ─┬─► alerts  ─► logs
//	                 (reader.go)      (internal/track)     └─► counts ─► metrics
//
// The collector makes one instance of a connector for each pair of signals. They are edges of one state (state.go, kept by
// internal/sharedcomponent), of which the first takes the spans in. A request is read span by span (reader.go); spans that are of no job cost
// a walk over their attributes and nothing else. One goroutine (loop.go) wakes up when the tracker has something to decide or to repeat, and
// sends what is due.
package mljobconnector
