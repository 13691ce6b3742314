// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
)

func newSeen(producers int) *delta.Seen { return delta.NewSeen(producers, placeKept) }

// encodeDedupe writes which points were seen, and what is passed on of models that found no room.
func (e *Engine) encodeDedupe() []byte {
	out := newEncoder(1 << 10)
	out.Varint(e.wall)
	e.seen.Encode(out.Encoder)
	out.rest(e.rest)
	return out.Seal()
}

// RestoreDedupe puts back which points were seen, and the totals of models that found no room. It
// never panics, whatever the bytes.
func (e *Engine) RestoreDedupe(now time.Time, data []byte) error {
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	out := newSeen(e.opts.Limits.Producers)
	wall := now.Unix()
	d.startsAt(wall)
	out.Decode(d.Decoder, d.name, func() int64 {
		return d.since(d.seconds())
	})
	if d.Err() != nil {
		return d.Err()
	}
	rest := d.rest()
	if d.Err() == nil && d.Len() > 0 {
		d.Fail()
	}
	if d.Err() != nil {
		return d.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wall = max(e.wall, wall)
	e.seen, e.rest = out, rest
	e.stats.NamesCut += d.cuts
	return nil
}
