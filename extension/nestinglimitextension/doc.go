// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package nestinglimitextension refuses requests whose values nest too deep before anything decodes them.
//
// It is a middleware of receivers. For HTTP it reads the body after decompression and puts it back; for gRPC it stands before the codec:
//
//	HTTP ──► decompress ──► read body ──► nesting.JSON or OTLP ──► receiver
//	gRPC ──► decompress ──► codec: nesting.OTLP ──► the codec that was there ──► receiver
package nestinglimitextension
