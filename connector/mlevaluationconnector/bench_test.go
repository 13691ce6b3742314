// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// spansPerRequest is that of the benchmarks: the time of an operation is of so many spans or labels.
const spansPerRequest = 500

// BenchmarkPredictions is a request of predictions with an id, a score and a segment, without a storage
// and with one in memory.
func BenchmarkPredictions(b *testing.B) {
	for name, stored := range map[string]bool{"memory": false, "stored": true} {
		b.Run(name, func(b *testing.B) {
			c := newCollector(b, func(cfg *Config) {
				if !stored {
					cfg.Storage = nil
				}
				cfg.Limits.Predictions = 200_000
			})
			td := ptrace.NewTraces()
			all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
			for n := range spansPerRequest {
				s := all.AppendEmpty()
				answered(n, "1", 0.9)(s)
				s.Attributes().Remove(mlconv.AttrPredictionID) // the span's id is the key, which is new each time
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for _, s := range all.All() {
					id := s.SpanID()
					id[1], id[2], id[3] = byte(i), byte(i>>8), byte(i>>16)
					s.SetSpanID(id)
				}
				c.spans(td)
			}
			b.StopTimer()
			c.stop()
		})
	}
}

// BenchmarkOtherSpans is a request of spans that are no predictions.
func BenchmarkOtherSpans(b *testing.B) {
	c := newCollector(b, nil)
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range spansPerRequest {
		s := all.AppendEmpty()
		for _, key := range []string{"http.request.method", "url.full", "server.address", "server.port", "http.response.status_code", "user_agent.original"} {
			s.Attributes().PutStr(key, "something")
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c.spans(td)
	}
	b.StopTimer()
	c.stop()
}

// BenchmarkLabels is a request of labels that meet their predictions.
func BenchmarkLabels(b *testing.B) {
	c := newCollector(b, func(cfg *Config) { cfg.Storage, cfg.Misjudged.PerMinute = nil, 0 })
	labels := make([]label.Label, spansPerRequest)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		fill := make([]func(ptrace.Span), spansPerRequest)
		for i := range fill {
			fill[i] = answered(n, "1", 0.9)
			labels[i] = truthOf(n, "0")
			n++
		}
		c.predict(fill...)
		b.StartTimer()
		c.label(labels...)
	}
	b.StopTimer()
	c.stop()
}
