// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// detectorState is what the metrics say of one detector.
type detectorState struct {
	changes         int64
	estimate, last  float64
	hasLast, hasAny bool
}

// detectorStates returns the states of the newest flush, by model, version, detector and subject.
func detectorStates(t *testing.T, requests []pmetric.Metrics) map[string]detectorState {
	t.Helper()
	out := map[string]detectorState{}
	for _, md := range requests {
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				var points pmetric.NumberDataPointSlice
				switch m.Name() {
				case mlconv.MetricStreamChangeCount:
					assert.True(t, m.Sum().IsMonotonic())
					assert.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
					points = m.Sum().DataPoints()
				case mlconv.MetricStreamEstimate, mlconv.MetricStreamLastChange:
					points = m.Gauge().DataPoints()
				default:
					continue
				}
				instance, ok := rm.Resource().Attributes().Get("service.instance.id")
				assert.True(t, ok && instance.Str() != "")
				for _, p := range points.All() {
					word := func(key string) string {
						v, _ := p.Attributes().Get(key)
						return v.AsString()
					}
					key := fmt.Sprintf("%s %s %s %s", word(mlconv.AttrModelName), word(mlconv.AttrModelVersion), word(mlconv.AttrStreamDetector), word(mlconv.AttrStreamSubject))
					s := out[key]
					s.hasAny = true
					switch m.Name() {
					case mlconv.MetricStreamChangeCount:
						s.changes = p.IntValue()
						assert.NotZero(t, p.StartTimestamp())
					case mlconv.MetricStreamEstimate:
						s.estimate = p.DoubleValue()
					default:
						s.last, s.hasLast = p.DoubleValue(), true
					}
					out[key] = s
				}
			}
		}
	}
	return out
}

// rising is a request of n spans of a model's version, each with the confidence, the class ok, and
// what fill adds.
func rising(n int, start time.Time, version string, confidence float64, fill func(s ptrace.Span, i int)) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range n {
		s := spanAt(td, start.Add(time.Duration(i)*time.Second), byte(i))
		s.SetTraceID(pcommon.TraceID{1, byte(i >> 8), byte(i), version[0], byte(start.Hour())})
		s.Attributes().PutStr(mlconv.AttrModelVersion, version)
		s.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
		s.Attributes().PutDouble(mlconv.AttrPredictionConfidence, confidence)
		if fill != nil {
			fill(s, i)
		}
	}
	return td
}

