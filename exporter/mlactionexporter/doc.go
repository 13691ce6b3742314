// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlactionexporter acts on alerts as a careful engineer on call would, once: it puts a model
// back to its previous version, starts a job that trains it anew, opens an incident with the traces
// attached, and closes it when the alert is over.
package mlactionexporter
