// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
)

// seenMemory is what is held at most of flushes that have begun, of all models, in bytes.
const seenMemory = 32 << 20

func (e *Engine) newSeen() *delta.Seen {
	return delta.NewSeen(e.opts.Limits.Producers, placeKept, e.memory)
}

// seenBy returns which points of a model were seen. Of a producer that is new to the model, points
// may have been seen before it had a place, or by a version that kept those of all models together.
func (e *Engine) seenBy(m *model, d *Delta) *delta.Seen {
	if d.Producer != "" && !m.seen.Knows(d.Producer) {
		e.mu.Lock()
		if r := e.rests[d.Partition]; r != nil {
			m.seen.Adopt(r.seen, d.Producer)
		}
		e.mu.Unlock()
	}
	return m.seen
}

// seen writes which points of a model were seen.
func (e *encoder) seen(m *model) {
	e.Uvarint(sectionSeen)
	m.seen.Encode(e.Encoder)
}

func (d *decoder) seen(out *delta.Seen) *delta.Seen {
	out.Decode(d.Decoder, d.name, func() int64 { return d.since(d.seconds()) })
	return out
}

// encodeDedupe writes which points were seen of models that found no room, and what is passed on of
// them.
func (e *Engine) encodeDedupe(r *rest) []byte {
	out := newEncoder(1 << 10)
	out.Varint(e.wall)
	r.seen.Encode(out.Encoder)
	out.rest(r.version)
	return out.Seal()
}

// RestoreDedupe puts back which points were seen, and the totals of models that found no room. It
// never panics, whatever the bytes.
func (e *Engine) RestoreDedupe(now time.Time, data []byte) error {
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	out := e.newSeen()
	wall := now.Unix()
	d.startsAt(wall)
	out.Decode(d.Decoder, d.name, func() int64 {
		return d.since(d.seconds())
	})
	version := d.rest()
	if err := d.End(); err != nil {
		out.Release()
		return err
	}
	e.newest(now)
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.rests[""]; old != nil {
		old.seen.Release()
	}
	e.rests[""] = &rest{version: version, seen: out}
	e.notes.namesCut(d.cuts)
	return nil
}
