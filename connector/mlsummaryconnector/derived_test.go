// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// deriving counts spans with a config, and returns the deltas by series, and what was sent.
func deriving(t *testing.T, specs []string, cat *catalogtest.Extension, td ptrace.Traces) (map[string]delta.Delta, []pmetric.Metrics) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	cfg.Derive = specs
	require.NoError(t, cfg.Validate())
	next := &link{}
	c := started(t, cfg, next, cat)
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	require.NoError(t, c.Shutdown(context.Background()))
	got := map[string]delta.Delta{}
	for _, md := range next.AllMetrics() {
		for _, d := range otlp.Decode(t.Context(), md).Deltas {
			got[d.Key.Subject.String()+" "+d.Key.Name] = d
		}
	}
	return got, next.AllMetrics()
}

// Numbers are derived from vectors, scores, texts and numbers, in each form that they come in.
func TestDerivedFeatures(t *testing.T) {
	td := ptrace.NewTraces()
	fill := func(put func(a pcommon.Map)) { put(spanAt(td, benchTime, byte(td.SpanCount()+1)).Attributes()) }
	fill(func(a pcommon.Map) {
		list := a.PutEmptySlice("ml.embedding.query")
		list.AppendEmpty().SetDouble(3)
		list.AppendEmpty().SetInt(-4)
		a.PutStr("ticket.text", "Größe 42")
		a.PutInt("image.width", 640)
		scores := a.PutEmptyMap("ml.prediction.scores")
		scores.PutDouble("ok", 0.5)
		scores.PutDouble("fraud", 0.5)
	})
	fill(func(a pcommon.Map) {
		a.PutStr("ml.embedding.query", "[0, 12, 5]")
		a.PutStr("ml.prediction.class", "ok")
		a.PutStr("ml.prediction.scores", `{"ok": 1, "fraud": 0}`)
	})
	got, sent := deriving(t, []string{
		"ml.embedding.query#norm", "ml.embedding.query#p0", "ml.embedding.query#p2", "ticket.text#text", "image.width#value",
		"ml.prediction.scores#entropy",
	}, nil, td)
	for name, want := range map[string][4]float64{ // count, sum, min, max
		"ml.embedding.query#norm":      {2, 5 + 13, 5, 13},
		"ml.embedding.query#p0":        {2, -3 - 4 + 12 - 5, -7, 7},
		"ml.embedding.query#p2":        {2, -3 + 4 - 12 - 5, -17, 1},
		"ticket.text#characters":       {1, 8, 8, 8},
		"ticket.text#words":            {1, 2, 2, 2},
		"ticket.text#digits":           {1, 0.25, 0.25, 0.25},
		"ticket.text#non_ascii":        {1, 0.25, 0.25, 0.25},
		"image.width#value":            {1, 640, 640, 640},
		"ml.prediction.scores#entropy": {2, 1, 0, 1},
	} {
		d, ok := got["feature "+name]
		if assert.True(t, ok, name) {
			got := []float64{float64(d.Count), d.Sum, d.Min, d.Max}
			assert.InDeltaSlice(t, want[:], got, 1e-9, name)
		}
	}
	for _, md := range sent { // what people have written stays where it is
		data, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		assert.NotContains(t, string(data), "Größe")
	}
	got, _ = deriving(t, nil, nil, td)
	for name := range got {
		assert.NotContains(t, name, "#", "nothing is derived that nobody asked for")
	}
}

// A row of a batch has its own vector, and its own text.
func TestDerivedFeaturesOfBatches(t *testing.T) {
	td := ptrace.NewTraces()
	a := spanAt(td, benchTime, 1).Attributes()
	a.PutInt("ml.batch.size", 3)
	vectors, texts, amounts := a.PutEmptySlice("ml.embedding.query"), a.PutEmptySlice("ticket.text"), a.PutEmptySlice("ml.feature.amount")
	for i := range 3 {
		vectors.AppendEmpty().SetEmptySlice().AppendEmpty().SetDouble(float64(i + 1))
		texts.AppendEmpty().SetStr("xxx"[:i+1])
		amounts.AppendEmpty().SetDouble(1)
	}
	got, _ := deriving(t, []string{"ml.embedding.query#norm", "ticket.text#characters"}, nil, td)
	for _, name := range []string{"feature ml.embedding.query#norm", "feature ticket.text#characters"} {
		d := got[name]
		assert.InDeltaSlice(t, []float64{3, 6, 1, 3}, []float64{float64(d.Count), d.Sum, d.Min, d.Max}, 0, name)
	}
}

// embeddingCard is a model whose baseline has projections of a vector.
func embeddingCard(r *rand.Rand) *catalog.Model {
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: 1000}
	for i := range 8 {
		p.Features = append(p.Features, numericColumn(fmt.Sprintf("ml.embedding.query#p%d", i), distribution.DefaultBins, r))
	}
	return &catalog.Model{Name: "fraud", Baseline: p}
}

