// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"cmp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// marks are what a trace has had, a bit each.
type marks uint8

const (
	// failed: a span with the status error, or an error.type.
	failed marks = 1 << iota
	// broken: a contract that was broken, or a run that did not succeed.
	broken
	// succeeded: a run that says so.
	succeeded
	// rooted: a span without a parent.
	rooted
	// predicted: a prediction, of which model and version are.
	predicted
)

// seen is what neighbouring spans of one trace in a request say.
type seen struct {
	id          pcommon.TraceID
	first, last int64 // Unix nanoseconds
	spans       uint32
	marks       marks
	// names may share memory with the request.
	names [names]string
}

// What is remembered of a trace by name.
const (
	modelName = iota
	versionName
	environmentName
	serviceName
	jobName
	names
)

const (
	cicdPrefix = "cicd."
	mlPrefix   = "ml.contract."
)

// gather appends what the spans of a request say of their traces.
func gather(to []seen, td ptrace.Traces) []seen {
	for _, rs := range td.ResourceSpans().All() {
		var resource prediction.Facts
		var ofResource seen
		for key, v := range rs.Resource().Attributes().All() {
			resource.Add(key, v)
			ofResource.job(key, v)
			if key == mlconv.AttrServiceName {
				ofResource.names[serviceName] = v.Str()
			}
		}
		start := len(to)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				id := span.TraceID()
				if len(to) == start || to[len(to)-1].id != id {
					to = append(to, seen{id: id, names: ofResource.names, marks: ofResource.marks, first: int64(span.StartTimestamp())})
				}
				to[len(to)-1].span(span, &resource)
			}
		}
	}
	return to
}

// span adds what a span says.
func (s *seen) span(span ptrace.Span, resource *prediction.Facts) {
	var facts prediction.Facts
	for key, v := range span.Attributes().All() {
		facts.Add(key, v)
		s.job(key, v)
		if key == mlconv.AttrErrorType {
			s.marks |= failed
		}
	}
	s.spans++
	start, end := int64(span.StartTimestamp()), int64(span.EndTimestamp())
	s.first, s.last = min(s.first, start), max(s.last, start, end)
	if span.ParentSpanID().IsEmpty() {
		s.marks |= rooted
	}
	if span.Status().Code() == ptrace.StatusCodeError {
		s.marks |= failed
	}
	if s.marks&predicted != 0 || !facts.Named(resource) {
		return
	}
	id, kind := facts.Identify(span, resource)
	if kind.IsPrediction(func() bool { return true }) && id.Role == "" {
		s.marks |= predicted
	} else if s.names[modelName] != "" {
		return
	}
	s.names[modelName], s.names[versionName], s.names[environmentName] = id.Name, id.Version, id.Environment
}

// job notes what an attribute says of a run, or of a contract.
func (s *seen) job(key string, v pcommon.Value) {
	switch {
	case strings.HasPrefix(key, cicdPrefix):
		switch key {
		case mlconv.AttrPipelineName:
			s.names[jobName] = cmp.Or(s.names[jobName], prediction.Text(v))
		case mlconv.AttrPipelineResult:
			if v.Str() == "success" {
				s.marks |= succeeded
			} else if v.Str() != "" {
				s.marks |= broken
			}
		case mlconv.AttrTaskRunResult:
			if r := v.Str(); r != "" && r != "success" && r != "skip" {
				s.marks |= failed
			}
		}
	case strings.HasPrefix(key, mlPrefix) && key == mlconv.AttrContractViolations:
		if v.Type() != pcommon.ValueTypeInt || v.Int() > 0 {
			s.marks |= broken
		}
	}
}
