// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"maps"
	"math/bits"
	"slices"
)

const (
	pageWords = 8
	// pageBits is the number of points of a page.
	pageBits = 64 * pageWords

	// flushBytes is what a flush that has begun takes, with its first page, its place among its
	// producer's and what the allocator adds; pageBytes is what each further page does.
	flushBytes, pageBytes = 384, 128
)

// page is one bit for each of so many points that follow each other.
type page [pageWords]uint64

// set sets a bit and reports whether it was not set before.
func (g *page) set(bit uint32) bool {
	word, mask := &g[bit/64], uint64(1)<<(bit%64)
	if *word&mask != 0 {
		return false
	}
	*word |= mask
	return true
}

// flush is one that has begun: some of its points were seen.
type flush struct {
	of           *producer
	sequence     uint64
	points, left uint32
	// page is the one that was used last, of the number at; pages are all, nil while there is one.
	at    uint32
	page  *page
	pages map[uint32]*page

	older, newer *flush
}

// begin adds a flush; nil where there is no memory for it.
func (s *Seen) begin(p *producer, sequence uint64, points uint32) (_ *flush, forgotten int) {
	ok, forgotten := s.reserve(flushBytes, nil)
	if !ok {
		return nil, forgotten + 1
	}
	f := &flush{of: p, sequence: sequence, points: points, left: points}
	if p.flushes == nil {
		p.flushes = make(map[uint64]*flush)
	}
	p.flushes[sequence] = f
	s.link(f)
	return f, forgotten
}

// pageOf returns a page of a flush, which is added where it is missing; nil where there is no memory
// for it.
func (s *Seen) pageOf(f *flush, number uint32) (_ *page, forgotten int) {
	switch {
	case f.page == nil: // the first one, which is in flushBytes
		f.at, f.page = number, &page{}
		return f.page, 0
	case f.at == number:
		return f.page, 0
	}
	g := f.pages[number]
	if g == nil {
		ok, n := s.reserve(pageBytes, f)
		if forgotten = n; !ok {
			return nil, forgotten + 1
		}
		if f.pages == nil {
			f.pages = map[uint32]*page{f.at: f.page}
		}
		g = &page{}
		f.pages[number] = g
	}
	f.at, f.page = number, g
	return g, forgotten
}

// put sets the bits of a word of a flush, as far as there is memory.
func (s *Seen) put(f *flush, word uint32, set uint64) (forgotten int) {
	g, forgotten := s.pageOf(f, word/pageWords)
	if g != nil {
		g[word%pageWords] |= set
		f.left -= uint32(bits.OnesCount64(set))
	}
	return forgotten
}

// bytes is what the flush takes.
func (f *flush) bytes() int64 { return flushBytes + int64(max(len(f.pages)-1, 0))*pageBytes }

// each calls yield for every word that has a bit, in order.
func (f *flush) each(yield func(word uint32, set uint64)) {
	pages := f.pages
	if pages == nil {
		pages = map[uint32]*page{}
		if f.page != nil {
			pages[f.at] = f.page
		}
	}
	for _, number := range slices.Sorted(maps.Keys(pages)) {
		for i, set := range pages[number] {
			if set != 0 {
				yield(number*pageWords+uint32(i), set)
			}
		}
	}
}

// drop forgets a flush.
func (s *Seen) drop(f *flush) {
	s.unlink(f)
	delete(f.of.flushes, f.sequence)
	s.memory.free(&s.share, f.bytes())
}

// reserve takes memory for a flush or a page of one. Where there is none, the flushes go that were met
// longest ago, but for the one that it is for. ok is false where nothing is left that could go.
func (s *Seen) reserve(bytes int64, of *flush) (ok bool, forgotten int) {
	for !s.memory.take(&s.share, bytes) {
		f := s.oldest
		if f == nil || f == of {
			return false, forgotten // the one that it is for was met last
		}
		s.drop(f)
		forgotten++
	}
	return true, forgotten
}

// Release gives back the memory of a Seen that is not used any more.
func (s *Seen) Release() {
	if s != nil {
		s.memory.release(&s.share)
	}
}

// link adds a flush to the list as the one that was met last.
func (s *Seen) link(f *flush) {
	f.older, f.newer = s.newest, nil
	if s.newest != nil {
		s.newest.newer = f
	} else {
		s.oldest = f
	}
	s.newest = f
}

func (s *Seen) unlink(f *flush) {
	if f.older != nil {
		f.older.newer = f.newer
	} else {
		s.oldest = f.newer
	}
	if f.newer != nil {
		f.newer.older = f.older
	} else {
		s.newest = f.older
	}
	f.older, f.newer = nil, nil
}
