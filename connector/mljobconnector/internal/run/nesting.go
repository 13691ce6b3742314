// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// nesting finds out in which attempt a span is.
type nesting struct {
	run      *Run
	attempts map[place]*Attempt
	inner    map[place]*link
}

type place struct {
	trace uint16
	span  SpanID
}

// path is the way from a span up to the attempt it is in.
type path struct {
	// owner is the attempt; nil if the span is in none, or if that is not known.
	owner *Attempt
	// sure is 2 if all spans on the way err, 1 if one does not, 0 if the way is not known.
	sure int
	// depth is the number of spans on the way, as far as it is known.
	depth int
	// caught says that a span on the way has the status OK; broken that a span on the way is not
	// known.
	caught, broken bool
}

func newNesting(r *Run) *nesting {
	n := &nesting{run: r, attempts: map[place]*Attempt{}, inner: map[place]*link{}}
	for _, s := range r.Stages {
		for i := range s.attempts {
			at, t := place{s.attempts[i].trace, s.attempts[i].SpanID}, &s.attempts[i]
			// Of several attempts with one id the last one has what is below it: that one decides.
			if other := n.attempts[at]; other == nil || compareAttempts(other, t) < 0 {
				n.attempts[at] = t
			}
		}
	}
	if r.more != nil {
		for i := range r.more.links.ring {
			l := &r.more.links.ring[i]
			n.inner[place{l.trace, l.span}] = l
		}
	}
	return n
}

// up goes from a span upwards until it comes to an attempt, to the root, or to a span that is not
// known.
func (n *nesting) up(trace uint16, span SpanID) path {
	p := path{sure: 2}
	for range len(n.inner) + 1 {
		if t := n.attempts[place{trace, span}]; t != nil {
			p.owner = t
			return p
		}
		if root := n.run.Root; root != nil && root.SpanID == span && root.TraceID == n.run.traceID(trace) {
			return p
		}
		l := n.inner[place{trace, span}]
		if l == nil {
			break
		}
		if l.root {
			return p
		}
		p.depth++
		p.caught = p.caught || l.ok
		if !l.erring {
			p.sure = 1
		}
		span = l.parent
	}
	p.broken, p.sure = true, 0
	return p
}

// path finds the attempt that an erring span is in: by the ids of its parents; where one of them is
// not known, the shortest attempt of the same trace (or of the stage that the span names) in whose
// time it lies.
func (n *nesting) path(f *failure) path {
	p := n.up(f.trace, f.parent)
	if !p.broken {
		return p
	}
	for _, s := range n.run.Stages {
		if f.task != "" && s.Name != f.task {
			continue
		}
		for i := range s.attempts {
			t := &s.attempts[i]
			if f.task == "" && (t.trace != f.trace || f.trace == unknownTrace) || f.task != "" && t.instance.Value() != f.instance {
				continue
			}
			if f.start < t.start || f.end > t.end {
				continue
			}
			if p.owner == nil || t.Duration() < p.owner.Duration() || t.Duration() == p.owner.Duration() && compareStart(t, p.owner) < 0 {
				p.owner = t
			}
		}
	}
	return p
}
