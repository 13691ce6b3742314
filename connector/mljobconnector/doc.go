// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mljobconnector follows the runs of multi-stage jobs by their spans, and turns what goes
// wrong in them into alerts that name the stage and the cause.
//
//	traces ─► decode.go ─► []run.Span ─► internal/track ─┬─► alerts ─► logs
//	                                                     └─► counts ─► encode.go ─► metrics
//
// The collector makes one instance of a connector for each pair of signals. They are edges of one
// connector (connector.go, kept by internal/sharedcomponent), of which the first takes the spans
// in. A request is read span by span (decode.go); spans that are of no job cost a walk over their
// attributes and nothing else. One goroutine wakes up when the tracker has something to decide or
// to repeat, and sends what is due; another one emits the metrics.
package mljobconnector
