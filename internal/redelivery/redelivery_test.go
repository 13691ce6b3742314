// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package redelivery

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestSeen(t *testing.T) {
	f := NewFilter(100)
	assert.False(t, f.Has(1))
	assert.False(t, f.Seen(1), "first time")
	assert.True(t, f.Seen(1), "again")
	assert.True(t, f.Has(1))
	assert.False(t, f.Seen(2))
	assert.False(t, f.Seen(0), "no id is never repeated")
	assert.False(t, f.Seen(0))
}

// The last half of the limit is remembered at least, and the limit at most: memory stays bounded.
func TestOldOnesAreForgotten(t *testing.T) {
	const limit = 32_000
	f := NewFilter(limit)
	for i := range uint64(10 * limit) {
		assert.False(t, f.Seen(i+1))
	}
	remembered, slots := 0, 0
	for i := range uint64(10 * limit) {
		has := f.Has(i + 1)
		if has {
			remembered++
		}
		if i >= 10*limit-limit*4/10 { // stripes are not filled alike
			assert.True(t, has, i)
		}
	}
	for i := range f.parts {
		slots += len(f.parts[i].young.slots) + len(f.parts[i].old.slots)
	}
	assert.LessOrEqual(t, remembered, limit)
	assert.LessOrEqual(t, 8*slots, 32*limit)
}

func TestFingerprint(t *testing.T) {
	trace, id := pcommon.TraceID{1, 15: 2}, pcommon.SpanID{7: 3}
	a := Fingerprint(trace, id, 2)
	assert.Equal(t, a, Fingerprint(trace, id, 2))
	for _, other := range []uint64{
		Fingerprint(trace, id, 3), Fingerprint(trace, pcommon.SpanID{7: 4}, 2), Fingerprint(pcommon.TraceID{2, 15: 2}, id, 2),
		Fingerprint(pcommon.TraceID{1, 15: 3}, id, 2),
	} {
		assert.NotEqual(t, a, other)
	}
	assert.Zero(t, Fingerprint(trace, pcommon.SpanID{}, 2))
}

func TestConcurrentRepeatsAreCountedOnce(t *testing.T) {
	f := NewFilter(10_000)
	var first atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for id := range uint64(500) {
				if !f.Seen(id + 1) {
					first.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(500), first.Load())
}

func BenchmarkSeen(b *testing.B) {
	f := NewFilter(1_000_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var id pcommon.SpanID
		for i := uint64(1); pb.Next(); i++ {
			binary.BigEndian.PutUint64(id[:], i)
			f.Seen(Fingerprint(pcommon.TraceID{15: 1}, id, 2))
		}
	})
}
