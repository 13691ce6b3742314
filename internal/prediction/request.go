// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"hash/maphash"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/recent"
)

// batch is what has to wait until all spans of a request are read: frameworks put a span of their
// own around a provider's, and agents repeat the tokens of the calls below them, so that only the
// innermost of such spans counts.
type batch struct {
	pending   []pending
	resources []resource
	// resourceKept is true where the last of resources is the one at hand.
	resourceKept bool
	traces       map[uint64]struct{}
	nodes        []node
	index        map[uint64]int32
}

// pending is a span that waits.
type pending struct {
	span     ptrace.Span
	resource int
	kind     Kind
	model    uint64 // a hash of its name
	// The fingerprints of the span, its parent and its trace; 0 where there is none.
	self, parent, trace uint64
	// covered is true where another span is counted instead.
	covered bool
}

// node is a span of the request.
type node struct {
	parent  uint64
	model   uint64
	kind    Kind
	wrapper bool
	// pending is its place among those, or -1.
	pending int32
}

func newBatch() *batch {
	return &batch{traces: make(map[uint64]struct{}), index: make(map[uint64]int32)}
}

func (b *batch) release() {
	clear(b.pending)
	clear(b.resources)
	b.pending, b.resources, b.nodes, b.resourceKept = b.pending[:0], b.resources[:0], b.nodes[:0], false
	if cap(b.pending) > MaxScratch || cap(b.nodes) > 16*MaxScratch {
		*b = *newBatch()
		return
	}
	clear(b.traces)
	clear(b.index)
}

// wait has a span wait.
func (b *batch) wait(s ptrace.Span, kind Kind, model uint64, resource resource) {
	if !b.resourceKept {
		b.resources = append(b.resources, resource)
		b.resourceKept = true
	}
	trace := s.TraceID()
	b.pending = append(b.pending, pending{
		span: s, resource: len(b.resources) - 1, kind: kind, model: model,
		self:   recent.Span(trace, s.SpanID(), 0),
		parent: recent.Span(trace, s.ParentSpanID(), 0),
		trace:  traceFingerprint(trace),
	})
}

func traceFingerprint(trace pcommon.TraceID) uint64 {
	if trace.IsEmpty() {
		return 0
	}
	return recent.Trace(trace)
}

// related is true where a span that waits may be around another span of the request.
func (b *batch) related(spans int) bool {
	if spans == 1 {
		return false
	}
	for i := range b.pending {
		p := &b.pending[i]
		if p.kind == Bare {
			return true // around predictions, which do not wait
		}
		if _, ok := b.traces[p.trace]; ok {
			return true
		}
		b.traces[p.trace] = struct{}{}
	}
	return false
}

// settle counts the spans that wait, but those that are around another one that counts.
func (r *Reader) settle(td ptrace.Traces, b *batch) {
	if b.related(td.SpanCount()) {
		r.lay(td, b)
		b.cover()
	}
	for i := range b.pending {
		p := &b.pending[i]
		// The calls below a span end before it and are mostly sent before it.
		switch {
		case p.covered:
		case p.kind == Agent:
			p.covered = r.options.Calls.Has(p.trace)
		default:
			p.covered = r.options.Calls.Has(recent.Mix(p.self ^ p.model))
		}
	}
	for i := range b.pending {
		p := &b.pending[i]
		if p.covered {
			r.Stats.Nested++
			continue
		}
		r.ensureRoom()
		r.resource = b.resources[p.resource]
		r.look(p.span)
		r.count(p.span, p.kind)
		if p.kind != Bare {
			r.options.Calls.Add(p.trace)
			if p.parent != 0 {
				r.options.Calls.Add(recent.Mix(p.parent ^ p.model))
			}
		}
	}
}

// lay makes nodes of all spans.
func (r *Reader) lay(td ptrace.Traces, b *batch) {
	next := 0
	for _, rs := range td.ResourceSpans().All() {
		r.readResource(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				trace := s.TraceID()
				self := recent.Span(trace, s.SpanID(), 0)
				n := node{parent: recent.Span(trace, s.ParentSpanID(), 0), pending: -1}
				if next < len(b.pending) && b.pending[next].span == s {
					p := &b.pending[next]
					n.pending, n.kind, n.model = int32(next), p.kind, p.model
					n.wrapper = p.kind == Agent
					next++
				} else {
					kind := r.look(s)
					n.wrapper = separates(r.span.Text(Operation))
					if kind == Answered && r.span.Identity.Name != "" {
						n.kind, n.model = kind, maphash.String(r.seed, r.span.Identity.Name)
					}
				}
				b.index[self] = int32(len(b.nodes))
				b.nodes = append(b.nodes, n)
			}
		}
	}
}

// maxDepth is how far up the ancestors of a span are looked for.
const maxDepth = 64

// cover marks the spans around one that counts.
func (b *batch) cover() {
	for i := range b.nodes {
		n := &b.nodes[i]
		if n.kind == None {
			continue
		}
		sameRequest := true
		at := n.parent
		for range maxDepth {
			j, ok := b.index[at]
			if at == 0 || !ok || int(j) == i {
				break
			}
			o := &b.nodes[j]
			at = o.parent
			around := sameRequest && o.model == n.model
			switch {
			case n.kind == Bare:
				if around && (o.kind == Call || o.kind == Answered) {
					b.pending[n.pending].covered = true // the call says itself how it ended
				}
				if around && o.kind == Bare {
					b.pending[o.pending].covered = true
				}
			case o.pending < 0:
			case o.kind == Agent && n.kind != Answered, around && o.kind == Bare, around && o.kind == Call && n.kind == Call:
				b.pending[o.pending].covered = true
			}
			sameRequest = sameRequest && !o.wrapper
		}
	}
}
