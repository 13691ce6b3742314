// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// beginning is the first hour of the traffic.
var beginning = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// drifted sends hours of traffic through ml_summary and ml_drift, and returns the hours in which
// each subject, or feature, was in drift against the baseline.
func drifted(t *testing.T, card *catalog.Model, change func(*mlsummaryconnector.Config), hours []ptrace.Traces) map[string][]int {
	t.Helper()
	host := testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{card}, nil))}
	sink := &consumertest.MetricsSink{}
	df := mldriftconnector.NewFactory()
	dc := df.CreateDefaultConfig().(*mldriftconnector.Config)
	dc.Timestamps, dc.For, dc.Season = mldriftconnector.TimestampsEvent, 1, "none" // hours are judged from the first on
	d, err := df.CreateMetricsToMetrics(t.Context(), settings(df), dc, sink)
	require.NoError(t, err)
	require.NoError(t, d.Start(t.Context(), host))
	sf := mlsummaryconnector.NewFactory()
	sc := sf.CreateDefaultConfig().(*mlsummaryconnector.Config)
	sc.FlushInterval, sc.FeatureFlushInterval = time.Hour, time.Hour
	change(sc)
	for _, td := range hours { // an instance an hour flushes when it stops
		s, err := sf.CreateTracesToMetrics(t.Context(), settings(sf), sc, d)
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context(), host))
		require.NoError(t, s.ConsumeTraces(t.Context(), td))
		require.NoError(t, s.Shutdown(context.Background()))
	}
	require.NoError(t, d.Shutdown(context.Background()))
	out := make(map[string][]int)
	windows := 0
	for _, md := range sink.AllMetrics() {
		for p := range testkit.Points(mlconv.MetricDriftDetected, md) {
			windows++
			if p.IntValue() == 0 {
				continue
			}
			subject, name := attribute(p.Attributes(), mlconv.AttrDriftSubject), attribute(p.Attributes(), mlconv.AttrFeatureName)
			if name != "" {
				subject = name
			}
			out[subject] = append(out[subject], int(p.StartTimestamp().AsTime().Sub(beginning)/time.Hour))
		}
	}
	require.Positive(t, windows, "nothing was judged")
	return out
}

// predictions fills an hour with spans, less those that keep drops.
func predictions(r *rand.Rand, hour, n int, fill func(pcommon.Map) (keep func(ptrace.Span) bool)) ptrace.Traces {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := ptrace.NewSpan()
		var trace pcommon.TraceID
		binary.BigEndian.PutUint64(trace[:8], r.Uint64())
		binary.BigEndian.PutUint64(trace[8:], r.Uint64())
		s.SetTraceID(trace)
		s.SetSpanID(pcommon.SpanID(trace[4:12]))
		end := beginning.Add(time.Duration(hour)*time.Hour + time.Duration(i)*time.Hour/time.Duration(n))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		s.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		if keep := fill(s.Attributes()); keep == nil || keep(s) {
			s.MoveTo(list.AppendEmpty())
		}
	}
	return td
}

// A pipeline that begins to keep all frauds and 8 % of the rest, and another one that changes from
// one rate to another, have not drifted: nothing but the number of spans has changed. Counted as
// they come, they would have.
func TestSamplingIsNoDrift(t *testing.T) {
	const rows = 10_000
	threshold, err := sampling.ProbabilityToThreshold(0.08)
	require.NoError(t, err)
	row := func(r *rand.Rand) (class string, amount float64) {
		if r.IntN(20) == 0 {
			return "fraud", 2 + r.NormFloat64()
		}
		return "ok", r.NormFloat64()
	}
	r := rand.New(rand.NewPCG(1, 2))
	base := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: rows}
	classes, amounts := map[string]uint64{}, []float64{}
	for range rows {
		class, amount := row(r)
		classes[class]++
		amounts = append(amounts, amount)
	}
	base.Prediction = profile.NewCategorical("y", classes, 0, 200)
	base.Features = []*profile.Column{profile.NewNumeric("amount", amounts, 0, distribution.DefaultBins)}
	card := &catalog.Model{Name: "fraud", Baseline: base}

	var hours []ptrace.Traces
	for hour := range 6 {
		hours = append(hours, predictions(r, hour, rows, func(a pcommon.Map) func(ptrace.Span) bool {
			class, amount := row(r)
			a.PutStr(mlconv.AttrPredictionClass, class)
			a.PutDouble("ml.feature.amount", amount)
			if hour < 3 || class == "fraud" {
				return nil
			}
			return func(s ptrace.Span) bool {
				s.TraceState().FromRaw("ot=th:" + threshold.TValue())
				return threshold.ShouldSample(sampling.TraceIDToRandomness(s.TraceID()))
			}
		}))
	}
	require.Less(t, hours[3].SpanCount(), rows/5)
	assert.Empty(t, drifted(t, card, func(*mlsummaryconnector.Config) {}, hours))
	ignored := drifted(t, card, func(c *mlsummaryconnector.Config) { c.Sampling = mlsummaryconnector.SamplingIgnore }, hours)
	assert.Equal(t, []int{3, 4, 5}, ignored["class"], "the test can fail")
	assert.Equal(t, []int{3, 4, 5}, ignored["amount"])
}

// Embeddings that turn away from those of the baseline are in drift, and others are not: the
// projections tell.
func TestEmbeddingDrift(t *testing.T) {
	const dimensions, rows, name = 256, 1000, "ml.embedding.query"
	r := rand.New(rand.NewPCG(3, 4))
	topics := [2][dimensions]float64{}
	for i := range topics {
		for j := range dimensions {
			topics[i][j] = r.NormFloat64()
		}
	}
	vector := func(other float64) []float64 { // a share of the rows is about the other topic
		topic := &topics[0]
		if r.Float64() < other {
			topic = &topics[1]
		}
		v := make([]float64, dimensions)
		for i := range v {
			v[i] = topic[i] + r.NormFloat64()
		}
		return v
	}
	features, err := derive.Parse(name + "#projections")
	require.NoError(t, err)
	values := make([][]float64, len(features))
	var sums derive.Vector
	for range 5000 {
		sums.Reset(len(features), false)
		for _, x := range vector(0) {
			sums.Add(x)
		}
		for i := range features {
			p, _ := sums.Measure(&features[i])
			values[i] = append(values[i], p)
		}
	}
	base := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: 5000}
	for i := range features {
		base.Features = append(base.Features, profile.NewNumeric(features[i].Name, values[i], 0, distribution.DefaultBins))
	}
	var hours []ptrace.Traces
	for hour := range 6 {
		other := []float64{0, 0.3}[hour/3]
		hours = append(hours, predictions(r, hour, rows, func(a pcommon.Map) func(ptrace.Span) bool {
			list := a.PutEmptySlice(name)
			for _, x := range vector(other) {
				list.AppendEmpty().SetDouble(x)
			}
			return nil
		}))
	}
	got := drifted(t, &catalog.Model{Name: "fraud", Baseline: base}, func(*mlsummaryconnector.Config) {}, hours)
	found := 0
	for feature, in := range got {
		assert.Contains(t, feature, name+"#p")
		for _, hour := range in {
			assert.GreaterOrEqual(t, hour, 3, feature)
		}
		if len(in) == 3 {
			found++
		}
	}
	assert.GreaterOrEqual(t, found, 4, "of eight projections: %v", got)
}
