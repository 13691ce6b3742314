// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Some spans say what a call cost but not that they are one: their operation is missing, or nobody
// knows it, or they are agents of which no call is traced. Others of the same looks stand around
// calls and repeat their tokens. Which of the two they are, the rest of the trace says:
//
//	first pass    spans in doubt are put aside; all others are read, and calls are noted with their parents
//	decide        no operation, or an unknown one: a call unless a call, or another in doubt, is below it
//	              agents and workflows: calls unless their trace has a call
//	second pass   the spans in doubt are read
//
// Spans end, and mostly come, after those below them, so that the calls of the requests before are
// remembered (recentCalls). What comes later, or through another collector, is not known: then the
// tokens of an agent, and of its calls, count both. NoOperation, UnknownOperation and WrapperIsCall
// say how often a span was taken for a call, Repeats how often it was not.

// verdict is what is known of a span that was in doubt.
type verdict uint8

const (
	undecided verdict = iota
	isCall
	isNone
)

// place is where a span's resource and scope are in a request.
type place struct{ resource, scope int }

// call is a span that was counted.
type call struct {
	trace  pcommon.TraceID
	parent pcommon.SpanID
}

// doubtful is a span in doubt.
type doubtful struct {
	span  ptrace.Span
	place place
	doubt doubt
	call  bool
}

// spanKey identifies a span.
type spanKey struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

// maxDepthAbove is the number of spans above one another that are looked at.
const maxDepthAbove = 64

// doubt looks at a span that is no call by its operation. It returns false where the rest of the
// request must say whether it is one.
func (s *state) doubt(chosen []*compiled) bool {
	switch s.verdict {
	case isCall:
		s.inference = true
		s.assume()
		return true
	case isNone:
		return true
	}
	d := doubtOf(s.operation)
	if d == certain || d == wrapping && s.engine.options.KeepAgents {
		return true
	}
	if s.costs(chosen) {
		s.doubtful = append(s.doubtful, doubtful{span: s.span, place: s.place, doubt: d})
		return false
	}
	if d == unknown && (s.has(s.engine.requestModel) || s.has(s.engine.responseModel)) {
		s.stats.Uncounted[OperationUnknown]++
		s.unknownOperation(chosen[0], false)
	}
	return true
}

// costs reports whether the span, read as a call, has a model and tokens. It leaves no trace.
func (s *state) costs(chosen []*compiled) bool {
	e := s.engine
	if !s.has(e.inputTokens) && !s.has(e.outputTokens) && !slices.ContainsFunc(chosen, func(t *compiled) bool { return slices.ContainsFunc(t.usage, s.has) }) {
		return false
	}
	before := len(s.out)
	s.trial, s.inference = true, true
	for _, t := range chosen {
		s.run(t, false)
	}
	in, _ := s.tokens(e.inputTokens)
	out, _ := s.tokens(e.outputTokens)
	name := s.at(e.modelName)
	s.trial, s.inference = false, false
	s.out = s.out[:before]
	return in+out > 0 && name.kind == text
}

// assume makes a call of the span at hand: by the operation of the conventions where it has none,
// else by this project's.
func (s *state) assume() {
	e, operation := s.engine, "chat"
	if strings.Contains(strings.ToLower(s.operation[:min(len(s.operation), maxText)]), "embed") {
		operation = "embeddings"
	}
	if s.operation == "" {
		s.set(e.operation, mlconv.AttrGenAIOperation, textValue(operation))
		return
	}
	s.set(e.mlOperation, mlconv.AttrOperation, textValue(operation))
}

// called notes a call of a generative model.
func (s *state) called(chosen []*compiled) {
	if s.inference && len(chosen) > 0 && chosen[0].concepts[0] && !s.span.TraceID().IsEmpty() {
		s.calls = append(s.calls, call{s.span.TraceID(), s.span.ParentSpanID()})
	}
}

