// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package inferencelogreceiver turns the payload logs of model servers into prediction spans, so that a model without
// tracing is watched like any other.
//
// KServe's and Seldon's loggers send a CloudEvent for each request and one for each response; an event is read
// (event.go, internal/payload), waits for the other side of its call (internal/join) and becomes a span (spans.go, internal/prediction).
// SageMaker writes both into one line of a file, which is followed like a log (sagemaker.go).
//
//	POST ──► events ──► payloads ──► pairing ──┬─► span ──► next consumer
//	                                 timeout ──┘     ▲
//	files ──► lines ──► payloads ────────────────────┘
package inferencelogreceiver
