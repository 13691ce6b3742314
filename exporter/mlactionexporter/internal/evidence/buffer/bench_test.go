// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// batch is a request of predictions as the fraud model's: 3 spans a trace, 12 attributes each.
func batch(n, from int) ptrace.Traces {
	attributes := predicts("7", "http.request.method", "POST", "url.path", "/v2/models/fraud/infer", "server.address", "scoring.example.com")
	for i := range 6 {
		attributes[fmt.Sprint("ml.feature.feature_", i)] = float64(i)
	}
	traces := make([]int, n)
	for i := range traces {
		traces[i] = from + i/3
	}
	return request(time.Now(), attributes, traces...)
}

// BenchmarkAdd beside BenchmarkMarshal, which every exporter does: per span.
func BenchmarkAdd(b *testing.B) {
	w := open(b, b.TempDir(), func(o *Options) { o.MaxBytes, o.MaxTraces, o.Now = 256<<20, 500_000, time.Now })
	const n = 512
	td := batch(n, 0)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for j := range n {
			spans.At(j).SetTraceID(traceID(i*n/3 + j/3))
		}
		w.Add(td)
	}
	require.NoError(b, w.flush(b.Context()))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
	b.ReportMetric(float64(w.Stats().Full)/float64(b.N*n), "dropped/span")
}

func BenchmarkMarshal(b *testing.B) {
	const n = 512
	td := batch(n, 0)
	b.ReportAllocs()
	for b.Loop() {
		_, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
}

func BenchmarkGather(b *testing.B) {
	const n = 512
	td := batch(n, 0)
	var all []seen
	b.ReportAllocs()
	for b.Loop() {
		all = gather(all[:0], td)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
}

// BenchmarkFind is what an alert costs: traces out of a full buffer.
func BenchmarkFind(b *testing.B) {
	w := open(b, b.TempDir(), func(o *Options) { o.MaxBytes, o.MaxTraces, o.Now = 256<<20, 500_000, time.Now })
	for i := range 800 {
		w.Add(batch(512, i*170))
		if i%50 == 0 {
			require.NoError(b, w.flush(b.Context()))
		}
	}
	b.Run("contrast", func(b *testing.B) {
		for b.Loop() {
			require.NotEmpty(b, w.Contrast(traceID(800*170-3), Like{}, 4))
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			w.t = b
			require.Positive(b, w.spansOf("", 800*170-3))
		}
	})
	b.Run("open", func(b *testing.B) {
		require.NoError(b, w.Close())
		for b.Loop() {
			o, err := Open(w.options)
			require.NoError(b, err)
			require.NoError(b, o.Close())
		}
		b.ReportMetric(float64(w.Stats().Bytes), "bytes")
	})
}
