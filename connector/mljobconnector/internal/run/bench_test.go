// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
)

// plainStages are the spans of a run of 20 plain stages, as strings of their own as a reader makes
// them.
func plainStages(run int) []Span {
	spans := make([]Span, 20)
	for i := range spans {
		spans[i] = span(KindStage, run*100+i+1, i*60, i*60+59, task(fmt.Sprintf("stage_%02d", i)), wrote(1000), parent(1))
		spans[i].TraceID = traceID(run)
	}
	return spans
}

// TestMemory prints what a run of 20 plain stages takes in memory.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the heap")
	}
	const n = 2000
	runs := make([]*Run, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range runs {
		runs[i] = New(Key{"production", fmt.Sprint("job-", i%100)}, fmt.Sprintf("scheduled__2026-11-22T%06d", i), false, DefaultLimits)
		spans := plainStages(i)
		for j := range spans {
			runs[i].Add(&spans[j], at(j*60+60))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / n
	data := encoded(runs[0])
	t.Logf("%.0f bytes a run of 20 stages in memory, %d stored", each, len(data))
	if each > 4096 {
		t.Errorf("a run of 20 plain stages takes %.0f bytes", each)
	}
	runtime.KeepAlive(runs)
}

func BenchmarkAdd(b *testing.B) {
	spans := plainStages(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var r *Run
		if i%20 == 0 {
			r = newRun(DefaultLimits)
			benchRun = r
		}
		benchRun.Add(&spans[i%20], base)
	}
}

// benchRun is the run at hand.
var benchRun *Run

// BenchmarkAddInner adds inner spans to a run that remembers as many as it can.
func BenchmarkAddInner(b *testing.B) {
	r := newRun(DefaultLimits)
	s := span(KindInner, 1, 0, 1, task("train"), parent(1))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.SpanID = spanID(i)
		r.Add(&s, base)
	}
}

// BenchmarkAddInstance adds spans to a stage of 10,000 instances, each with three null ratios.
func BenchmarkAddInstance(b *testing.B) {
	const n = 10000
	spans := make([]Span, n)
	for i := range spans {
		spans[i] = span(KindStage, i+1, 0, 1, task("score"), instance(strconv.Itoa(i)), nulls("age", 0.1), nulls("price", 0), nulls("country", 0.5))
	}
	var r *Run
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%n == 0 {
			r = newRun(DefaultLimits)
		}
		r.Add(&spans[i%n], base)
	}
}

func BenchmarkMarshal(b *testing.B) {
	r := of(plainStages(1)...)
	var data []byte
	b.ReportAllocs()
	for b.Loop() {
		data = encoded(r)
	}
	b.ReportMetric(float64(len(data)), "bytes/run")
}

func BenchmarkUnmarshal(b *testing.B) {
	data := encoded(of(plainStages(1)...))
	r := newRun(DefaultLimits)
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(r, data); err != nil {
			b.Fatal(err)
		}
	}
}
