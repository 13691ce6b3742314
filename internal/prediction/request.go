// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/recent"
)

// batch is what has to wait until all spans of a request are read: frameworks put a span of their
// own around a provider's, or beside it, and agents repeat the tokens of the calls below them, so
// that one of such spans counts alone.
//
//	first pass   calls wait, all else is counted
//	cover        of calls within calls of the same model, the innermost that has tokens counts
//	pair         of calls beside each other by two libraries, in the same trace, of the same model,
//	             at the same time and with the same tokens, one counts
//	settle       what is left is counted
type batch struct {
	pending []pending
	// unwanted are predictions that Options.Wants does not want and that do not wait, in their order.
	unwanted  []ptrace.Span
	resources []resource
	// resourceKept is true where the last of resources is the one at hand.
	resourceKept bool
	traces       map[uint64]struct{}
	nodes        []node
	index        map[uint64]int32
	order        []int32
}

// pending is a span that waits.
type pending struct {
	span     ptrace.Span
	scope    ptrace.ScopeSpans
	resource int
	kind     Kind
	model    names
	// The fingerprints of the span, its parent and its trace; 0 where there is none.
	self, parent, trace uint64
	// merged is why another span is counted instead.
	merged merging

	// The rest is about calls.
	library    library
	used       tokenCounts
	cost       bool
	failed     bool
	start, end pcommon.Timestamp
	// within is what is known of the calls below that are the same one.
	within within
	// twin is the place of another span of the same call by another library, plus one; 0 for none.
	twin int32
}

// merging is why a span is not counted.
type merging uint8

const (
	notMerged merging = iota
	nested
	sibling
)

// names are the fingerprints of the model that was asked for, and of the one that answered: 0 where
// that is not known.
type names struct{ asked, answered uint64 }

// same is true for two spellings of one model: a library may name the model that was asked for
// where another knows that which answered, alone.
func (n names) same(o names) bool {
	return n.asked == o.asked || n.asked == o.answered || n.answered == o.asked
}

// within says what the calls below a call have that are the same one.
type within struct {
	// used is the number of those with tokens, unlike that of those with other ones.
	used, unlike int32
	cost         bool
}

// counts is true for a call that counts in place of those below: it knows tokens that none of them
// does, or the cost of the one that knows the same.
func (p *pending) counts() bool {
	if p.used == (tokenCounts{}) {
		return false
	}
	return p.within.used == 0 || p.within.used == 1 && p.within.unlike == 0 && p.cost && !p.within.cost
}

// equal is true for the same numbers of tokens. Some libraries count cached ones among the input,
// some beside it.
func (t tokenCounts) equal(o tokenCounts) bool {
	return t.Output == o.Output && (t.Input == o.Input || t.Input+t.Cache == o.Input || t.Input == o.Input+o.Cache)
}

// known is true where there are any.
func (t tokenCounts) known() bool { return t.Input+t.Output > 0 }

// node is a span of the request.
type node struct {
	parent  uint64
	model   names
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
	clear(b.unwanted)
	clear(b.resources)
	b.pending, b.unwanted, b.resources = b.pending[:0], b.unwanted[:0], b.resources[:0]
	b.nodes, b.order, b.resourceKept = b.nodes[:0], b.order[:0], false
	if cap(b.pending) > MaxScratch || cap(b.unwanted) > MaxScratch || cap(b.nodes) > 16*MaxScratch {
		*b = *newBatch()
		return
	}
	clear(b.traces)
	clear(b.index)
}

