// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package mlconv is the vocabulary: every attribute and metric name that otelcol-ml reads or
// writes.
//
// An existing OpenTelemetry name is used where there is one; the rest live under "ml.". The doc
// comment of a constant gives its type, its unit where it has one, its meaning and an example, in
// the form that docs/attributes.md is generated from:
//
//	// AttrModelName (string) is the model that answered. Example: "fraud".
//	// MetricPredictionCount (sum, {prediction}) counts predictions.
//
// A name that ends in a dot is a prefix; what follows is the user's own name.
package mlconv

//go:generate go run ./internal/gendocs
