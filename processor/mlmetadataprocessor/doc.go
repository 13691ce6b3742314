// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlmetadataprocessor puts the facts of the catalog's cards on the spans of predictions and stages.
package mlmetadataprocessor
