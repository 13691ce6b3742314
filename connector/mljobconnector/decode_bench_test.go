// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// ordinary returns a request of predictions with 28 attributes each.
func ordinary(t testing.TB, spans int) ptrace.Traces {
	span := attributes{
		"ml.model.name": "fraud", "ml.model.version": "7", "ml.prediction.class": "ok", "ml.prediction.confidence": 0.93,
		"http.request.method": "POST", "http.route": "/v1/predict", "http.response.status_code": 200, "server.address": "fraud",
	}
	for i := range 20 {
		span[fmt.Sprintf("ml.feature.f%02d", i)] = float64(i)
	}
	require.Len(t, span, 28)
	return repeated(t, attributes{"service.name": "fraud", "host.name": "a"}, span, spans)
}

// stages returns a request of attempts of a stage.
func stages(t testing.TB, spans int) ptrace.Traces {
	return repeated(t, attributes{"service.name": "trainer", "cicd.pipeline.name": "recsys", "cicd.pipeline.run.id": "r"}, attributes{
		"cicd.pipeline.task.name": "transform", "cicd.pipeline.task.run.result": "success", "ml.stage.rows.in": 100000, "ml.stage.rows.out": 99000,
		"ml.stage.null_ratio.amount": 0.01, "ml.stage.null_ratio.country": 0.02, "ml.stage.attempt": 1, "ml.stage.metric.val_auc": 0.91,
	}, spans)
}

func repeated(t testing.TB, resource, span attributes, spans int) ptrace.Traces {
	td, _ := request(t, resource, span)
	list := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	list.EnsureCapacity(spans)
	for i := 1; i < spans; i++ {
		s := list.AppendEmpty()
		list.At(0).CopyTo(s)
		s.SetSpanID([8]byte{1, byte(i >> 8), byte(i)})
	}
	td.MarkReadOnly()
	return td
}

// Ordinary spans cost no allocation.
func TestOrdinarySpansAllocateNothing(t *testing.T) {
	td := ordinary(t, 100)
	alive := func(string) {}
	r := new(reader)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.read(td, nil, alive)
		r.counts = [len(kinds)]int64{}
	}))
}

func BenchmarkRead(b *testing.B) {
	const spans = 500
	for name, td := range map[string]ptrace.Traces{"ordinary": ordinary(b, spans), "stages": stages(b, spans)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			alive := func(string) {}
			for b.Loop() {
				r := readers.Get().(*reader)
				r.read(td, nil, alive)
				r.release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/spans, "ns/span")
		})
	}
}

// BenchmarkConsume takes whole requests in: 25 runs of 20 spans each, all open; and requests
// without a job's span.
func BenchmarkConsume(b *testing.B) {
	for name, stored := range map[string]bool{"memory": false, "stored": true} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, func(c *Config) { c.MetricsInterval = time.Hour })
			if stored {
				r.withDisk(testkit.NewStorage(nil))
			}
			r.start()
			const runs, spans = 25, 20
			n := uint32(0)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				td := stages(b, runs*spans)
				fresh := ptrace.NewTraces()
				td.CopyTo(fresh)
				fresh.ResourceSpans().At(0).Resource().Attributes().Remove("cicd.pipeline.run.id")
				for i, s := range fresh.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
					if i%spans == 0 {
						n++
					}
					s.SetTraceID([16]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
					s.Attributes().PutStr("cicd.pipeline.task.name", fmt.Sprintf("stage-%d", i%spans))
				}
				fresh.MarkReadOnly()
				b.StartTimer()
				r.consume(fresh)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(runs*spans), "ns/span")
			r.shutdown()
		})
	}
	b.Run("ordinary", func(b *testing.B) {
		r := newRig(b, nil).start()
		td := ordinary(b, 500)
		b.ReportAllocs()
		for b.Loop() {
			r.consume(td)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/span")
		r.shutdown()
	})
}
