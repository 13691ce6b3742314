// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// sampler sets the tracestate of a span, and says whether the sampler keeps it.
type sampler func(s ptrace.Span, fraud bool) bool

// keepAll knows nothing of sampling.
func keepAll(ptrace.Span, bool) bool { return true }

// atRate keeps a share of the traces, as OpenTelemetry's samplers do.
func atRate(t *testing.T, rate float64) sampler {
	threshold, err := sampling.ProbabilityToThresholdWithPrecision(rate, 6)
	require.NoError(t, err)
	return func(s ptrace.Span, _ bool) bool {
		s.TraceState().FromRaw("dd=s:1,ot=th:" + threshold.TValue())
		return threshold.ShouldSample(sampling.TraceIDToRandomness(s.TraceID()))
	}
}

// sampledTraffic are predictions of which one in twenty is fraud, with features that differ from
// those of the rest.
func sampledTraffic(spans int, sampler sampler) (td ptrace.Traces, kept int) {
	rng := rand.New(rand.NewPCG(31, 32))
	td = ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range spans {
		s := ptrace.NewTraces().ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		var trace pcommon.TraceID
		binary.BigEndian.PutUint64(trace[:8], rng.Uint64())
		binary.BigEndian.PutUint64(trace[8:], rng.Uint64())
		s.SetTraceID(trace)
		var id pcommon.SpanID
		binary.BigEndian.PutUint64(id[:], rng.Uint64())
		s.SetSpanID(id)
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(benchTime))
		a := s.Attributes()
		a.PutStr("ml.model.name", "fraud")
		fraud := rng.IntN(20) == 0
		class, shift := "ok", 0.0
		if fraud {
			class, shift = "fraud", 2
		}
		a.PutStr("ml.prediction.class", class)
		a.PutDouble("ml.prediction.confidence", rng.Float64())
		a.PutDouble("ml.feature.f00", rng.NormFloat64()+shift)
		if rng.IntN(10) > 0 {
			a.PutDouble("ml.feature.f01", rng.NormFloat64())
		}
		a.PutStr("ml.feature.channel", []string{"web", "app", "phone"}[min(rng.IntN(4), 2)])
		a.PutStr("ml.segment.country", []string{"DE", "FR"}[rng.IntN(2)])
		if sampler(s, fraud) {
			kept++
			s.MoveTo(list.AppendEmpty())
		}
	}
	return td, kept
}

// cell is a count of a series: of a category, or of the tenth of the bins that a value is in.
type cell struct {
	key  delta.Key
	name string
}

// weighed is a count of rows, and the sum of their squared weights where it is of a whole point.
type weighed struct{ count, squares float64 }

// summarise counts traces, and returns what was flushed by cell.
func summarise(t *testing.T, change func(*Config), td ptrace.Traces) (map[cell]weighed, []pmetric.Metrics) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	change(cfg)
	card := fraudCard(2)
	card.Segments, card.SegmentFeatures = []string{"country"}, []string{"f00"}
	next := &link{}
	c := started(t, cfg, next, newCatalog(card))
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	require.NoError(t, c.Shutdown(context.Background()))
	cells := make(map[cell]weighed)
	for _, md := range next.AllMetrics() {
		for _, d := range otlp.Decode(t.Context(), md).Deltas {
			whole := cells[cell{d.Key, d.Category}]
			whole.count += float64(d.Count)
			whole.squares += float64(d.Squares())
			cells[cell{d.Key, d.Category}] = whole
			for i, n := range d.Counts {
				at := cell{d.Key, fmt.Sprintf("tenth %d", i*10/len(d.Counts))}
				tenth := cells[at]
				tenth.count += float64(n)
				cells[at] = tenth
			}
		}
	}
	return cells, next.AllMetrics()
}

// A sample gives the distribution of the whole: where every fraud is kept and 5 % of the rest, where
// traces come at three rates, and at one rate that is no whole number.
func TestSampledTracesGiveTheWholeDistribution(t *testing.T) {
	const spans = 20_000
	whole, _ := sampledTraffic(spans, keepAll)
	want, _ := summarise(t, func(*Config) {}, whole)
	require.Greater(t, len(want), 50)

	twentieth, half, third := atRate(t, 0.05), atRate(t, 0.5), atRate(t, 0.3)
	turn := 0
	for name, c := range map[string]struct {
		sampler sampler
		// most is the largest weight, to bound how far a count may be off.
		most float64
	}{
		"errors and 5 %": {func(s ptrace.Span, fraud bool) bool { return fraud || twentieth(s, fraud) }, 20},
		"mixed rates": {func(s ptrace.Span, fraud bool) bool {
			turn++
			return []sampler{keepAll, twentieth, half}[turn%3](s, fraud)
		}, 20},
		"30 %": {third, 4},
	} {
		t.Run(name, func(t *testing.T) {
			td, kept := sampledTraffic(spans, c.sampler)
			require.Less(t, kept, spans*6/10)
			got, _ := summarise(t, func(*Config) {}, td)
			require.Len(t, got, len(want))
			for at, w := range want {
				// A count of n rows of weight w has a variance of n·(w-1) at most.
				assert.InDelta(t, w.count, got[at].count, 5*math.Sqrt(w.count*c.most)+c.most, "%v", at)
			}
			raw, _ := summarise(t, func(c *Config) { c.Sampling = SamplingIgnore }, td)
			rows := cell{key: delta.Key{Model: "fraud", Subject: delta.Confidence}}
			assert.Equal(t, weighed{float64(kept), float64(kept)}, raw[rows])
		})
	}
}

