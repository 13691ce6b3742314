// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
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

// windowed is a card with two checks: the mean of x is far from what it must be, country is there.
func windowed() testkit.Host {
	one, half := 1.0, 0.5
	m := &catalog.Model{Name: "fraud", Baseline: testBaseline(), Contract: &contract.Contract{Checks: []contract.Check{
		{Kind: contract.Statistic, Name: "mean", Feature: "x", Statistic: contract.Mean, Min: &one, Severity: contract.Critical},
		{Kind: contract.Statistic, Name: "missing", Feature: "country", Statistic: contract.Missing, Max: &half, Severity: contract.Warning},
		{Kind: contract.Statistic, Name: "unseen", Feature: "x", Statistic: contract.Unseen, Max: &half, Severity: contract.Warning},
	}}}
	return testkit.Host{catalogID: catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{m}, nil))}
}

// contractGauges are the points of contracts, by metric, check and what tells them apart.
func contractGauges(all []pmetric.Metrics) map[string]pmetric.NumberDataPoint {
	out := map[string]pmetric.NumberDataPoint{}
	for _, md := range all {
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Type() != pmetric.MetricTypeGauge {
					continue
				}
				for _, p := range m.Gauge().DataPoints().All() {
					a := p.Attributes().AsRaw()
					if check, ok := a[mlconv.AttrContractCheck]; ok {
						verdict, _ := a[mlconv.AttrContractVerdict].(string)
						bound, _ := a[mlconv.AttrContractBound].(string)
						out[fmt.Sprintf("%s %v.%v %s", m.Name(), a[mlconv.AttrFeatureName], check, verdict+bound)] = p
					}
				}
			}
		}
	}
	return out
}

// TestWindowsOfContracts: each check has a verdict, the figure with its interval and the number of
// values, at now and in event time; what cannot be judged is said once, and counted.
func TestWindowsOfContracts(t *testing.T) {
	for _, timestamps := range []string{TimestampsNow, TimestampsEvent} {
		t.Run(timestamps, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &testkit.MetricsSink{}
				tel := componenttest.NewTelemetry()
				set := metadatatest.NewSettings(tel)
				logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
				c := started(t, set, config(func(c *Config) { c.Timestamps = timestamps }), windowed(), next)
				p := newProducer(testBaseline(), "p", 1)
				began := time.Now().Truncate(time.Hour)
				for m := range 130 {
					require.NoError(t, c.ConsumeMetrics(t.Context(), p.flush(began.Add(time.Duration(m)*time.Minute), 10, 0)))
					time.Sleep(time.Minute)
				}
				got := contractGauges(next.AllMetrics())
				assert.EqualValues(t, 1, got["ml.contract.verdict x.mean violated"].IntValue())
				assert.EqualValues(t, 0, got["ml.contract.verdict x.mean ok"].IntValue())
				assert.EqualValues(t, 1, got["ml.contract.verdict country.missing ok"].IntValue())
				assert.EqualValues(t, 1, got["ml.contract.verdict x.unseen insufficient"].IntValue())
				assert.EqualValues(t, 600, got["ml.contract.samples x.mean "].IntValue())
				lower, point, upper := got["ml.contract.value x.mean lower"], got["ml.contract.value x.mean point"], got["ml.contract.value x.mean upper"]
				assert.Less(t, lower.DoubleValue(), point.DoubleValue())
				assert.Less(t, point.DoubleValue(), upper.DoubleValue())
				assert.Less(t, upper.DoubleValue(), 0.3)
				assert.Equal(t, map[string]any{
					"ml.model.name": "fraud", "ml.model.version": "7", "ml.feature.name": "x", "ml.contract.check": "mean",
					"ml.contract.severity": "critical", "ml.contract.bound": "point",
				}, point.Attributes().AsRaw())
				assert.NotContains(t, got, "ml.contract.value x.unseen point")
				if timestamps == TimestampsEvent {
					assert.Equal(t, began.Add(time.Hour).UnixNano(), int64(point.StartTimestamp()))
					assert.Equal(t, began.Add(2*time.Hour).UnixNano(), int64(point.Timestamp()))
				}
				said := logs.FilterMessageSnippet("A check of a contract is not judged").All()
				require.NotEmpty(t, said)
				assert.Equal(t, "x", said[0].ContextMap()["feature"])
				broken := logs.FilterMessageSnippet("A window breaks a check of its contract").All()
				require.Len(t, broken, 1, "a verdict is said when it is new")
				assert.Equal(t, "x.mean", broken[0].ContextMap()["check"])
				require.NoError(t, c.Shutdown(t.Context()))
				require.NoError(t, tel.Shutdown(t.Context()))
			})
		})
	}
}