// A baseline that has derived features says what is to be derived: they are counted in its bins. A
// vector that is absent, or none, is missing.
func TestBaselineSaysWhatIsDerived(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	card := embeddingCard(r)
	td := ptrace.NewTraces()
	for i := range 10 {
		a := spanAt(td, benchTime, byte(i+1)).Attributes()
		a.PutStr("ml.prediction.class", "ok")
		switch i {
		case 0: // absent
		case 1:
			a.PutStr("ml.embedding.query", "none")
		case 2:
			a.PutEmptySlice("ml.embedding.query").AppendEmpty().SetStr("none")
		default:
			list := a.PutEmptySlice("ml.embedding.query")
			for range 100 {
				list.AppendEmpty().SetDouble(r.NormFloat64() / 10)
			}
		}
	}
	got, _ := deriving(t, nil, newCatalog(card), td)
	for i := range 8 {
		name := fmt.Sprintf("ml.embedding.query#p%d", i)
		d := got["feature "+name]
		assert.Equal(t, uint64(7), d.Count)
		assert.Equal(t, card.Baseline.Features[i].Numeric.Bounds, d.Bounds)
		assert.Equal(t, uint64(3), got["missing "+name].Count)
	}
	card.Derive = []string{"ml.embedding.query#norm"}
	got, _ = deriving(t, nil, newCatalog(card), td)
	assert.Equal(t, uint64(7), got["feature ml.embedding.query#norm"].Count)
	assert.Equal(t, uint64(7), got["feature ml.embedding.query#p0"].Count)
}

// Vectors are added up for their centroid, exactly and over any number of instances; a vector of
// other dimensions is left out, and said.
func TestCentroids(t *testing.T) {
	td := ptrace.NewTraces()
	for i, vector := range [][]float64{{1, 2}, {3, -4}, {1, 2, 3}} {
		s := spanAt(td, benchTime, byte(i+1))
		list := s.Attributes().PutEmptySlice("ml.embedding.query")
		for _, x := range vector {
			list.AppendEmpty().SetDouble(x)
		}
		if i == 1 {
			s.TraceState().FromRaw("ot=th:8")
		}
	}
	card := &catalog.Model{Name: "fraud", Baseline: &profile.Profile{
		FormatVersion: profile.FormatVersion, Rows: 1,
		Embeddings: []*profile.Embedding{{Name: "ml.embedding.query", Count: 1, Centroid: []float64{1, 1}}},
	}}
	for name, cat := range map[string]*catalogtest.Extension{"config": nil, "baseline": newCatalog(card)} {
		got, _ := deriving(t, []string{"ml.embedding.query#centroid"}, cat, td)
		d := got["embedding ml.embedding.query"]
		assert.Equal(t, []float64{1 + 2*3, 2 - 2*4}, d.Vector, name)
		assert.Equal(t, uint64(3), d.Count)
		assert.Equal(t, uint64(5), d.Squares())
		assert.NotContains(t, got, "feature ml.embedding.query#centroid")
	}
}

// embeddings puts a vector of 1536 numbers on a span.
func embeddings(s ptrace.Span, rng *rand.Rand) {
	list := s.Attributes().PutEmptySlice("ml.embedding.query")
	list.EnsureCapacity(1536)
	for range 1536 {
		list.AppendEmpty().SetDouble(rng.NormFloat64() / 39)
	}
}

var derivedCases = []struct {
	name  string
	specs []string
	fill  func(s ptrace.Span, rng *rand.Rand)
}{
	{"a vector that nobody asked for", nil, embeddings},
	{"the centroid of 1536", []string{"ml.embedding.query#centroid"}, embeddings},
	{"8 projections of 1536", []string{"ml.embedding.query#projections"}, embeddings},
	{"a text of 600", []string{"ticket.text#text"}, func(s ptrace.Span, _ *rand.Rand) {
		data, _ := json.Marshal(make([]int, 300))
		s.Attributes().PutStr("ticket.text", string(data))
	}},
	{"entropy of 10", []string{"ml.prediction.scores#entropy"}, func(s ptrace.Span, rng *rand.Rand) {
		list := s.Attributes().PutEmptySlice("ml.prediction.scores")
		for range 10 {
			list.AppendEmpty().SetDouble(rng.Float64())
		}
	}},
}

func derivingConnector(tb testing.TB, specs []string) *summaryConnector {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval, cfg.Derive = time.Hour, time.Hour, specs
	return started(tb, cfg, consumertest.NewNop(), nil)
}

func TestNoAllocationOfDerivedFeatures(t *testing.T) {
	for _, c := range derivedCases {
		t.Run(c.name, func(t *testing.T) {
			td := benchTraces(t, 20, c.fill)
			connector := derivingConnector(t, c.specs)
			for range 20 {
				require.NoError(t, connector.ConsumeTraces(t.Context(), td))
			}
			assert.LessOrEqual(t, testing.AllocsPerRun(20, func() {
				_ = connector.ConsumeTraces(t.Context(), td)
			}), 3.0, "for %d spans", td.SpanCount())
		})
	}
}

func BenchmarkDerive(b *testing.B) {
	for _, c := range derivedCases {
		b.Run(c.name, func(b *testing.B) {
			td := benchTraces(b, 50, c.fill)
			td.MarkReadOnly()
			connector := derivingConnector(b, c.specs)
			b.ReportAllocs()
			for b.Loop() {
				_ = connector.ConsumeTraces(b.Context(), td)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*50), "ns/span")
		})
	}
}