// Each version has detectors of its own; what they see is in the metrics and, once, in the log.
func TestDetectors(t *testing.T) {
	for _, temporality := range []string{TemporalityEventDelta, TemporalityCumulative} {
		cfg := createDefaultConfig().(*Config)
		cfg.Temporality = temporality
		cfg.Detectors = []Detector{
			{Type: "adwin", Of: "confidence"},
			{Type: "adwin", Name: "by_country", Of: "confidence", Models: []string{"other"}},
			{Type: "hddm_a", Of: "error", Label: "app.truth"},
			{Type: "page_hinkley", Of: "ml.feature.amount", Parameters: map[string]float64{"threshold": 100}},
			{Type: "page_hinkley", Of: "http.response.body.size", Parameters: map[string]float64{"threshold": 100}},
			{Type: "rolling_mean", Of: "duration"},
		}
		require.NoError(t, cfg.Validate())
		w := watch(t, cfg)
		truth := func(answer string, amount float64) func(ptrace.Span, int) {
			return func(s ptrace.Span, i int) {
				s.Attributes().PutStr("app.truth", answer)
				s.Attributes().PutInt("http.response.body.size", int64(amount))
				if i%2 == 0 { // a feature comes either way
					s.Attributes().PutDouble("ml.feature.amount", amount)
				} else {
					s.Attributes().PutEmptyMap("ml.features").PutDouble("amount", amount)
				}
			}
		}
		require.NoError(t, w.ConsumeTraces(t.Context(), rising(400, benchTime, "7", 0.9, truth("ok", 5))))
		require.NoError(t, w.ConsumeTraces(t.Context(), rising(400, benchTime, "8", 0.9, truth("ok", 5))))
		later := benchTime.Add(time.Hour)
		require.NoError(t, w.ConsumeTraces(t.Context(), rising(200, later, "7", 0.3, truth("fraud", 9))))
		w.flush(t.Context(), true)

		states := detectorStates(t, w.next.AllMetrics())
		assert.Len(t, states, 10)
		for _, of := range []string{"adwin confidence", "hddm_a error", "page_hinkley ml.feature.amount", "page_hinkley http.response.body.size"} {
			seen, quiet := states["fraud 7 "+of], states["fraud 8 "+of]
			assert.Equal(t, int64(1), seen.changes, of)
			assert.GreaterOrEqual(t, seen.last, float64(later.Unix()), of)
			assert.Less(t, seen.last, float64(later.Unix()+200), of)
			assert.True(t, quiet.hasAny, of)
			assert.Zero(t, quiet.changes, of)
			assert.False(t, quiet.hasLast, of)
		}
		assert.InDelta(t, 0.3, states["fraud 7 adwin confidence"].estimate, 0.05)
		assert.InDelta(t, 0.9, states["fraud 8 adwin confidence"].estimate, 1e-9)
		assert.InDelta(t, 1, states["fraud 7 hddm_a error"].estimate, 1e-9)
		assert.InDelta(t, 0.003, states["fraud 8 rolling_mean duration"].estimate, 1e-6)

		lines := w.log.FilterMessage("A detector has seen a change").All()
		require.Len(t, lines, 4)
		fields := lines[0].ContextMap()
		for key, want := range map[string]any{"model": "fraud", "version": "7"} {
			assert.Equal(t, want, fields[key])
		}
		var named map[string]any
		for _, line := range lines {
			if line.ContextMap()["of"] == "confidence" {
				named = line.ContextMap()
			}
		}
		require.NotNil(t, named)
		assert.Equal(t, "adwin", named["detector"])
		assert.InDelta(t, 0.9, named["before"], 0.02)
		assert.Less(t, named["after"], 0.6)
		at, ok := named["at"].(time.Time)
		require.True(t, ok)
		assert.False(t, at.Before(later))
		metadatatest.AssertEqualMlSummaryDetectors(t, w.tel, []metricdata.DataPoint[int64]{{Value: 10}}, metricdatatest.IgnoreTimestamp())
	}
}

// Rows of a batch are values one by one, in their order; a size without an array is one value.
func TestDetectorsOfBatches(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = []Detector{
		{Type: "rolling_mean", Of: "confidence", Parameters: map[string]float64{"window": 3}},
		{Type: "rolling_mean", Of: "queue.length"},
		{Type: "rolling_mean", Of: "value"},
	}
	w := watch(t, cfg)
	w.consume(t, 1, "fraud", map[string]any{
		"ml.batch.size": 5, "ml.prediction.confidence": []any{0.1, 0.2, 0.3, 0.4, 0.8}, "ml.prediction.value": 7,
		"queue.length": []any{1, 2, 3, 4, 40},
	})
	w.flush(t.Context(), true)
	states := detectorStates(t, w.next.AllMetrics())
	assert.InDelta(t, 0.5, states["fraud 7 rolling_mean confidence"].estimate, 1e-9)
	assert.InDelta(t, 10, states["fraud 7 rolling_mean queue.length"].estimate, 1e-9)
	assert.InDelta(t, 7, states["fraud 7 rolling_mean value"].estimate, 1e-9)
}