// decide settles what the spans in doubt are, and reads them.
func (s *state) decide(td ptrace.Traces, prices Pricer) {
	s.walk(td)
	for _, c := range s.calls {
		s.cover(c.trace, c.parent, certain)
	}
	for i := range s.doubtful {
		d := &s.doubtful[i]
		if d.doubt != wrapping {
			s.cover(d.span.TraceID(), d.span.ParentSpanID(), unknown)
		}
	}
	for i := range s.doubtful {
		d := &s.doubtful[i]
		if d.doubt == wrapping {
			s.cover(d.span.TraceID(), d.span.ParentSpanID(), wrapping)
			continue
		}
		key := spanKey{d.span.TraceID(), d.span.SpanID()}
		_, below := s.covered[key]
		d.call = !below && !s.engine.recent.below(key)
		if d.call && !key.trace.IsEmpty() {
			s.covered[spanKey{trace: key.trace}] = certain // the trace has a call
		}
	}
	for i := range s.doubtful {
		d := &s.doubtful[i]
		if d.doubt != wrapping || d.span.TraceID().IsEmpty() {
			continue
		}
		key := spanKey{d.span.TraceID(), d.span.SpanID()}
		_, below := s.covered[key]
		_, called := s.covered[spanKey{trace: key.trace}]
		d.call = !below && !called && !s.engine.recent.in(key.trace)
	}
	for i := range s.doubtful {
		s.readAgain(td, &s.doubtful[i], prices)
	}
	s.verdict = undecided
}

// walk notes the parents of the request's spans.
func (s *state) walk(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if parent := span.ParentSpanID(); !parent.IsEmpty() {
					s.above[spanKey{span.TraceID(), span.SpanID()}] = parent
				}
			}
		}
	}
}

// cover notes all spans above a parent, it included, as having a call below, or one in doubt. The
// key of a trace without a span says that the trace has a call.
func (s *state) cover(trace pcommon.TraceID, parent pcommon.SpanID, by doubt) {
	if trace.IsEmpty() {
		return
	}
	if by == certain {
		s.covered[spanKey{trace: trace}] = certain
	}
	for range maxDepthAbove {
		key := spanKey{trace, parent}
		if parent.IsEmpty() {
			return
		}
		if _, ok := s.covered[key]; ok {
			return
		}
		s.covered[key] = by
		parent = s.above[key]
	}
}

// readAgain reads a span that was in doubt.
func (s *state) readAgain(td ptrace.Traces, d *doubtful, prices Pricer) {
	rs := td.ResourceSpans().At(d.place.resource)
	if s.place != d.place {
		s.resource.read(rs.Resource().Attributes())
		s.scope = rs.ScopeSpans().At(d.place.scope).Scope()
		s.place = d.place
		s.settle()
	}
	s.verdict = isNone
	if d.call {
		s.verdict = isCall
	}
	s.apply(d.span, prices)
	switch {
	case !d.call:
		s.stats.Uncounted[Repeats]++
	case d.doubt == unnamed:
		s.stats.Assumed[NoOperation]++
	case d.doubt == unknown:
		s.stats.Assumed[UnknownOperation]++
		s.unknownOperation(s.table, true)
	case d.doubt == wrapping:
		s.stats.Assumed[WrapperIsCall]++
	}
}

// finish says what only the whole request can, and remembers its calls.
func (s *state) finish() {
	s.nameVersions()
	s.engine.recent.add(s.calls)
}

// forgetRequest keeps nothing of the request alive.
func (s *state) forgetRequest() {
	clear(s.stats.Notes[:cap(s.stats.Notes)])
	clear(s.doubtful[:cap(s.doubtful)])
	clear(s.unversioned[:cap(s.unversioned)])
	s.lastModel, s.lastVersion = modelKey{}, ""
	s.calls, s.doubtful, s.unversioned = s.calls[:0], s.doubtful[:0], s.unversioned[:0]
	if cap(s.calls) > keptEntries {
		s.calls = nil
	}
	if cap(s.doubtful) > keptEntries {
		s.doubtful = nil
	}
	if cap(s.unversioned) > keptEntries {
		s.unversioned = nil
	}
	if len(s.above) > keptEntries {
		s.above = map[spanKey]pcommon.SpanID{}
	}
	if len(s.covered) > keptEntries {
		s.covered = map[spanKey]doubt{}
	}
	clear(s.above)
	clear(s.covered)
}
