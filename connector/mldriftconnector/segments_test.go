// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// wide is a model with 100 features and 20 segments, each feature missing somewhere in each
// segment, in one of them more than before.
type wide struct {
	base *profile.Profile
	bins *distribution.Bins
}

func newWide() *wide {
	r := rand.New(rand.NewPCG(1, 1))
	w := &wide{base: &profile.Profile{FormatVersion: 1, Rows: 1000}}
	values := make([]float64, 960)
	for i := range values {
		values[i] = r.Float64()
	}
	for f := range 100 {
		w.base.Features = append(w.base.Features, profile.NewNumeric(fmt.Sprint("f", f), append([]float64(nil), values...), 40, distribution.DefaultBins))
	}
	w.bins, _ = distribution.NewBins(w.base.Features[0].Numeric.Bounds)
	return w
}

// minute is 100 rows in the total and in each segment every five minutes; missing says how many of
// 20 of a segment's lack feature f0.
func (w *wide) minute(start time.Time, missing func(segment int) int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	if start.Minute()%5 != 0 {
		return md
	}
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	at := pcommon.NewTimestampFromTime(start)
	sum := func(name string) pmetric.NumberDataPointSlice {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		return m.Sum().DataPoints()
	}
	dimensions := func(a pcommon.Map, segment int, feature string) {
		a.PutStr(mlconv.AttrModelName, "wide")
		if segment > 0 {
			a.PutStr(mlconv.AttrSegment, fmt.Sprint("shop=", segment))
		}
		if feature != "" {
			a.PutStr(mlconv.AttrFeatureName, feature)
		}
	}
	predictions, absent := sum(mlconv.MetricPredictionCount), sum(mlconv.MetricFeatureMissingCount)
	for segment := range 21 {
		p := predictions.AppendEmpty()
		p.SetStartTimestamp(at)
		p.SetIntValue(100)
		dimensions(p.Attributes(), segment, "")
		for f, c := range w.base.Features {
			n := 1
			if f == 0 {
				n = missing(segment)
			}
			p := absent.AppendEmpty()
			p.SetStartTimestamp(at)
			p.SetIntValue(int64(5 * n))
			dimensions(p.Attributes(), segment, c.Name)
		}
	}
	m := sm.Metrics().AppendEmpty()
	m.SetName(mlconv.MetricFeatureValue)
	m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	r := rand.New(rand.NewPCG(uint64(start.Unix()), 1))
	for _, c := range w.base.Features {
		values := make([]float64, 95)
		for i := range values {
			values[i] = r.Float64()
		}
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetStartTimestamp(at)
		p.SetCount(95)
		p.ExplicitBounds().FromRaw(w.bins.Bounds())
		p.BucketCounts().FromRaw(w.bins.Count(values))
		dimensions(p.Attributes(), 0, c.Name)
	}
	return md
}

// drift counts the series of an emission whose names begin with ml.drift, in all and those of one
// segment.
func driftSeries(md pmetric.Metrics, segment string) (all, of int) {
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Type() != pmetric.MetricTypeGauge {
			continue
		}
		for _, p := range m.Gauge().DataPoints().All() {
			all++
			if v, ok := p.Attributes().Get(mlconv.AttrSegment); ok && v.Str() == segment {
				of++
			}
		}
	}
	return all, of
}

