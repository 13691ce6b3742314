// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
)

// index finds the segments that have spans of a trace. It holds no pointers, but for names, so that
// the garbage collector passes over it.
type index struct {
	slots map[pcommon.TraceID]uint32
	// traces are the entries; those of free are not in use.
	traces []trace
	free   []uint32
	texts  texts
}

// trace is what is known of a trace, 72 bytes.
type trace struct {
	id pcommon.TraceID
	// first and last are when its spans were, in Unix nanoseconds.
	first, last int64
	// from and to are the numbers of the first and the last segment with spans of it.
	from, to uint32
	// spans is how many came, kept or not.
	spans uint32
	names [names]uint32
	marks marks
	used  bool
}

func newIndex() index {
	return index{slots: map[pcommon.TraceID]uint32{}, texts: texts{ids: map[string]uint32{}, list: []string{""}}}
}

// of returns what is known of a trace, nil for nothing.
func (x *index) of(id pcommon.TraceID) *trace {
	slot, ok := x.slots[id]
	if !ok {
		return nil
	}
	return &x.traces[slot]
}

// add notes spans that are in a segment. fresh is true for the first ones of the trace there.
func (x *index) add(s *seen, segment uint32, now time.Time) (slot uint32, fresh bool) {
	first, last := sane(s.first, now), sane(s.last, now)
	slot, ok := x.slots[s.id]
	if !ok {
		if n := len(x.free); n > 0 {
			slot, x.free = x.free[n-1], x.free[:n-1]
		} else {
			slot = uint32(len(x.traces))
			x.traces = append(x.traces, trace{})
		}
		x.slots[s.id] = slot
		x.traces[slot] = trace{id: s.id, first: first, last: last, from: segment, used: true}
	}
	t := &x.traces[slot]
	fresh = t.to != segment
	t.to = segment
	t.first, t.last = min(t.first, first), max(t.last, last)
	t.spans += min(s.spans, ^t.spans)
	whose := s.names[modelName] != "" && (t.names[modelName] == 0 || s.marks&predicted != 0 && t.marks&predicted == 0)
	for i, name := range s.names {
		if name != "" && (t.names[i] == 0 || whose && i <= environmentName) {
			t.names[i] = x.texts.id(name)
		} else if name == "" && whose && i <= environmentName {
			t.names[i] = 0
		}
	}
	t.marks |= s.marks
	return slot, fresh
}

// maxSkew is how far the clock of a span may be from ours for its times to be taken for true.
const maxSkew = 48 * time.Hour

// sane is a span's time, or now where that cannot be.
func sane(t int64, now time.Time) int64 {
	n := now.UnixNano()
	if t < n-int64(maxSkew) || t > n+int64(maxSkew) {
		return n
	}
	return t
}

// evict forgets a segment: the traces whose last spans are in it, out of those that had their first
// ones of a segment there.
func (x *index) evict(segment uint32, touched []uint32) {
	for _, slot := range touched {
		t := &x.traces[slot]
		switch {
		case !t.used || t.to < segment:
		case t.to == segment:
			delete(x.slots, t.id)
			*t = trace{}
			x.free = append(x.free, slot)
		default:
			t.from = max(t.from, segment+1)
		}
	}
	if x.texts.full {
		x.sweep()
	}
}

// sweep forgets the names that no trace has any more.
func (x *index) sweep() {
	old := x.texts
	x.texts = texts{ids: map[string]uint32{}, list: []string{""}}
	for i := range x.traces {
		if t := &x.traces[i]; t.used {
			for j, id := range t.names {
				t.names[j] = x.texts.id(old.list[id])
			}
		}
	}
}

// maxTexts bounds the names that are kept.
const maxTexts = 1 << 16

// texts numbers names.
type texts struct {
	ids  map[string]uint32
	list []string
	full bool
}

// id returns the number of a name; 0, which is that of "", where there is no room for another one.
func (t *texts) id(name string) uint32 {
	if name == "" {
		return 0
	}
	name, _ = boundedname.Cut(name)
	if id, ok := t.ids[name]; ok {
		return id
	}
	if len(t.list) > maxTexts {
		t.full = true
		return 0
	}
	name = strings.Clone(name)
	id := uint32(len(t.list))
	t.list = append(t.list, name)
	t.ids[name] = id
	return id
}
