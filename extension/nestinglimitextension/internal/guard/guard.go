// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard stands before a server and refuses requests whose values nest too deep, before
// anything decodes them.
//
// Of HTTP it reads the body, looks at it and puts it back. Of gRPC it is the codec:
//
//	HTTP body ──► nesting.JSON or nesting.OTLP ──► the handler that was there
//	gRPC ───────► nesting.OTLP ──────────────────► the codec that was there
package guard

import "context"

// Guard refuses requests.
type Guard struct {
	// MaxDepth is how many levels of values in values a request may have.
	MaxDepth int
	// Refuse is told of each request that is refused, and returns the error that is answered. from
	// is the sender's address, empty for gRPC.
	Refuse func(ctx context.Context, protocol, from string) error
}

// The protocols of requests.
const (
	HTTP = "http"
	GRPC = "grpc"
)
