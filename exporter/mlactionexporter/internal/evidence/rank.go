// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// ranking is the spans of traces by how much they tell.
type ranking struct {
	// spans are where each span is, the most important first.
	spans []place
	// needed is how many are needed to understand what happened: the named span, errors, and the ways to the root.
	needed int
	// limit cuts values; 0 for whole ones.
	limit int
}

// place is where a span is, with its rank.
type place struct {
	rs   ptrace.ResourceSpans
	ss   ptrace.ScopeSpans
	span ptrace.Span
	// order is the place among all, rank what comes first; distance tells those of a rank apart.
	order, rank, distance int
}

// Ranks. What is further away has a higher one.
const (
	namedRank = iota
	errorRank
	nearRank
)

// far is the distance of what is connected with nothing important.
const far = 1 << 30

// rank ranks the spans of traces.
func rank(traces []trace) *ranking {
	r := &ranking{}
	for i := range traces {
		t := &traces[i]
		from := len(r.spans)
		for _, rs := range t.td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					r.spans = append(r.spans, place{rs: rs, ss: ss, span: span, order: len(r.spans), rank: far})
				}
			}
		}
		rankTrace(r.spans[from:], t.Span)
	}
	slices.SortFunc(r.spans, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.distance, b.distance), cmp.Compare(a.order, b.order))
	})
	for r.needed < len(r.spans) && r.spans[r.needed].rank < nearRank {
		r.needed++
	}
	return r
}

// rankTrace ranks the spans of one trace: first the named one and those above it, then errors and those above them,
// then the others by how many steps they are from these.
func rankTrace(spans []place, named pcommon.SpanID) {
	byID := make(map[pcommon.SpanID]int, len(spans))
	for i := range spans {
		if _, ok := byID[spans[i].span.SpanID()]; !ok {
			byID[spans[i].span.SpanID()] = i
		}
	}
	above := func(i int) int {
		up, ok := byID[spans[i].span.ParentSpanID()]
		if !ok || up == i || spans[i].span.ParentSpanID().IsEmpty() {
			return -1
		}
		return up
	}
	way := func(i, rank int) {
		for distance := 0; i >= 0 && spans[i].rank == far; distance++ {
			spans[i].rank, spans[i].distance = rank, distance
			i = above(i)
		}
	}
	if i, ok := byID[named]; ok && !named.IsEmpty() {
		way(i, namedRank)
	} else {
		for i := range spans {
			if above(i) < 0 {
				way(i, namedRank)
			}
		}
	}
	for i := range spans {
		if spans[i].span.Status().Code() == ptrace.StatusCodeError {
			way(i, errorRank)
		}
	}

	below := make([][]int, len(spans))
	var near []int
	for i := range spans {
		if up := above(i); up >= 0 {
			below[up] = append(below[up], i)
		}
		if spans[i].rank != far {
			near = append(near, i)
		}
	}
	for step := nearRank; len(near) > 0; step++ {
		var next []int
		reach := func(j int) {
			if j >= 0 && spans[j].rank == far {
				spans[j].rank = step
				next = append(next, j)
			}
		}
		for _, i := range near {
			reach(above(i))
			for _, j := range below[i] {
				reach(j)
			}
		}
		near = next
	}
}

// first returns the n most important spans, in their order, with their resources and scopes.
func (r *ranking) first(n int) ptrace.Traces {
	chosen := slices.Clone(r.spans[:min(n, len(r.spans))])
	slices.SortFunc(chosen, func(a, b place) int { return cmp.Compare(a.order, b.order) })
	out := ptrace.NewTraces()
	var rs ptrace.ResourceSpans
	var ss ptrace.ScopeSpans
	for i := range chosen {
		c := &chosen[i]
		newResource := i == 0 || c.rs != chosen[i-1].rs
		if newResource {
			rs = out.ResourceSpans().AppendEmpty()
			c.rs.Resource().CopyTo(rs.Resource())
			rs.SetSchemaUrl(c.rs.SchemaUrl())
			if r.limit > 0 {
				shorten(rs.Resource().Attributes(), r.limit)
			}
		}
		if newResource || c.ss != chosen[i-1].ss {
			ss = rs.ScopeSpans().AppendEmpty()
			c.ss.Scope().CopyTo(ss.Scope())
			ss.SetSchemaUrl(c.ss.SchemaUrl())
			if r.limit > 0 {
				shorten(ss.Scope().Attributes(), r.limit)
			}
		}
		span := ss.Spans().AppendEmpty()
		c.span.CopyTo(span)
		if r.limit > 0 {
			shortenSpan(span, r.limit)
		}
	}
	return out
}

// shortened is the same with values that are cut.
func (r *ranking) shortened(limit int) *ranking {
	return &ranking{spans: r.spans, needed: r.needed, limit: limit}
}

// shortenSpan cuts texts and lists of a span.
func shortenSpan(span ptrace.Span, limit int) {
	span.SetName(cut(span.Name(), limit))
	span.Status().SetMessage(cut(span.Status().Message(), limit))
	span.TraceState().FromRaw(cut(span.TraceState().AsRaw(), limit))
	shorten(span.Attributes(), limit)
	n := 0
	span.Events().RemoveIf(func(ptrace.SpanEvent) bool { n++; return n > maxElements })
	for _, e := range span.Events().All() {
		e.SetName(cut(e.Name(), limit))
		shorten(e.Attributes(), limit)
	}
	n = 0
	span.Links().RemoveIf(func(ptrace.SpanLink) bool { n++; return n > maxElements })
	for _, l := range span.Links().All() {
		l.TraceState().FromRaw(cut(l.TraceState().AsRaw(), limit))
		shorten(l.Attributes(), limit)
	}
}

// shorten cuts texts and lists in attributes.
func shorten(attrs pcommon.Map, limit int) {
	for _, v := range attrs.All() {
		shortenValue(v, limit, 0)
	}
}

func shortenValue(v pcommon.Value, limit, depth int) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		v.SetStr(cut(v.Str(), limit))
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		if depth >= maxNesting {
			v.SetStr("…")
			return
		}
		n := 0
		if v.Type() == pcommon.ValueTypeMap {
			v.Map().RemoveIf(func(string, pcommon.Value) bool { n++; return n > maxElements })
			for _, x := range v.Map().All() {
				shortenValue(x, limit, depth+1)
			}
			return
		}
		v.Slice().RemoveIf(func(pcommon.Value) bool { n++; return n > maxElements })
		for _, x := range v.Slice().All() {
			shortenValue(x, limit, depth+1)
		}
	}
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// Bounds of what is left where values are cut.
const (
	// maxShort is in bytes.
	maxShort    = 256
	maxNesting  = 4
	maxElements = 32
)
