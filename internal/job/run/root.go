// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"bytes"
	"cmp"
	"time"
)

// Root is the span of the run itself. Of several, one with a result attribute counts rather than one without, then the one
// that ended last: a process that was started again under the same run id has the last word.
type Root struct {
	TraceID    TraceID
	SpanID     SpanID
	Start, End time.Time
	// Arrived is when it came, on the collector's clock.
	Arrived time.Time
	Outcome Outcome
	// Explicit says that a result attribute gave the outcome, OK that the status was set to OK.
	Explicit, OK           bool
	ExceptionType, Message string
}

// addRoot reports whether the span is news.
func (r *Run) addRoot(s *Span, now time.Time) bool {
	root := &Root{
		TraceID: s.TraceID, SpanID: s.SpanID, Start: timeOf(nanos(s.Start)), End: timeOf(max(nanos(s.End), nanos(s.Start))), Arrived: timeOf(nanos(now)),
		Outcome: s.Outcome, Explicit: s.Explicit, OK: s.OK, ExceptionType: s.ExceptionType, Message: s.Message,
	}
	return r.offerRoot(root)
}

// offerRoot takes a root if it counts rather than the present one.
func (r *Run) offerRoot(root *Root) bool {
	if r.Root != nil && r.Root.compare(root) >= 0 {
		return false
	}
	r.Root = root
	return true
}

// compare is positive if r counts rather than other.
func (r *Root) compare(other *Root) int {
	return cmp.Or(
		compareBool(r.Explicit, other.Explicit),
		r.End.Compare(other.End),
		bytes.Compare(r.TraceID[:], other.TraceID[:]),
		bytes.Compare(r.SpanID[:], other.SpanID[:]),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
