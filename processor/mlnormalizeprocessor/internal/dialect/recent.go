// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/recent"
)

// rememberedCalls is the number of traces and parents of calls that are remembered: 4 MiB.
const rememberedCalls = 1 << 18

// recentCalls remembers in which traces calls were seen, and below which spans.
type recentCalls struct{ seen *recent.Set }

func newRecentCalls() recentCalls { return recentCalls{recent.NewSet(rememberedCalls)} }

func (r recentCalls) add(calls []call) {
	var last pcommon.TraceID
	for i := range calls {
		c := &calls[i]
		if c.trace != last {
			r.seen.Add(recent.Trace(c.trace))
			last = c.trace
		}
		r.seen.Add(recent.Span(c.trace, c.parent, 0))
	}
}

// in reports whether a call of the trace was seen.
func (r recentCalls) in(trace pcommon.TraceID) bool { return r.seen.Has(recent.Trace(trace)) }

// below reports whether a call was seen whose parent is the span.
func (r recentCalls) below(key spanKey) bool {
	return !key.trace.IsEmpty() && r.seen.Has(recent.Span(key.trace, key.span, 0))
}