// wait has a span wait.
func (b *batch) wait(s ptrace.Span, kind Kind, resource resource, scope ptrace.ScopeSpans) {
	if !b.resourceKept {
		b.resources = append(b.resources, resource)
		b.resourceKept = true
	}
	trace := s.TraceID()
	b.pending = append(b.pending, pending{
		span: s, scope: scope, resource: len(b.resources) - 1, kind: kind,
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

// related is true where a span that waits may be around another span of the request, or beside it.
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

// answeredMark tells the name of the model that answered from that which was asked for.
const answeredMark = 0x5bf0_3635_d6a9_7cb1

// settle counts the spans that wait, but those that are around another one that counts, or beside
// it.
func (r *Reader) settle(td ptrace.Traces, b *batch) {
	if b.related(td.SpanCount()) {
		r.lay(td, b)
		b.cover()
		b.pair()
	}
	for i := range b.pending {
		p := &b.pending[i]
		// The calls below a span end before it and are mostly sent before it.
		switch {
		case p.merged != notMerged:
		case p.kind == Agent:
			p.covered(r.options.Calls.Has(p.trace))
		default:
			p.covered(r.sameBelow(p))
		}
	}
	for i := range b.pending {
		p := &b.pending[i]
		switch p.merged {
		case nested:
			r.Stats.Nested++
			continue
		case sibling:
			r.Stats.Siblings++
			continue
		}
		r.ensureRoom()
		r.resource, r.span.ScopeSpans = b.resources[p.resource], p.scope
		r.look(p.span)
		r.count(p.span, p.kind)
		if p.kind != Bare {
			r.options.Calls.Add(p.trace)
			r.remember(p)
		}
	}
}

// remember notes below which span a call was counted.
func (r *Reader) remember(p *pending) {
	if p.parent == 0 {
		return
	}
	r.options.Calls.Add(recent.Mix(p.parent ^ p.model.asked))
	if answered := p.model.answered; answered != 0 && answered != p.model.asked {
		r.options.Calls.Add(recent.Mix(p.parent ^ answered ^ answeredMark))
	}
}

// sameBelow is true where a call of the same model was counted in an earlier request whose parent
// is the span.
func (r *Reader) sameBelow(p *pending) bool {
	calls, m := r.options.Calls, p.model
	return p.self != 0 && (calls.Has(recent.Mix(p.self^m.asked)) || calls.Has(recent.Mix(p.self^m.asked^answeredMark)) ||
		m.answered != 0 && m.answered != m.asked && calls.Has(recent.Mix(p.self^m.answered)))
}

func (p *pending) covered(by bool) {
	if by {
		p.merged = nested
	}
}

// lay makes nodes of all spans. Those that are not wanted are only between others.
func (r *Reader) lay(td ptrace.Traces, b *batch) {
	next, unwanted := 0, 0
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
					if unwanted < len(b.unwanted) && b.unwanted[unwanted] == s {
						unwanted++
					} else if kind == Answered && r.span.Identity.Name != "" {
						n.kind, n.model = kind, r.nameOf(r.span.Identity)
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

// above calls do with the spans above a node, nearest first. sameRequest is false beyond a tool or
// an agent, which make requests of their own.
func (b *batch) above(i int, do func(o *node, sameRequest bool)) {
	sameRequest := true
	at := b.nodes[i].parent
	for range maxDepth {
		j, ok := b.index[at]
		if at == 0 || !ok || int(j) == i {
			return
		}
		o := &b.nodes[j]
		at = o.parent
		do(o, sameRequest)
		sameRequest = sameRequest && !o.wrapper
	}
}

// sameCall returns the span that is above a call and the same call by another library, or nil. A
// framework's agent or tool between the two makes others of them, unless the tokens say that it
// does not.
func (b *batch) sameCall(p *pending, o *node, sameRequest bool) *pending {
	if o.kind != Call || o.pending < 0 {
		return nil
	}
	outer := &b.pending[o.pending]
	if !p.model.same(outer.model) || !sameRequest && !(p.library != outer.library && p.used.known() && p.used.equal(outer.used)) {
		return nil
	}
	return outer
}

// cover marks the spans around one that counts, or within one that does.
func (b *batch) cover() {
	for i := range b.nodes {
		if n := &b.nodes[i]; n.kind == Call {
			p := &b.pending[n.pending]
			b.above(i, func(o *node, sameRequest bool) {
				if outer := b.sameCall(p, o, sameRequest); outer != nil {
					outer.within.add(p, outer)
				}
			})
		}
	}
	for i := range b.nodes {
		n := &b.nodes[i]
		if n.kind == None {
			continue
		}
		b.above(i, func(o *node, sameRequest bool) { b.coverBy(n, o, sameRequest) })
	}
}

// add notes a call within another.
func (w *within) add(p, outer *pending) {
	w.cost = w.cost || p.cost
	if p.used.known() {
		w.used++
		if !p.used.equal(outer.used) {
			w.unlike++
		}
	}
}

// coverBy decides which of a span and one above it counts.
func (b *batch) coverBy(n, o *node, sameRequest bool) {
	around := sameRequest && o.model.same(n.model)
	if n.kind == Bare {
		if around && (o.kind == Call || o.kind == Answered) {
			b.pending[n.pending].merged = nested // the call says itself how it ended
		}
		if around && o.kind == Bare {
			b.pending[o.pending].merged = nested
		}
		return
	}
	if n.kind == Call {
		p := &b.pending[n.pending]
		if outer := b.sameCall(p, o, sameRequest); outer != nil {
			switch {
			case !outer.counts():
				outer.merged = nested
			case !p.failed || p.used.known(): // a try that failed is one of its own
				p.merged = nested
			}
			return
		}
	}
	if o.pending >= 0 && (o.kind == Agent && n.kind != Answered || around && o.kind == Bare) {
		b.pending[o.pending].merged = nested
	}
}
