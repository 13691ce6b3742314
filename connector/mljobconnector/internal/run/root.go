// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"bytes"
	"cmp"
	"time"
)

// Root is the span of the run itself. Of several, one with a result attribute counts rather than
// one without, then the one that ended last: a process that was started again under the same run id
// has the last word.
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

// addRoot reports whether the span is report.
func (r *Run) addRoot(s *Span, trace uint16, now time.Time) bool {
	return r.keepRoot(&Root{
		TraceID: s.TraceID, SpanID: s.SpanID, Start: timeOf(nanos(s.Start)), End: timeOf(max(nanos(s.End), nanos(s.Start))), Arrived: timeOf(nanos(now)),
		Outcome: s.Outcome, Explicit: s.Explicit, OK: s.OK, ExceptionType: s.ExceptionType, Message: s.Message,
	}, trace)
}

// keepRoot takes a root in, and reports whether it is report. The ones that do not count are
// remembered by their ids.
func (r *Run) keepRoot(root *Root, trace uint16) bool {
	c := 1
	if r.Root != nil {
		c = root.compare(r.Root)
	}
	switch {
	case c == 0:
		if root.Arrived.Before(r.Root.Arrived) {
			r.Root.Arrived = root.Arrived
		}
		return false
	case c < 0:
		lost := link{span: root.SpanID, trace: trace, root: true}
		if r.extra().links.has(&lost) {
			return false
		}
		r.more.links.add(lost, r.limits.Links)
		return true
	case r.Root != nil:
		r.extra().links.add(link{span: r.Root.SpanID, trace: r.trace(r.Root.TraceID), root: true}, r.limits.Links)
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
