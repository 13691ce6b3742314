// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package inferencelogreceiver turns the payload logs of model servers into prediction spans, so
// that a model without tracing is watched like any other.
//
// KServe's and Seldon's loggers send a CloudEvent for each request and one for each response. An
// event is read, waits for the other side of its call and becomes a span. SageMaker writes both
// sides into one line of a file, which is followed like a log.
//
//	POST ──► internal/event ───► internal/call ──► internal/pairs ──┬─► internal/spans ──► next
//	                                  ▲                  timeout ───┘         ▲
//	                             internal/payload                             │
//	                                  ▼                                       │
//	file ──► internal/ingest ──► internal/call ───────────────────────────────┘
package inferencelogreceiver
