// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
)

const benchSpans = 500

var benchTime = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// benchTraces returns spans as they come off the wire: unmarshalled, so that no strings are shared.
func benchTraces(tb testing.TB, spans int, fill func(s ptrace.Span, rng *rand.Rand)) ptrace.Traces {
	tb.Helper()
	rng := rand.New(rand.NewPCG(2, 2))
	td := ptrace.NewTraces()
	for i := range spans {
		s := spanAt(td, benchTime.Add(time.Duration(i)*time.Millisecond), byte(i))
		s.SetTraceID([16]byte{1, byte(i), byte(i >> 8)})
		s.Attributes().PutStr("ml.prediction.class", []string{"ok", "fraud"}[rng.IntN(2)])
		s.Attributes().PutDouble("ml.prediction.confidence", rng.Float64())
		s.Attributes().PutStr("http.request.method", "POST")
		s.Attributes().PutStr("url.path", "/v1/predict")
		s.Attributes().PutInt("http.response.status_code", 200)
		s.Attributes().PutStr("server.address", "fraud.example.com")
		fill(s, rng)
	}
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(tb, err)
	td, err = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	require.NoError(tb, err)
	return td
}

func putFeatures(s ptrace.Span, rng *rand.Rand) {
	for i := range 20 {
		s.Attributes().PutDouble(fmt.Sprintf("ml.feature.f%02d", i), rng.NormFloat64())
	}
}

var benchCases = []struct {
	name     string
	features int
	rows     int
	segments []string
	fill     func(s ptrace.Span, rng *rand.Rand)
}{
	{name: "8 attributes", fill: func(ptrace.Span, *rand.Rand) {}},
	{name: "28 attributes", features: 20, fill: putFeatures},
	{name: "28 attributes, no baseline", fill: putFeatures},
	{name: "28 attributes, sampled", features: 20, fill: func(s ptrace.Span, rng *rand.Rand) {
		putFeatures(s, rng)
		s.TraceState().FromRaw(fmt.Sprintf("dd=s:1,ot=rv:%014x;th:c", rng.Uint64()>>8))
	}},
	{name: "28 attributes and 2 segments", features: 20, segments: []string{"country", "channel"}, fill: func(s ptrace.Span, rng *rand.Rand) {
		putFeatures(s, rng)
		s.Attributes().PutStr("ml.segment.country", []string{"DE", "FR", "US"}[rng.IntN(3)])
		s.Attributes().PutStr("ml.segment.channel", []string{"web", "app"}[rng.IntN(2)])
	}},
	{name: "map of 20", features: 20, fill: func(s ptrace.Span, rng *rand.Rand) {
		m := s.Attributes().PutEmptyMap("ml.features")
		for i := range 20 {
			m.PutDouble(fmt.Sprintf("f%02d", i), rng.NormFloat64())
		}
	}},
	{name: "JSON of 20", features: 20, fill: func(s ptrace.Span, rng *rand.Rand) {
		m := map[string]any{}
		for i := range 20 {
			m[fmt.Sprintf("f%02d", i)] = rng.NormFloat64()
		}
		data, _ := json.Marshal(m)
		s.Attributes().PutStr("ml.features", string(data))
	}},
	{name: "20 categories", fill: func(s ptrace.Span, rng *rand.Rand) {
		for i := range 20 {
			s.Attributes().PutStr(fmt.Sprintf("ml.feature.c%02d", i), []string{"one", "two", "three"}[rng.IntN(3)])
		}
	}},
	{name: "batch of 100 rows", features: 20, rows: 100, fill: func(s ptrace.Span, rng *rand.Rand) {
		s.Attributes().PutInt("ml.batch.size", 100)
		for i := range 20 {
			list := s.Attributes().PutEmptySlice(fmt.Sprintf("ml.feature.f%02d", i))
			for range 100 {
				list.AppendEmpty().SetDouble(rng.NormFloat64())
			}
		}
	}},
}

func benchConnector(tb testing.TB, features int, segments []string) *summaryConnector {
	cfg := benchConfig()
	cfg.Segments = segments
	var cat *catalogtest.Extension
	if features > 0 {
		card := fraudCard(features)
		card.Segments = segments
		cat = newCatalog(card)
	}
	return started(tb, cfg, consumertest.NewNop(), cat)
}

func benchConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour // what is measured is counting
	return cfg
}

func BenchmarkConsumeTraces(b *testing.B) {
	for _, bc := range benchCases {
		b.Run(bc.name, func(b *testing.B) {
			spans := benchSpans / max(bc.rows/10, 1)
			td := benchTraces(b, spans, bc.fill)
			td.MarkReadOnly()
			c := benchConnector(b, bc.features, bc.segments)
			perSpan := measure(b, c, td)
			if bc.rows > 0 {
				b.ReportMetric(perSpan/float64(bc.rows), "ns/row")
			}
		})
	}
}

// BenchmarkFeatures is a span by the number of its features, each with a baseline.
func BenchmarkFeatures(b *testing.B) {
	for _, n := range []int{5, 20, 100} {
		b.Run(fmt.Sprintf("features=%d", n), func(b *testing.B) {
			td := benchTraces(b, benchSpans, func(s ptrace.Span, rng *rand.Rand) {
				for i := range n {
					s.Attributes().PutDouble(fmt.Sprintf("ml.feature.f%02d", i), rng.NormFloat64())
				}
			})
			td.MarkReadOnly()
			measure(b, benchConnector(b, n, nil), td)
		})
	}
}

// measure consumes td again and again and reports the time a span, in nanoseconds.
func measure(b *testing.B, c *summaryConnector, td ptrace.Traces) (perSpan float64) {
	b.Helper()
	require.NoError(b, c.ConsumeTraces(b.Context(), td))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = c.ConsumeTraces(b.Context(), td)
		}
	})
	perSpan = float64(b.Elapsed().Nanoseconds()) / float64(b.N*td.SpanCount())
	b.ReportMetric(perSpan, "ns/span")
	return perSpan
}

// In the steady state a batch allocates nothing, whatever the number of its spans.
func TestNoAllocationPerSpan(t *testing.T) {
	for _, bc := range benchCases {
		t.Run(bc.name, func(t *testing.T) {
			td := benchTraces(t, 100/max(bc.rows/5, 1), bc.fill)
			c := benchConnector(t, bc.features, bc.segments)
			for range 20 { // counts of exponential histograms widen until they are wide enough
				require.NoError(t, c.ConsumeTraces(t.Context(), td))
			}
			assert.LessOrEqual(t, testing.AllocsPerRun(20, func() {
				_ = c.ConsumeTraces(t.Context(), td)
			}), 3.0, "for %d spans", td.SpanCount())
		})
	}
}

// BenchmarkMadeUp is a span of something that finds no room, each time by another name.
func BenchmarkMadeUp(b *testing.B) {
	const batches = 40
	for _, of := range []string{"ml.model.name", "ml.model.version", "ml.segment.country", "ml.feature.word"} {
		b.Run(of, func(b *testing.B) {
			var flood []ptrace.Traces
			n := 0
			for range batches {
				td := benchTraces(b, benchSpans, func(s ptrace.Span, _ *rand.Rand) {
					n++
					s.Attributes().PutStr(of, fmt.Sprint("made up ", n))
				})
				td.MarkReadOnly()
				flood = append(flood, td)
			}
			c := benchConnector(b, 1, []string{"country"})
			for _, td := range flood {
				require.NoError(b, c.ConsumeTraces(b.Context(), td))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				_ = c.ConsumeTraces(b.Context(), flood[i%batches])
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchSpans), "ns/span")
		})
	}
}
