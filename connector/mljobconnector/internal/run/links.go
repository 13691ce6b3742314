// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// link says under which span an inner span is, and how it ended; or that the span is a root that
// does not count.
type link struct {
	span, parent     SpanID
	trace            uint16
	ok, erring, root bool
}

// links are the latest inner spans, in a ring.
type links struct {
	ring []link
	next int // where the oldest one is, once the ring is full
}

func (l *links) has(x *link) bool {
	for i := range l.ring {
		if l.ring[i].span == x.span && l.ring[i].trace == x.trace {
			return true
		}
	}
	return false
}

func (l *links) add(x link, limit int) {
	switch {
	case limit <= 0:
	case len(l.ring) < limit:
		l.ring = append(l.ring, x)
	default:
		l.next %= len(l.ring)
		l.ring[l.next] = x
		l.next++
	}
}

// oldest gives the links in the order in which they came.
func (l *links) oldest(yield func(link) bool) {
	for i := range l.ring {
		if !yield(l.ring[(l.next+i)%len(l.ring)]) {
			return
		}
	}
}