// The README's numbers: what 100 features and 20 segments give to scrape, and what is left where
// only segments that drift are emitted.
func TestSegmentSeries(t *testing.T) {
	counts := map[string][3]int{}
	for _, scores := range []string{ScoresAll, ScoresDrifted} {
		synctest.Test(t, func(t *testing.T) {
			w := newWide()
			m := &catalog.Model{Name: "wide", Baseline: w.base}
			h := testkit.Host{catalogID: catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{m}, nil))}
			out, logs := &testkit.MetricsSink{}, &logSink{}
			b := startBoth(t, settings(), config(func(c *Config) {
				c.Segments.Scores = scores
				c.Window, c.For, c.EmitInterval = "10m", 1, 5*time.Minute
			}), h, out, logs)
			time.Sleep(30 * time.Second) // so that no flush comes at the moment of an emission
			last := func() pmetric.Metrics {
				all := out.AllMetrics()
				return all[len(all)-1]
			}
			minutes := func(n, missing int) {
				for range n {
					start := time.Now().Truncate(time.Minute)
					time.Sleep(time.Minute)
					require.NoError(t, b.edges[1].ConsumeMetrics(t.Context(), w.minute(start, func(s int) int {
						if s == 3 {
							return missing
						}
						return 1
					})))
				}
				synctest.Wait()
			}
			minutes(25, 1)
			healthy, _ := driftSeries(last(), "")
			minutes(25, 8)
			drifted, of := driftSeries(last(), "shop=3")
			counts[scores] = [3]int{healthy, drifted, of}
			assert.Equal(t, 1.0, value(t, last(), mlconv.MetricDriftDetected, mlconv.AttrSegment, "shop=3", mlconv.AttrFeatureName, "f0"))
			assert.Equal(t, 0.0, value(t, last(), mlconv.MetricDriftDetected, mlconv.AttrSegment, "shop=4", mlconv.AttrFeatureName, "f0"))
			list := logs.take(t)
			require.NotEmpty(t, list, "alerts are the same")
			assert.Regexp(t, `^model wide, shop=3: f0 is missing in [234]\d % of the rows, was 4 % \(difference 0\.\d+ over 0\.05, n = 200\)$`, list[0].Summary)

			// After the drift has ended its series say so before they are gone.
			minutes(25, 1)
			assert.Equal(t, 0.0, value(t, last(), mlconv.MetricDriftDetected, mlconv.AttrSegment, "shop=3", mlconv.AttrFeatureName, "f0"))
			pairs := []string{mlconv.AttrSegment, "shop=3", mlconv.AttrFeatureName, "f0", mlconv.AttrDriftVerdict, "drift"}
			assert.Equal(t, 0.0, value(t, last(), mlconv.MetricDriftVerdict, pairs...))
			minutes(70, 1)
			_, of = driftSeries(last(), "shop=3")
			if scores != ScoresAll {
				assert.Equal(t, 100, of, "one a feature again")
			}
			b.shutdown(t)
		})
	}
	t.Log(counts)
	assert.Equal(t, map[string][3]int{
		ScoresAll:     {31800, 31801, 1401},
		ScoresDrifted: {5800, 5814, 114},
	}, counts)
}

// A verdict that is insufficient says why, and a line says it once an hour.
func TestReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		set := settings()
		lines := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
		out := &testkit.MetricsSink{}
		c := started(t, set, config(func(c *Config) { c.MinSamples = 1000 }), testkit.Host{catalogID: testCards(base)}, out)
		p := newProducer(base, "p", 1)
		reason := func(name string) (holds []string) {
			all := out.AllMetrics()
			for q := range testkit.Points(mlconv.MetricDriftVerdict, all[len(all)-1]) {
				subject, _ := q.Attributes().Get(mlconv.AttrDriftSubject)
				feature, _ := q.Attributes().Get(mlconv.AttrFeatureName)
				if v, ok := q.Attributes().Get(mlconv.AttrDriftReason); ok && subject.Str()+" "+feature.Str() == name {
					holds = append(holds, fmt.Sprint(v.Str(), " ", q.IntValue()))
				}
			}
			return holds
		}
		hours(t, c, p, 3, 5, 0)
		testkit.Advance(31 * time.Second)
		assert.Equal(t, []string{"few 1"}, reason("feature x"))
		assert.Equal(t, []string{"no_reference 1"}, reason("class "))
		few := lines.FilterField(zap.String("reason", "few")).All()
		require.NotEmpty(t, few)
		require.LessOrEqual(t, len(few), 3, "one a window")
		got := few[len(few)-1].ContextMap()
		assert.Equal(t, "fraud", got["model"])
		assert.Equal(t, "7", got["version"])
		assert.NotEmpty(t, got["feature"])
		assert.EqualValues(t, 1000, got["needed"])
		assert.Greater(t, got["samples"], uint64(200))
		assert.EqualValues(t, 4, got["series"])
		require.NotEmpty(t, lines.FilterField(zap.String("reason", "no_reference")).All())

		hours(t, c, p, 2, 5, 0)
		testkit.Advance(31 * time.Second)
		assert.Equal(t, []string{"few 0", "pending 0"}, reason("feature x"), "no backend goes on with the reason that was")
		require.NoError(t, c.Shutdown(t.Context()))
	})
}