// Errors of a regressor are distances; a class is compared with a label of any type as text.
func TestDetectorsOfErrors(t *testing.T) {
	for _, tt := range []struct {
		attributes map[string]any
		want       float64
	}{
		{map[string]any{"ml.prediction.class": "1", "truth": 1}, 0},
		{map[string]any{"ml.prediction.class": 1, "truth": "1"}, 0},
		{map[string]any{"ml.prediction.class": 1, "truth": 1.0}, 0},
		{map[string]any{"ml.prediction.class": true, "truth": "true"}, 0},
		{map[string]any{"ml.prediction.class": "ok", "truth": "fraud"}, 1},
		{map[string]any{"ml.prediction.class": 2, "truth": 1}, 1},
		{map[string]any{"ml.prediction.value": 3.5, "truth": 5}, 1.5},
	} {
		cfg := createDefaultConfig().(*Config)
		cfg.Detectors = []Detector{{Type: "rolling_mean", Of: "error", Label: "truth"}}
		w := watch(t, cfg)
		w.consume(t, 1, "fraud", tt.attributes)
		w.consume(t, 2, "fraud", map[string]any{"ml.prediction.class": "ok"}) // has no label
		w.flush(t.Context(), true)
		assert.InDelta(t, tt.want, detectorStates(t, w.next.AllMetrics())["fraud 7 rolling_mean error"].estimate, 1e-9, "%v", tt.attributes)
	}
}

// What a detector cannot take is counted and said, and spoils neither the span nor the detector.
func TestDetectorsRefuseValues(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = []Detector{
		{Type: "adwin", Of: "amount", Parameters: map[string]float64{"min": 0, "max": 100}},
		{Type: "ddm", Of: "flag"},
	}
	require.NoError(t, cfg.Validate())
	w := watch(t, cfg)
	answer := func(more map[string]any) map[string]any {
		more["ml.prediction.class"] = "ok"
		return more
	}
	w.consume(t, 1, "fraud", answer(map[string]any{"amount": 20, "flag": false}))
	w.consume(t, 2, "fraud", answer(map[string]any{"amount": 120, "flag": 0.5}))
	w.consume(t, 3, "fraud", answer(map[string]any{"amount": "many", "flag": ""}))
	w.flush(t.Context(), true)
	assert.InDelta(t, 20, detectorStates(t, w.next.AllMetrics())["fraud 7 adwin amount"].estimate, 1e-9)
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualMlSummaryUnwatched(t, w.tel, []metricdata.DataPoint[int64]{{Value: 3}}, ignore)
	metadatatest.AssertEqualMlSummarySpans(t, w.tel, []metricdata.DataPoint[int64]{
		{Attributes: attribute.NewSet(attribute.String("outcome", "counted")), Value: 3},
	}, ignore)
	lines := w.log.FilterMessageSnippet("A change detector cannot take a value").All()
	require.NotEmpty(t, lines)
	assert.Equal(t, "amount", lines[0].ContextMap()["key"])
	assert.Equal(t, "120", lines[0].ContextMap()["value"])
}

// A model that finds no room has no detectors, which is counted and said; the others go on.
func TestDetectorsAreBounded(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = []Detector{{Type: "adwin", Of: "confidence"}, {Type: "kswin", Of: "confidence"}}
	cfg.Limits.Detectors = 3
	w := watch(t, cfg)
	for id, model := range []string{"first", "second", "first", "third"} {
		w.consume(t, id, model, map[string]any{"ml.prediction.class": "ok", "ml.prediction.confidence": 0.5})
	}
	w.flush(t.Context(), true)
	states := detectorStates(t, w.next.AllMetrics())
	assert.Len(t, states, 2)
	assert.True(t, states["first 7 adwin confidence"].hasAny)
	metadatatest.AssertEqualMlSummaryOverflowed(t, w.tel, []metricdata.DataPoint[int64]{
		{Attributes: attribute.NewSet(attribute.String("limit", "detectors")), Value: 2},
	}, metricdatatest.IgnoreTimestamp())
	assert.Len(t, w.log.FilterMessageSnippet("limits::detectors is reached").All(), 1)
}

// A model with a card has its detectors, whoever took all of the others before it.
func TestDetectorsOfCards(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = []Detector{{Type: "adwin", Of: "confidence"}}
	cfg.Limits.Detectors = 1
	w := watch(t, cfg, fraudCard(1))
	for id, model := range []string{"made up", "other", "fraud"} {
		w.consume(t, id, model, map[string]any{"ml.prediction.class": "ok", "ml.prediction.confidence": 0.5})
	}
	w.flush(t.Context(), true)
	states := detectorStates(t, w.next.AllMetrics())
	assert.Len(t, states, 2)
	assert.Contains(t, states, "fraud 7 adwin confidence")
	assert.Contains(t, states, "made up 7 adwin confidence")
}

