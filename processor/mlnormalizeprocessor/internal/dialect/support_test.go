// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// given is a span to rewrite.
type given struct {
	scope, name   string
	resource      map[string]any
	attributes    map[string]any
	kind          ptrace.SpanKind
	status        ptrace.StatusCode
	message       string
	child         bool
	events        []event
	droppedAttrs  uint32
	droppedEvents uint32
	trace         pcommon.TraceID // by default one of all
}

type event struct {
	name       string
	after      int // ms from the start of the span
	attributes map[string]any
}

func (g given) traces(t testing.TB) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(g.resource))
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(g.scope)
	s := ss.Spans().AppendEmpty()
	s.SetName(g.name)
	s.SetKind(g.kind)
	s.SetTraceID(g.trace)
	if g.trace.IsEmpty() {
		s.SetTraceID(pcommon.TraceID{1})
	}
	s.SetSpanID(pcommon.SpanID{2})
	if g.child {
		s.SetParentSpanID(pcommon.SpanID{3})
	}
	s.SetStartTimestamp(1_000_000_000)
	s.SetEndTimestamp(2_000_000_000)
	s.Status().SetCode(g.status)
	s.Status().SetMessage(g.message)
	s.SetDroppedAttributesCount(g.droppedAttrs)
	s.SetDroppedEventsCount(g.droppedEvents)
	require.NoError(t, s.Attributes().FromRaw(g.attributes))
	for _, e := range g.events {
		ev := s.Events().AppendEmpty()
		ev.SetName(e.name)
		ev.SetTimestamp(pcommon.Timestamp(1_000_000_000 + e.after*1_000_000))
		require.NoError(t, ev.Attributes().FromRaw(e.attributes))
	}
	return td
}

func firstSpan(td ptrace.Traces) ptrace.Span {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

func engine(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := New(o)
	require.NoError(t, err)
	return e
}

// read rewrites a span and returns what was added, and a copy of the counts.
func read(t testing.TB, e *Engine, g given, prices Pricer) (added map[string]any, stats Stats) {
	t.Helper()
	td := g.traces(t)
	e.Traces(td, prices, func(s *Stats) {
		stats = Stats{Spans: append([]int64{}, s.Spans...), Unreadable: append([]int64{}, s.Unreadable...), Foreign: s.Foreign, Dropped: s.Dropped}
	})
	added = firstSpan(td).Attributes().AsRaw()
	for k := range g.attributes {
		delete(added, k)
	}
	return added, stats
}

// spoken returns the names of the dialects that were counted.
func spoken(e *Engine, s Stats) (names []string) {
	for i, n := range s.Spans {
		if n > 0 {
			names = append(names, e.tables[i].Name)
		}
	}
	return names
}

func sum(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}
