// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package recent

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAdd(t *testing.T) {
	f := NewSet(100)
	assert.False(t, f.Has(1))
	assert.False(t, f.Add(1), "first time")
	assert.True(t, f.Add(1), "again")
	assert.True(t, f.Has(1))
	assert.False(t, f.Add(2))
	assert.False(t, f.Add(0), "no id is never repeated")
	assert.False(t, f.Add(0))
}

// The last half of the limit is remembered at least, and the limit at most: memory stays bounded.
func TestOldOnesAreForgotten(t *testing.T) {
	const limit = 32_000
	f := NewSet(limit)
	for i := range uint64(10 * limit) {
		assert.False(t, f.Add(i+1))
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

func TestFingerprints(t *testing.T) {
	trace, id := [16]byte{1, 15: 2}, [8]byte{7: 3}
	a := Span(trace, id, 2)
	assert.Equal(t, a, Span(trace, id, 2))
	for _, other := range []uint64{
		Span(trace, id, 3), Span(trace, [8]byte{7: 4}, 2), Span([16]byte{2, 15: 2}, id, 2),
		Span([16]byte{1, 15: 3}, id, 2),
	} {
		assert.NotEqual(t, a, other)
	}
	assert.Zero(t, Span(trace, [8]byte{}, 2))
	assert.NotZero(t, Trace(trace))
	assert.NotEqual(t, Trace(trace), Trace([16]byte{1, 15: 3}))
}

func TestConcurrentRepeatsAreCountedOnce(t *testing.T) {
	f := NewSet(10_000)
	var first atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for id := range uint64(500) {
				if !f.Add(id + 1) {
					first.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(500), first.Load())
}

func BenchmarkAdd(b *testing.B) {
	f := NewSet(1_000_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var id [8]byte
		for i := uint64(1); pb.Next(); i++ {
			binary.BigEndian.PutUint64(id[:], i)
			f.Add(Span([16]byte{15: 1}, id, 2))
		}
	})
}