// Shards share the detectors: every value gets there, whoever reads it.
func TestDetectorsOfAllShards(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = []Detector{{Type: "rolling_mean", Of: "confidence", Parameters: map[string]float64{"window": 10_000}}}
	cfg.Limits.Spans = 0
	w := watch(t, cfg)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for range 5 {
				_ = w.ConsumeTraces(t.Context(), rising(100, benchTime, "7", float64(worker)/8, nil))
			}
		})
	}
	wg.Wait()
	w.flush(t.Context(), true)
	assert.InDelta(t, 3.5/8, detectorStates(t, w.next.AllMetrics())["fraud 7 rolling_mean confidence"].estimate, 1e-9)
}

func TestDetectorConfigErrors(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = []Detector{
		{Type: "adwim", Of: "confidence"},
		{Type: "adwin"},
		{Type: "ddm", Of: "error"},
		{Type: "ddm", Of: "confidence", Label: "truth"},
		{Type: "adwin", Of: "amount"},
		{Type: "adwin", Of: "confidence", Parameters: map[string]float64{"delta": 2}},
		{Type: "kswin", Of: "confidence"},
		{Type: "kswin", Of: "confidence", Parameters: map[string]float64{"recent": 100}},
	}
	cfg.Limits.Detectors = 0
	err := cfg.Validate()
	for _, want := range []string{
		`'detectors[0]': there is no detector "adwim" (did you mean "adwin"?)`,
		"'detectors[1]::of'",
		"'detectors[2]::label'",
		"'detectors[3]::label'",
		`'detectors[4]::parameters': adwin needs min and max, the range of "amount"`,
		"'detectors[5]': adwin: delta: 2 is not from",
		"'detectors[7]': has the name and the subject of detectors[6]",
		"'limits::detectors'",
	} {
		assert.ErrorContains(t, err, want)
	}
	cfg.Detectors = []Detector{
		{Type: "kswin", Of: "confidence"},
		{Type: "kswin", Name: "quick", Of: "confidence", Parameters: map[string]float64{"recent": 100}},
		{Type: "adwin", Of: "error", Label: "truth"},
	}
	cfg.Limits.Detectors = 10
	assert.NoError(t, cfg.Validate())
}

// watchedConnector has the detectors that a team would have on a classifier.
func watchedConnector(tb testing.TB, list []Detector) *summaryConnector {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Detectors = list
	require.NoError(tb, cfg.Validate())
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	return started(tb, cfg, consumertest.NewNop(), newCatalog(fraudCard(20)))
}

var watchedCases = []struct {
	name string
	list []Detector
}{
	{"none", nil},
	{"adwin of confidence", []Detector{{Type: "adwin", Of: "confidence"}}},
	{"five", []Detector{
		{Type: "adwin", Of: "confidence"},
		{Type: "page_hinkley", Of: "duration"},
		{Type: "hddm_a", Of: "error", Label: "url.path"},
		{Type: "cusum", Of: "ml.feature.f00"},
		{Type: "cusum", Of: "http.response.status_code"},
	}},
	{"kswin of confidence", []Detector{{Type: "kswin", Of: "confidence"}}},
}

func TestNoAllocationPerWatchedSpan(t *testing.T) {
	for _, wc := range watchedCases {
		td := benchTraces(t, 200, putFeatures)
		c := watchedConnector(t, wc.list)
		for range 50 {
			require.NoError(t, c.ConsumeTraces(t.Context(), td))
		}
		assert.LessOrEqual(t, testing.AllocsPerRun(20, func() { _ = c.ConsumeTraces(t.Context(), td) }), 3.0, wc.name)
	}
}

func BenchmarkDetectors(b *testing.B) {
	for _, wc := range watchedCases {
		b.Run(wc.name, func(b *testing.B) {
			td := benchTraces(b, benchSpans, func(s ptrace.Span, rng *rand.Rand) { putFeatures(s, rng) })
			td.MarkReadOnly()
			c := watchedConnector(b, wc.list)
			measure(b, c, td)
		})
	}
}
