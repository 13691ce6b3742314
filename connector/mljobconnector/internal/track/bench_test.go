// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// nowhere is a Store that takes everything.
type nowhere struct{}

func (nowhere) Get(context.Context, string) ([]byte, error)    { return nil, nil }
func (nowhere) Batch(context.Context, map[string][]byte) error { return nil }

const (
	benchRuns, benchStages = 10_000, 20
	// benchBatch is the number of spans in a batch, each of another run.
	benchBatch = 100
)

// benchmark has 10,000 runs of 20 stages that go on at the same time: their spans come stage by
// stage, in batches of 100 spans of 100 runs, and the tracker ticks every second of 4,000 spans. It
// prints ns/span (with the ticks and the writing), the bytes that a run takes in memory when all
// its stages have come, and the bytes that were written for a span.
func benchmark(b *testing.B, store func() Store) {
	b.Helper()
	o := options()
	o.Limits.Runs, o.Limits.Jobs = 2*benchRuns, 1000
	names := make([]string, benchStages)
	for s := range names {
		names[s] = fmt.Sprintf("stage-%02d", s)
	}
	ids := make([]of, benchRuns)
	for n := range ids {
		ids[n] = of{job: fmt.Sprintf("job-%03d", n%500), environment: "prod", id: fmt.Sprintf("scheduled__%05d", n), trace: n + 1}
	}
	batch := make([]run.Span, benchBatch)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		w := New(o)
		now := day0
		if _, err := w.Load(b.Context(), store(), now); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		spans := 0
		for s := range benchStages {
			for first := 0; first < benchRuns; first += benchBatch {
				for i := range batch {
					o := &ids[first+i]
					batch[i] = o.stage(s+2, names[s], run.Success, now.Add(-time.Minute), now)
				}
				if err := w.Observe(b.Context(), now, batch); err != nil {
					b.Fatal(err)
				}
				if spans += benchBatch; spans%4000 == 0 {
					now = now.Add(time.Second)
					if err := w.Tick(b.Context(), now); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if s := w.SelfStats(); s.OpenRuns != benchRuns {
			b.Fatalf("%d runs are open", s.OpenRuns)
		}
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benchRuns, "bytes/run")
		runtime.KeepAlive(w)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(benchRuns*benchStages), "ns/span")
}

func BenchmarkRunsNoStore(b *testing.B) { benchmark(b, func() Store { return nil }) }

func BenchmarkRunsNoOpStore(b *testing.B) { benchmark(b, func() Store { return nowhere{} }) }

// The bytes/run have the values in the map, too.
func BenchmarkRunsMapStore(b *testing.B) {
	var m *memory
	benchmark(b, func() Store { m = newMemory(); return m })
	b.ReportMetric(float64(m.bytes)/(benchRuns*benchStages), "written-bytes/span")
}
