// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// TestViolationsReachPrometheus: the totals have what the alert names, and the trace to look at.
func TestViolationsReachPrometheus(t *testing.T) {
	next := &testkit.MetricsSink{}
	c := started(t, settings(), config(nil), testkit.Host{}, next)
	minute := time.Now().Truncate(time.Minute).Unix()
	for sequence := range uint64(2) {
		b := metricbuilder.New("test", "", pmetric.AggregationTemporalityDelta)
		f := otlp.NewFlush(b, "p", sequence+1)
		rows := delta.Delta{Key: delta.Key{Model: "fraud", Version: "7", Subject: delta.ContractRows}, Minute: minute, Count: 10, Consumer: delta.Consumer{Source: "pos"}}
		f.Add(&rows)
		broken := rows
		broken.Key.Subject, broken.Count = delta.Violations, 3
		broken.Consumer = delta.Consumer{Source: "pos", Feature: "amount", Check: "type", Severity: "critical"}
		broken.Exemplars = []delta.Exemplar{{Value: 1, Time: minute * 1e9, TraceID: [16]byte{byte(sequence + 1)}, SpanID: [8]byte{1}}}
		f.Add(&broken)
		require.NoError(t, c.ConsumeMetrics(t.Context(), b.Metrics()))
	}
	require.NoError(t, c.Shutdown(t.Context()))
	require.NotEmpty(t, next.AllMetrics())
	found := map[string]pmetric.NumberDataPoint{}
	for _, m := range next.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Type() == pmetric.MetricTypeSum {
			assert.True(t, m.Sum().IsMonotonic(), m.Name())
			found[m.Name()] = m.Sum().DataPoints().At(0)
		}
	}
	rows, broken := found[mlconv.MetricContractRowCount], found[mlconv.MetricContractViolationCount]
	assert.EqualValues(t, 20, rows.IntValue())
	assert.Equal(t, map[string]any{"ml.model.name": "fraud", "ml.model.version": "7", "ml.data.source": "pos"}, rows.Attributes().AsRaw())
	assert.EqualValues(t, 6, broken.IntValue())
	assert.Equal(t, map[string]any{
		"ml.model.name": "fraud", "ml.model.version": "7", "ml.data.source": "pos", "ml.feature.name": "amount",
		"ml.contract.check": "type", "ml.contract.severity": "critical",
	}, broken.Attributes().AsRaw())
	assert.Equal(t, 1, broken.Exemplars().Len())
}
