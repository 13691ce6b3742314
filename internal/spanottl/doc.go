// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package spanottl evaluates OTTL, the language of the filter and transform processors, on spans:
// conditions say which spans are looked at, values what is worked out of one.
//
// Paths are those of OTTL's span context, with the name of the context or without: attributes["x"]
// is span.attributes["x"]; resource.attributes["x"], scope.name and instrumentation_scope.name are
// of what the span is in. All converters of the transform processor are there, and IsRootSpan;
// editors are not, so that nothing is changed.
//
// Everything is compiled once. What cannot be evaluated on a span is an error of that span alone,
// never one of the pipeline.
package spanottl
