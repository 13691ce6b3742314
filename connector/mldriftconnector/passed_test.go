// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// What ml_summary's change detectors say, and where models run, goes through ml_drift as it is, and is not called
// unreadable. Where it cannot be passed on, the sender does not hear of it.
func TestWholeMetricsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := settings()
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
		out := &testkit.MetricsSink{}
		c := started(t, set, config(nil), testkit.Host{catalogID: testCards(testBaseline())}, out)
		b := metricbuilder.New("ml_summary", "1", pmetric.AggregationTemporalityCumulative)
		b.Resource().Attributes().PutStr(mlconv.AttrServiceInstance, "one")
		b.Sum(mlconv.MetricStreamChangeCount).SetIntValue(2)
		b.Gauge(mlconv.MetricStreamLastChange).SetDoubleValue(1.79e9)
		b.Gauge(mlconv.MetricModelPlacement).SetIntValue(1)
		md := b.Metrics()
		md.MarkReadOnly()

		require.NoError(t, c.ConsumeMetrics(t.Context(), md))
		require.Len(t, out.AllMetrics(), 1)
		got := out.AllMetrics()[0]
		assert.Equal(t, 2.0, value(t, got, mlconv.MetricStreamChangeCount))
		assert.Equal(t, 1.79e9, value(t, got, mlconv.MetricStreamLastChange))
		assert.Equal(t, 1.0, value(t, got, mlconv.MetricModelPlacement))
		assert.Empty(t, logs.FilterMessageSnippet("are dropped").All())

		out.Fail(errors.New("down"))
		require.NoError(t, c.ConsumeMetrics(t.Context(), md))
		assert.Len(t, logs.FilterMessageSnippet("Metrics of change detectors and placements could not be passed on").All(), 1)
		out.Fail(nil)
		require.NoError(t, c.Shutdown(context.Background()))
	})
}