// Each point says how much it is worth: frauds, all of which were kept, and the rest, of which each
// stands for twenty.
func TestSampledPointsSayWhatTheyAreWorth(t *testing.T) {
	twentieth := atRate(t, 0.05)
	frauds := 0
	td, kept := sampledTraffic(20_000, func(s ptrace.Span, fraud bool) bool {
		if fraud {
			frauds++
		}
		return fraud || twentieth(s, fraud)
	})
	got, requests := summarise(t, func(*Config) {}, td)
	class := delta.Key{Model: "fraud", Subject: delta.Class}
	f, rest := got[cell{class, "fraud"}], got[cell{class, "ok"}]
	assert.Equal(t, weighed{float64(frauds), float64(frauds)}, f)
	others := float64(kept - frauds)
	assert.InDelta(t, 20*others, rest.count, 1)
	assert.InDelta(t, 400*others, rest.squares, 40)
	for _, subject := range []delta.Subject{delta.Confidence, delta.Predictions} {
		at := cell{key: delta.Key{Model: "fraud", Subject: subject}}
		assert.Equal(t, weighed{f.count + rest.count, f.squares + rest.squares}, got[at], "%v", subject)
	}
	channels := weighed{}
	for _, name := range []string{"web", "app", "phone"} {
		x := got[cell{delta.Key{Model: "fraud", Subject: delta.Feature, Name: "channel"}, name}]
		channels.count, channels.squares = channels.count+x.count, channels.squares+x.squares
	}
	assert.Equal(t, weighed{f.count + rest.count, f.squares + rest.squares}, channels)
	present := got[cell{key: delta.Key{Model: "fraud", Subject: delta.Feature, Name: "f01"}}]
	missing := got[cell{key: delta.Key{Model: "fraud", Subject: delta.Missing, Name: "f01"}}]
	both := weighed{present.count + missing.count, present.squares + missing.squares}
	assert.Equal(t, channels, both)
	segments := weighed{}
	for _, country := range []string{"country=DE", "country=FR"} {
		x := got[cell{key: delta.Key{Model: "fraud", Segment: country, Subject: delta.Feature, Name: "f00"}}]
		segments.count, segments.squares = segments.count+x.count, segments.squares+x.squares
	}
	assert.Equal(t, channels, segments)

	for _, md := range requests {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			method, _ := m.Metadata().Get(mlconv.AttrSamplingMethod)
			assert.Equal(t, mlconv.SamplingAdjusted, method.Str(), m.Name())
		}
	}
}

// Traffic that is whole is sent as ever, byte by byte, whether it says so or not.
func TestWholeTrafficIsSentAsEver(t *testing.T) {
	encode := func(sampler sampler, sampling string) (out []string) {
		td, _ := sampledTraffic(2000, sampler)
		_, requests := summarise(t, func(c *Config) { c.Sampling = sampling }, td)
		for _, md := range requests {
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr(mlconv.AttrSummaryProducer, "")
			data, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
			require.NoError(t, err)
			out = append(out, string(data))
		}
		return out
	}
	want := encode(keepAll, SamplingIgnore)
	assert.NotContains(t, want[0], "squared")
	assert.Equal(t, want, encode(keepAll, SamplingAdjust))
	assert.Equal(t, want, encode(atRate(t, 1), SamplingAdjust))
	assert.NotEqual(t, want, encode(atRate(t, 0.99), SamplingAdjust))
}

// A cumulative count is adjusted, too, and its series are those of whole traffic.
func TestCumulativeCountsAreAdjusted(t *testing.T) {
	td, kept := sampledTraffic(2000, atRate(t, 0.5))
	_, requests := summarise(t, func(c *Config) { c.Temporality = TemporalityCumulative }, td)
	total := uint64(0)
	for _, md := range requests {
		eachPoint(md.ResourceMetrics().At(0), func(p point) {
			_, found := p.attrs.Get(mlconv.AttrSummarySquaredWeights)
			assert.False(t, found, p.metric)
			if _, segment := p.attrs.Get(mlconv.AttrSegment); p.metric == mlconv.MetricPredictionCount && !segment {
				total += p.count
			}
		})
	}
	assert.Equal(t, uint64(2*kept), total)
}
