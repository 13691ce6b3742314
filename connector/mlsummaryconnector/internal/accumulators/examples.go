// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import "encoding/binary"

// maxExamples is the number of ids of which Examples keep a span.
const maxExamples = 16

// Examples are spans to look at, one for an id: a category, a class, or a feature that the span
// lacked. Where there are more ids than room, each of them has the same chance to stay (reservoir
// sampling, Vitter's algorithm R), so that over some minutes every id that is not rare has its
// turn.
type Examples struct {
	list    []example
	offered uint64
}

type example struct {
	id  uint32
	ref Ref
}

// keep takes a span, if there is room or chance will have it.
func (e *Examples) keep(id uint32, ref *Ref) {
	e.offered++
	if len(e.list) < maxExamples {
		e.list = append(e.list, example{id, *ref})
		return
	}
	// Ids of spans are random; the number of the offer tells those of one span apart.
	chance := (binary.LittleEndian.Uint64(ref.Span[:]) ^ e.offered) * 0x9e3779b97f4a7c15 >> 32
	if i := chance % e.offered; i < maxExamples {
		e.list[i] = example{id, *ref}
	}
}

// offer proposes a span for an id that is counted for the first time. The examples may be nil, and
// stay so for a span without a trace: exemplars are off.
func (e *Examples) offer(id uint32, ref *Ref) *Examples {
	if ref.Trace.IsEmpty() {
		return e
	}
	if e == nil {
		e = new(Examples)
	}
	e.keep(id, ref)
	return e
}

// Of returns the span of an id, or nil.
func (e *Examples) Of(id uint32) *Ref {
	if e == nil {
		return nil
	}
	for i := range e.list {
		if e.list[i].id == id {
			return &e.list[i].ref
		}
	}
	return nil
}

// add takes the examples of another accumulator in. Both may be nil.
func (e *Examples) add(o *Examples) *Examples {
	if o == nil || len(o.list) == 0 {
		return e
	}
	if e == nil {
		e = new(Examples)
	}
	for i := range o.list {
		if x := &o.list[i]; e.Of(x.id) == nil {
			e.keep(x.id, &x.ref)
		}
	}
	return e
}
