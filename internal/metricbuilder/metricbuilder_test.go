// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package metricbuilder

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Points of a name and a kind are in one metric, in the order in which they were asked for, with
// what mlconv says of the name.
func TestBuilder(t *testing.T) {
	for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityDelta, pmetric.AggregationTemporalityCumulative} {
		b := New("who", "1.2.3", temporality)
		b.Resource().Attributes().PutStr("a", "b")
		b.Histogram(mlconv.MetricFeatureValue).SetCount(1)
		b.Sum(mlconv.MetricPredictionCount).SetIntValue(2)
		b.ExponentialHistogram(mlconv.MetricFeatureValue).SetCount(3)
		b.Histogram(mlconv.MetricFeatureValue).SetCount(4)
		b.Sum(mlconv.MetricPredictionCount).SetIntValue(5)
		b.Gauge(mlconv.MetricDriftScore).SetDoubleValue(6)

		rm := b.Metrics().ResourceMetrics()
		require.Equal(t, 1, rm.Len())
		assert.Equal(t, map[string]any{"a": "b"}, rm.At(0).Resource().Attributes().AsRaw())
		require.Equal(t, 1, rm.At(0).ScopeMetrics().Len())
		sm := rm.At(0).ScopeMetrics().At(0)
		assert.Equal(t, "who", sm.Scope().Name())
		assert.Equal(t, "1.2.3", sm.Scope().Version())
		list := sm.Metrics()
		require.Equal(t, 4, list.Len())
		for _, m := range list.All() {
			described, ok := mlconv.DescribeMetric(m.Name())
			require.True(t, ok)
			assert.Equal(t, described.Unit, m.Unit())
			assert.Equal(t, described.Meaning, m.Description())
			assert.NotEmpty(t, m.Description())
		}
		assert.Equal(t, temporality, list.At(0).Histogram().AggregationTemporality())
		assert.Equal(t, uint64(4), list.At(0).Histogram().DataPoints().At(1).Count())
		assert.Equal(t, temporality, list.At(1).Sum().AggregationTemporality())
		assert.True(t, list.At(1).Sum().IsMonotonic())
		assert.Equal(t, 2, list.At(1).Sum().DataPoints().Len())
		assert.Equal(t, temporality, list.At(2).ExponentialHistogram().AggregationTemporality())
		assert.Equal(t, 6.0, list.At(3).Gauge().DataPoints().At(0).DoubleValue())
	}
}

// The last emission is in no second in which there was one.
func TestLast(t *testing.T) {
	before := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC).Add(300 * time.Millisecond)
	for after, want := range map[time.Duration]time.Duration{
		0: 700 * time.Millisecond, 699 * time.Millisecond: 700 * time.Millisecond, 700 * time.Millisecond: 700 * time.Millisecond, time.Minute: time.Minute,
	} {
		assert.Equal(t, want, Last(before, before.Add(after)).Sub(before), after)
	}
	assert.Equal(t, before, Last(time.Time{}, before), "the only one")
}
