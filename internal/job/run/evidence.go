// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// Evidence is the span that shows best why something failed.
type Evidence struct {
	TraceID TraceID
	SpanID  SpanID
	// Name and Service are of an inner span; empty where the span is a stage's or the run's own.
	Name, Service string
	// ExceptionType and Message are that span's; where it has none, those of the try.
	ExceptionType, Message string
}

type failure struct{}

type links struct{}
