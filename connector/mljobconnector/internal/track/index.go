// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/list"
	"encoding/hex"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// runID names a run.
type runID struct {
	key run.Key
	id  string
}

// index finds runs: by job and run id, by trace, and those without a job by trace.
//
//	span with job and run id ─► runs ── a run of the same job that was known by this trace alone is merged into it
//	span with job            ─► traces, a run of this job; else a new run under the trace id
//	span with a task only    ─► traces; else anonymous, until the trace's job is known
//	span with neither        ─► traces, then anonymous; an erring one else waits in pending
type index struct {
	runs map[runID]*tracked
	// traces has the run that was first known to have spans in a trace; shared has all of them
	// where there are several.
	traces    map[run.TraceID]*tracked
	shared    map[run.TraceID][]*tracked
	anonymous map[run.TraceID]*tracked
	pending   pending
	// open has the runs that have not ended, and those that wait for their judgement, the one
	// silent for longest first. closed has the others, the one closed first first; nameless those
	// of anonymous.
	open, closed, nameless *list.List
}

func newIndex(waiting int) index {
	return index{
		runs: map[runID]*tracked{}, traces: map[run.TraceID]*tracked{}, shared: map[run.TraceID][]*tracked{},
		anonymous: map[run.TraceID]*tracked{}, pending: newPending(waiting),
		open: list.New(), closed: list.New(), nameless: list.New(),
	}
}

// inTrace returns the first run of a job that has spans in a trace. A span that names no
// environment fits a job in any.
func (x *index) inTrace(trace run.TraceID, key run.Key) *tracked {
	first := x.traces[trace]
	if first == nil {
		return nil
	}
	if first.fits(key) {
		return first
	}
	for _, t := range x.shared[trace] {
		if t.fits(key) {
			return t
		}
	}
	return nil
}

func (t *tracked) fits(key run.Key) bool {
	return t.run.Key == key || key.Environment == "" && t.run.Key.Job == key.Job
}

// current is the run that a span without a job belongs to: of several of one job in its trace the
// latest that goes on, as a driver has that makes one run after the other; else the first. nil if
// there is none.
func (x *index) current(trace run.TraceID) *tracked {
	first, several := x.traces[trace], x.shared[trace]
	for _, t := range slices.Backward(several) {
		if t.run.Key == first.run.Key && t.phase == running && t.run.Root == nil {
			return t
		}
	}
	return first
}

// join notes that a run has spans in a trace.
func (x *index) join(trace run.TraceID, t *tracked) {
	first := x.traces[trace]
	switch {
	case first == nil:
		x.traces[trace] = t
	case first == t:
	default:
		several := x.shared[trace]
		if several == nil {
			several = []*tracked{first}
		}
		if !slices.Contains(several, t) {
			x.shared[trace] = append(several, t)
		}
	}
}

// leave takes a run out of a trace.
func (x *index) leave(trace run.TraceID, t *tracked) {
	several, ok := x.shared[trace]
	if !ok {
		if x.traces[trace] == t {
			delete(x.traces, trace)
		}
		return
	}
	several = slices.DeleteFunc(several, func(other *tracked) bool { return other == t })
	x.traces[trace] = several[0] // there were two or more
	if len(several) == 1 {
		delete(x.shared, trace)
	} else {
		x.shared[trace] = several
	}
}

// pending is a ring of erring spans of traces that have no run yet. It is in memory only.
type pending struct {
	limit int
	ring  []waiting
	next  int
	held  map[run.TraceID]int // spans of the trace in the ring
}

type waiting struct {
	span run.Span
	came time.Time
}

func newPending(limit int) pending {
	return pending{limit: limit, held: map[run.TraceID]int{}}
}

// hold keeps a span, and reports whether the oldest one had to go.
func (p *pending) hold(s *run.Span, now time.Time) (evicted bool) {
	if p.limit <= 0 {
		return true
	}
	w := waiting{span: *s, came: now}
	p.held[s.TraceID]++
	if len(p.ring) < p.limit {
		p.ring = append(p.ring, w)
		return false
	}
	old := p.ring[p.next].span.TraceID
	evicted = p.forget(old)
	p.ring[p.next] = w
	p.next = (p.next + 1) % p.limit
	return evicted
}

// forget counts a span of a trace less, and reports whether there was one.
func (p *pending) forget(trace run.TraceID) bool {
	n, ok := p.held[trace]
	switch {
	case !ok:
		return false // was taken
	case n > 1:
		p.held[trace] = n - 1
	default:
		delete(p.held, trace)
	}
	return true
}

// release returns the spans of a trace, in the order in which they came, and forgets them.
func (p *pending) release(trace run.TraceID) []waiting {
	if p.held[trace] == 0 {
		return nil
	}
	delete(p.held, trace)
	var out []waiting
	for i := range p.ring {
		w := &p.ring[(p.next+i)%len(p.ring)]
		if w.span.TraceID == trace {
			out = append(out, *w)
			*w = waiting{}
		}
	}
	return out
}

func traceName(trace run.TraceID) string { return hex.EncodeToString(trace[:]) }
