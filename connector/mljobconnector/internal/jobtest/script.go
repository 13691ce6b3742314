// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jobtest

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Export is how often a batch span processor sends.
const Export = 5 * time.Second

// Flush is the time from the end of a process to the arrival of its last spans.
const Flush = 300 * time.Millisecond

// Script is a set of spans and when they are delivered.
type Script struct {
	// Rand is for what varies between runs; the ids come from another source, so that they do not
	// depend on its use.
	Rand *rand.Rand
	// Singly sends every span in a request of its own.
	Singly bool
	// Shuffled puts the spans of each request in an order of chance.
	Shuffled bool

	seed  uint64
	ids   *rand.Rand
	spans []*Span
}

// New returns an empty script.
func New(seed uint64) *Script {
	return &Script{Rand: rand.New(rand.NewPCG(seed, 1)), seed: seed, ids: rand.New(rand.NewPCG(seed, 2))}
}

// Vary returns a number near v, at most a share away from it.
func (s *Script) Vary(v, share float64) float64 { return v * (1 + share*(2*s.Rand.Float64()-1)) }

// TraceID returns a new trace id.
func (s *Script) TraceID() (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], s.ids.Uint64()|1)
	binary.BigEndian.PutUint64(id[8:], s.ids.Uint64())
	return id
}

func (s *Script) spanID() (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], s.ids.Uint64()|1)
	return id
}

// Span adds a span of a process; a nil parent makes it the root of a new trace.
func (s *Script) Span(p *Process, parent *Span, name string, start, end time.Time) *Span {
	sp := &Span{
		Process: p, Name: name, Kind: ptrace.SpanKindInternal, ID: s.spanID(), Start: start, End: end,
		Attributes: map[string]any{}, script: s,
	}
	if parent == nil {
		sp.Trace = s.TraceID()
	} else {
		sp.Trace, sp.Parent, sp.Remote, sp.run, sp.stage = parent.Trace, parent.ID, parent.Process != p, parent.run, parent.stage
	}
	s.spans = append(s.spans, sp)
	return sp
}

// Spans are all spans that were not taken out.
func (s *Script) Spans() []*Span { return s.spans }

// Batch is a request.
type Batch struct {
	At     time.Time
	Traces ptrace.Traces
}

// Batches returns the requests, by arrival. Spans that arrive at the same time are in one request.
func (s *Script) Batches() []Batch {
	type arrival struct {
		at   time.Time
		span *Span
	}
	var arrivals []arrival
	for _, sp := range s.spans {
		if sp.lost {
			continue
		}
		arrivals = append(arrivals, arrival{sp.Arrives(), sp})
		for _, again := range sp.again {
			arrivals = append(arrivals, arrival{again, sp})
		}
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return cmp.Compare(a.span.End.UnixNano(), b.span.End.UnixNano()) // SDKs send in the order of ends
	})
	var batches []Batch
	shuffle := rand.New(rand.NewPCG(s.seed, 3))
	for len(arrivals) > 0 {
		n := 1
		for !s.Singly && n < len(arrivals) && arrivals[n].at.Equal(arrivals[0].at) {
			n++
		}
		group := arrivals[:n]
		arrivals = arrivals[n:]
		if s.Shuffled {
			shuffle.Shuffle(n, func(i, j int) { group[i], group[j] = group[j], group[i] })
		}
		td := ptrace.NewTraces()
		scopes := map[*Process]ptrace.ScopeSpans{}
		for _, a := range group {
			scope, ok := scopes[a.span.Process]
			if !ok {
				rs := td.ResourceSpans().AppendEmpty()
				put(rs.Resource().Attributes(), a.span.Process.Attributes)
				scope = rs.ScopeSpans().AppendEmpty()
				scope.Scope().SetName("jobtest")
				scopes[a.span.Process] = scope
			}
			a.span.write(scope.Spans().AppendEmpty())
		}
		batches = append(batches, Batch{At: group[0].at, Traces: td})
	}
	return batches
}
