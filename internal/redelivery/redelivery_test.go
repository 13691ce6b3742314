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
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// request has one span a given id; the ids of one inner slice share a resource.
func request(ids ...[]uint64) ptrace.Traces {
	traces := ptrace.NewTraces()
	for _, group := range ids {
		spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for _, id := range group {
			var spanID pcommon.SpanID
			binary.BigEndian.PutUint64(spanID[:], id)
			span := spans.AppendEmpty()
			span.SetSpanID(spanID)
			span.SetTraceID(pcommon.TraceID{15: byte(id)})
		}
	}
	return traces
}

func TestRepeated(t *testing.T) {
	f := NewFilter(2)
	assert.False(t, f.Repeated(request([]uint64{1, 2})), "first time")
	assert.True(t, f.Repeated(request([]uint64{1, 2})), "again")
	assert.True(t, f.Repeated(request([]uint64{2}, []uint64{1})), "again, grouped otherwise")
	assert.False(t, f.Repeated(request([]uint64{1})), "a part of it is another request")
	assert.False(t, f.Repeated(request([]uint64{1, 2, 3})), "and so is more than it")
	assert.False(t, f.Repeated(request([]uint64{1, 2})), "forgotten, as two came since")
	assert.Len(t, f.seen, 2)
}

func TestSpansWithoutIdsAreNeverRepeated(t *testing.T) {
	f := NewFilter(2)
	assert.False(t, f.Repeated(request([]uint64{0, 0})))
	assert.False(t, f.Repeated(request([]uint64{0, 0})))
	assert.False(t, f.Repeated(ptrace.NewTraces()))
}

func TestConcurrentRepeatsAreCountedOnce(t *testing.T) {
	f := NewFilter(1000)
	var first atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for id := range uint64(500) {
				if !f.Repeated(request([]uint64{id + 1})) {
					first.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(500), first.Load())
}

func BenchmarkRepeated(b *testing.B) {
	ids := make([]uint64, 500)
	for i := range ids {
		ids[i] = uint64(i) + 1
	}
	traces := request(ids)
	f := NewFilter(4096)
	b.ReportAllocs()
	for b.Loop() {
		f.Repeated(traces)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/span")
}
