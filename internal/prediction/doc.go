// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package prediction says whether a span is a prediction, of which model, version, role and
// environment, and what its attributes mean. ml_metadata, ml_summary, ml_job, ml_normalize and
// mlprofile ask it, so that all have the same answer.
//
// AttributeOf is the table of keys, OperationOf that of operations, Signs.Kind the decision. A
// component that walks a span's attributes for more than predictions gives each to Facts.Add; its
// Identify then sets the span's own words before those of the resource.
package prediction
