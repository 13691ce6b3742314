// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// encode writes the flushes that were seen, producers from the one silent for longest on, and what is passed on of models that
// found no room.
func (d *dedupe) encode(wall int64, rest *version) []byte {
	e := newEncoder(1 << 10)
	e.Varint(wall)
	ids := d.ids()
	e.Uvarint(uint64(len(ids)))
	for _, id := range ids {
		p := d.producers[id]
		e.String(id)
		e.Varint(p.lastSeen)
		e.Uvarint(p.low)
		e.Uvarint(p.newest)
		sequences := make([]uint64, 0, len(p.flushes))
		for s := range p.flushes {
			sequences = append(sequences, s)
		}
		slices.Sort(sequences)
		e.Uvarint(uint64(len(sequences)))
		for _, s := range sequences {
			f := p.flushes[s]
			e.Uvarint(s)
			e.Uvarint(f.points)
			e.Uvarint(f.left)
			wire.PutCounts(e.Encoder, f.seen)
		}
	}
	e.rest(rest)
	return e.Seal()
}

// RestoreDedupe puts back which points were seen, and the totals of models that found no room. It never panics, whatever the bytes.
func (e *Engine) RestoreDedupe(now time.Time, data []byte) error {
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	out := newDedupe(e.opts.Limits.Producers)
	wall := now.Unix()
	d.startsAt(wall)
	for range d.Count(4) {
		id := d.name()
		p := &producer{lastSeen: wall}
		if d.Version >= 3 {
			p.lastSeen = d.since(d.seconds())
		}
		p.low, p.newest, p.flushes = d.Uvarint(), d.Uvarint(), make(map[uint64]*flush)
		for range d.Count(4) {
			s := d.Uvarint()
			f := &flush{points: d.Uvarint(), left: d.Uvarint(), seen: wire.TakeCounts[uint64](d.Decoder)}
			if s <= p.low || s > p.newest || f.points > maxPoints || f.left > f.points || uint64(len(f.seen)) > maxPoints/64 || d.Err() != nil {
				d.Fail()
				break
			}
			p.flushes[s] = f
		}
		if d.Err() != nil {
			return d.Err()
		}
		out.uses++
		p.used = out.uses
		if len(out.producers) < out.limit {
			out.producers[id] = p
		}
	}
	var rest *version
	if d.Version >= 3 {
		rest = d.rest()
	}
	if d.Err() == nil && d.Len() > 0 {
		d.Fail()
	}
	if d.Err() != nil {
		return d.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wall = max(e.wall, wall)
	e.dedupe, e.rest = out, rest
	e.stats.NamesCut += d.cuts
	return nil
}
