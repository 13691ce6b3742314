// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// recentSlots is the number of traces and parents that are remembered, 8 bytes each: 2 MiB in all.
const recentSlots = 1 << 18

// recentCalls remembers in which traces calls were seen, and below which spans. Each has one slot, of which the last one that came keeps it: a
// trace is forgotten when another takes its slot, after about a quarter of a million calls. It takes no lock. The zero value works.
type recentCalls struct {
	once  sync.Once
	slots []atomic.Uint64
	used  atomic.Bool
}

func (r *recentCalls) add(calls []call) {
	if len(calls) == 0 {
		return
	}
	r.once.Do(func() {
		r.slots = make([]atomic.Uint64, recentSlots)
		r.used.Store(true)
	})
	var last pcommon.TraceID
	for i := range calls {
		c := &calls[i]
		if c.trace != last {
			r.put(digest(spanKey{trace: c.trace}))
			last = c.trace
		}
		if !c.parent.IsEmpty() {
			r.put(digest(spanKey{c.trace, c.parent}))
		}
	}
}

// in reports whether a call of the trace was seen.
func (r *recentCalls) in(trace pcommon.TraceID) bool { return r.has(digest(spanKey{trace: trace})) }

// below reports whether a call was seen whose parent is the span.
func (r *recentCalls) below(key spanKey) bool { return !key.trace.IsEmpty() && r.has(digest(key)) }

func (r *recentCalls) put(d uint64) { r.slots[d%recentSlots].Store(d) }

func (r *recentCalls) has(d uint64) bool { return r.used.Load() && r.slots[d%recentSlots].Load() == d }

// digest mixes the ids, which need not be random; it is never 0.
func digest(k spanKey) uint64 {
	d := mix(binary.LittleEndian.Uint64(k.trace[:8]))
	d = mix(d ^ binary.LittleEndian.Uint64(k.trace[8:]))
	return mix(d^binary.LittleEndian.Uint64(k.span[:])) | 1<<63
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
