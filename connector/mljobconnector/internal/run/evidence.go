// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"bytes"
	"cmp"
	"slices"
)

// Evidence is the span that shows best why something failed.
type Evidence struct {
	TraceID TraceID
	SpanID  SpanID
	// Name and Service are of an inner span; empty where the span is a stage's or the run's own.
	Name, Service string
	// ExceptionType and Message are that span's; where it has none, those of the attempt or the
	// run.
	ExceptionType, Message string
}

// failure is an erring inner span.
type failure struct {
	span, parent                                          SpanID
	trace                                                 uint16
	name, service, task, instance, exceptionType, message string
	start, end                                            int64
}

// compareFailures orders erring spans by what they are kept for: the ones that end last are nearest
// to the end of the run.
func compareFailures(a, b *failure) int {
	return cmp.Or(cmp.Compare(a.end, b.end), bytes.Compare(a.span[:], b.span[:]), cmp.Compare(a.trace, b.trace))
}

// offerFailure keeps the erring spans that end last.
func (r *Run) offerFailure(f failure) {
	m := r.extra()
	for i := range m.errors {
		if m.errors[i].span == f.span && m.errors[i].trace == f.trace {
			return
		}
	}
	m.errors = append(m.errors, f)
	if len(m.errors) <= r.limits.Errors {
		return
	}
	r.Lost++
	least := 0
	for i := range m.errors {
		if compareFailures(&m.errors[i], &m.errors[least]) < 0 {
			least = i
		}
	}
	m.errors = slices.Delete(m.errors, least, least+1)
}

// Cause returns the evidence for an attempt that failed: the deepest erring span below it, else the
// attempt itself.
func (r *Run) Cause(t *Attempt) Evidence {
	own := Evidence{TraceID: r.traceID(t.trace), SpanID: t.SpanID}
	own.ExceptionType, own.Message = t.Exception()
	return r.deepest(own, func(p *path, _ *failure) bool { return p.owner == t })
}

// TraceOf is the trace of an attempt.
func (r *Run) TraceOf(t *Attempt) TraceID { return r.traceID(t.trace) }

// RootCause returns the evidence for a run that failed though no stage has said so: the deepest
// erring span that is in no attempt, preferably one of the given stage (which began and did not
// end; empty for none), else the root.
func (r *Run) RootCause(stage string) Evidence {
	var own Evidence
	if root := r.Root; root != nil {
		own = Evidence{TraceID: root.TraceID, SpanID: root.SpanID, ExceptionType: root.ExceptionType, Message: root.Message}
	}
	if stage != "" {
		if e := r.deepest(own, func(p *path, f *failure) bool { return p.owner == nil && f.task == stage }); e != own {
			return e
		}
	}
	return r.deepest(own, func(p *path, _ *failure) bool { return p.owner == nil })
}

// deepest returns the best of the erring spans that match, own if none does.
//
// An erring span under a parent with the status OK was caught, and does not count. The ones from
// which errors go all the way up come before those with a parent in between that is not in error,
// these before those that are known to belong here by their time only. Then the deepest one counts,
// then the one that ended last: what was tried again in vain has failed like the last time.
func (r *Run) deepest(own Evidence, match func(*path, *failure) bool) Evidence {
	if r.more == nil || len(r.more.errors) == 0 {
		return own
	}
	n := newNesting(r)
	var best *failure
	var bestPath path
	for i := range r.more.errors {
		f := &r.more.errors[i]
		p := n.path(f)
		if p.caught || !match(&p, f) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(p.sure, bestPath.sure), cmp.Compare(p.depth, bestPath.depth), compareFailures(f, best)) > 0 {
			best, bestPath = f, p
		}
	}
	if best == nil {
		return own
	}
	e := Evidence{
		TraceID: r.traceID(best.trace), SpanID: best.span, Name: best.name, Service: best.service,
		ExceptionType: best.exceptionType, Message: best.message,
	}
	if e.ExceptionType == "" && e.Message == "" {
		e.ExceptionType, e.Message = own.ExceptionType, own.Message
	}
	return e
}

// maxNesting bounds stages within stages.
const maxNesting = 32

// Above returns the attempts of other stages in which a failed attempt lies, by the ids of parents,
// the innermost one first: where they failed as well, they failed because of it.
func (r *Run) Above(t *Attempt) []*Attempt {
	if t.detail == nil || t.detail.parent == (SpanID{}) {
		return nil
	}
	n := newNesting(r)
	var above []*Attempt
	for range maxNesting {
		p := n.up(t.trace, t.detail.parent)
		if p.owner == nil || p.owner == t {
			break
		}
		above = append(above, p.owner)
		if t = p.owner; t.detail == nil {
			break
		}
	}
	return above
}
