// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"maps"
	"slices"

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
	e.Uvarint(uint64(len(p.flushes)))
	for _, sequence := range slices.Sorted(maps.Keys(p.flushes)) {
		f := p.flushes[sequence]
		e.Uvarint(sequence)
		e.Uvarint(f.points)
		e.Uvarint(f.left)
		wire.PutCounts(e, f.seen)
	}
}

// Decode reads what Encode wrote, into a Seen that is new. id reads the id of a producer, and
// lastSeen when it was heard, as they are to be kept.
func (s *Seen) Decode(d *wire.Decoder, id func() string, lastSeen func() int64) {
	const leastProducer = 4 // bytes
	for range d.Count(leastProducer) {
		name := id()
		p := &producer{lastSeen: lastSeen(), flushes: make(map[uint64]*flush)}
		p.decode(d)
		if d.Err() != nil {
			return
		}
		s.uses++
		p.used = s.uses
		if len(s.producers) < s.limit {
			s.producers[name] = p
		}
	}
}

func (p *producer) decode(d *wire.Decoder) {
	p.low, p.newest = d.Uvarint(), d.Uvarint()
	const leastFlush = 4 // bytes
	for range d.Count(leastFlush) {
		sequence := d.Uvarint()
		f := &flush{points: d.Uvarint(), left: d.Uvarint(), seen: wire.TakeCounts[uint64](d)}
		if sequence <= p.low || sequence > p.newest || f.points > maxPoints || f.left > f.points ||
			len(f.seen) > maxPoints/64 {
			d.Fail()
		}
		if d.Err() != nil {
			return
		}
		p.flushes[sequence] = f
	}
}
