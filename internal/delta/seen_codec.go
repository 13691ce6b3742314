// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"math/bits"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Encode writes the flushes that were seen, producers from the one silent for longest on.
func (s *Seen) Encode(e *wire.Encoder) {
	ids := s.ids()
	e.Uvarint(uint64(len(ids)))
	for _, id := range ids {
		e.String(id)
		s.producers[id].encode(e)
	}
}

func (p *producer) encode(e *wire.Encoder) {
	e.Varint(p.lastSeen)
	e.Uvarint(p.low)
	e.Uvarint(p.newest)
	n := len(p.flushes)
	for _, word := range p.complete {
		n += bits.OnesCount64(word)
	}
	e.Uvarint(uint64(n))
	for sequence := p.low + 1; sequence <= p.newest; sequence++ {
		f := p.flushes[sequence]
		switch {
		case f != nil:
			e.Uvarint(sequence)
			e.Uvarint(uint64(f.points))
			e.Uvarint(uint64(f.left))
			wire.PutSparse(e, f.each)
		case p.isComplete(sequence):
			e.Uvarint(sequence)
			e.Uvarint(1)
			e.Uvarint(0)
			wire.PutCounts[uint64](e, nil)
		}
	}
}

// Decode reads what Encode wrote, into a Seen that is new, as far as there is memory for it. id reads
// the id of a producer, and lastSeen when it was heard, as they are to be kept.
func (s *Seen) Decode(d *wire.Decoder, id func() string, lastSeen func() int64) {
	const leastProducer = 4 // bytes
	for range d.Count(leastProducer) {
		name := id()
		p := &producer{lastSeen: lastSeen()}
		s.decode(d, p)
		if d.Err() != nil {
			return
		}
		s.uses++
		p.used = s.uses
		if s.producers[name] == nil && len(s.producers) < s.limit {
			s.producers[name] = p
			continue
		}
		for _, f := range p.flushes {
			s.drop(f)
		}
	}
}

func (s *Seen) decode(d *wire.Decoder, p *producer) {
	p.low, p.newest = d.Uvarint(), d.Uvarint()
	if p.newest > p.low && p.newest-p.low > openFlushes {
		d.Fail()
	}
	const leastFlush = 4 // bytes
	for range d.Count(leastFlush) {
		sequence, points, left := d.Uvarint(), d.UvarintTo(maxPoints), d.UvarintTo(maxPoints)
		if sequence <= p.low || sequence > p.newest || left > points || p.flushes[sequence] != nil {
			d.Fail()
		}
		if d.Err() != nil {
			return
		}
		f := &flush{}
		if left > 0 {
			f, _ = s.begin(p, sequence, uint32(points))
		}
		seen := uint64(0)
		wire.TakeSparse(d, maxPoints/64, func(word uint32, set uint64) {
			seen += uint64(bits.OnesCount64(set))
			if f != nil && left > 0 {
				s.put(f, word, set)
			}
		})
		switch {
		case left == 0:
			at := sequence - p.low - 1
			p.complete[at/64] |= 1 << (at % 64)
		case points-left != seen:
			d.Fail()
		}
	}
}
