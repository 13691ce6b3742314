// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package nestinglimitextension refuses requests whose values nest too deep before anything decodes
// them.
//
// It is a middleware of receivers. For HTTP it stands behind decompression, for gRPC before the
// codec. How deep a body nests is told by internal/nesting.
//
//	HTTP ──► decompress ──► internal/guard ──► receiver
//	gRPC ──► decompress ──► internal/guard ──► the codec that was there ──► receiver
package nestinglimitextension
