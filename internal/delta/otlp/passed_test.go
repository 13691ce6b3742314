// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Metrics of change detectors go on as they are, whatever they come with; Decode does not count them
// as unreadable.
func TestPassed(t *testing.T) {
	md := pmetric.NewMetrics()
	_, ok := Passed(md)
	assert.False(t, ok)

	foreign := metricbuilder.New("x", "1", pmetric.AggregationTemporalityCumulative)
	foreign.Sum(mlconv.MetricPredictionCount).SetIntValue(3)
	foreign.Metrics().ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	_, ok = Passed(md)
	assert.False(t, ok)

	own := metricbuilder.New("x", "1", pmetric.AggregationTemporalityCumulative)
	own.Resource().Attributes().PutStr("service.instance.id", "a")
	own.Sum(mlconv.MetricStreamChangeCount).SetIntValue(4)
	own.Gauge(mlconv.MetricStreamEstimate).SetDoubleValue(0.5)
	own.Gauge(mlconv.MetricDriftScore).SetDoubleValue(0.5)
	own.Metrics().ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	md.MarkReadOnly()

	passed, ok := Passed(md)
	require.True(t, ok)
	require.Equal(t, 1, passed.ResourceMetrics().Len())
	assert.Equal(t, 2, passed.DataPointCount())
	rm := passed.ResourceMetrics().At(0)
	assert.Equal(t, map[string]any{"service.instance.id": "a"}, rm.Resource().Attributes().AsRaw())
	assert.Equal(t, mlconv.MetricStreamChangeCount, rm.ScopeMetrics().At(0).Metrics().At(0).Name())
	assert.Equal(t, int64(4), rm.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).IntValue())
	assert.Equal(t, 2, Decode(t.Context(), md).Unreadable, "the count and the score")
}
