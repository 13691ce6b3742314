// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxBeside is the number of calls that each is compared with: those that begin next.
const maxBeside = 128

// pair merges calls that stand beside each other and are the same, as two libraries have traced it.
// Two calls of one library are two: a program may well ask the same thing twice at once. So of two
// calls that each of two libraries has traced, two are left.
func (b *batch) pair() {
	libraries := false
	for i := range b.pending {
		if p := &b.pending[i]; p.kind == Call && p.merged == notMerged && p.trace != 0 && p.used.known() && p.start != 0 && p.end >= p.start {
			libraries = libraries || len(b.order) > 0 && p.library != b.pending[b.order[0]].library
			b.order = append(b.order, int32(i))
		}
	}
	if !libraries {
		return
	}
	slices.SortFunc(b.order, func(i, j int32) int {
		p, q := &b.pending[i], &b.pending[j]
		return cmp.Or(cmp.Compare(p.trace, q.trace), cmp.Compare(p.used.Output, q.used.Output), cmp.Compare(p.start, q.start), cmp.Compare(i, j))
	})
	for at := range b.order {
		for b.pairOne(at) { // there may be a third library
		}
	}
}

// pairOne merges the nearest twin of a call with it, and reports whether there was one.
func (b *batch) pairOne(at int) bool {
	i := b.order[at]
	p := &b.pending[i]
	if p.merged != notMerged {
		return false
	}
	best, least := int32(-1), pcommon.Timestamp(0)
	for _, j := range b.order[at+1 : min(at+1+maxBeside, len(b.order))] {
		q := &b.pending[j]
		if q.trace != p.trace || q.used.Output != p.used.Output || q.start > p.end {
			break
		}
		if q.merged != notMerged || !p.model.same(q.model) || !p.used.equal(q.used) || !overlap(p, q) || b.shareLibrary(p, q) {
			continue
		}
		if d := q.start - p.start + distance(p.end, q.end); best < 0 || d < least {
			best, least = j, d
		}
	}
	if best < 0 {
		return false
	}
	q := &b.pending[best]
	if p.says() < q.says() {
		// The later one counts, and goes on with the libraries of both.
		p.merged = sibling
		b.join(q, i)
		return false
	}
	q.merged = sibling
	b.join(p, best)
	return true
}

// join adds a twin, with its own, to those of p.
func (b *batch) join(p *pending, twin int32) {
	last := &b.pending[twin]
	for last.twin != 0 {
		last = &b.pending[last.twin-1]
	}
	last.twin, p.twin = p.twin, twin+1
}

// shareLibrary is true where a library has traced both calls, or a twin of each.
func (b *batch) shareLibrary(p, q *pending) bool {
	for {
		for other := q; ; other = &b.pending[other.twin-1] {
			if p.library == other.library {
				return true
			}
			if other.twin == 0 {
				break
			}
		}
		if p.twin == 0 {
			return false
		}
		p = &b.pending[p.twin-1]
	}
}

// says orders calls by how much they say.
func (p *pending) says() int {
	n := 0
	if p.cost {
		n += 2
	}
	if p.model.answered != 0 {
		n++
	}
	return n
}

// overlap is true for two calls of which q begins with p or later, and before p ends; one that took
// no time may begin as the other ends.
func overlap(p, q *pending) bool {
	return q.start < p.end || q.start == p.end && (p.start == p.end || q.start == q.end)
}

func distance(a, b pcommon.Timestamp) pcommon.Timestamp { return max(a, b) - min(a, b) }
