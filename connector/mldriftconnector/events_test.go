// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// predictionOf is one prediction, as a delta.
func predictionOf(attrs map[string]any) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(mlconv.MetricPredictionCount)
	m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := m.Sum().DataPoints().AppendEmpty()
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	p.SetIntValue(1)
	_ = p.Attributes().FromRaw(attrs)
	return md
}

// What finds no room, here or in ml_summary, is one series, a line in the log and a metric.
func TestWhatFindsNoRoomIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		set := metadatatest.NewSettings(tel)
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
		out := &testkit.MetricsSink{}
		c := started(t, set, config(func(cfg *Config) { cfg.Limits.Models, cfg.Limits.Versions, cfg.Segments.Totals = 2, 1, true }), testkit.Host{catalogID: testCards(testBaseline())}, out)
		send := func(attrs map[string]any) {
			require.NoError(t, c.ConsumeMetrics(context.Background(), predictionOf(attrs)))
		}
		send(map[string]any{mlconv.AttrModelName: "m", mlconv.AttrModelVersion: "1"})
		send(map[string]any{mlconv.AttrModelName: "m", mlconv.AttrModelVersion: "1", mlconv.AttrSegment: "country=DE"})
		send(map[string]any{mlconv.AttrModelName: "m", mlconv.AttrModelVersion: "2"})
		send(map[string]any{mlconv.AttrModelName: "n"})
		for i := range 50 {
			send(map[string]any{mlconv.AttrModelName: fmt.Sprint("made-up ", i)})
		}
		send(map[string]any{mlconv.AttrOverflow: true})
		testkit.Advance(31 * time.Second)
		md := out.AllMetrics()[len(out.AllMetrics())-1]
		got := map[string]int64{}
		for p := range testkit.Points(mlconv.MetricPredictionCount, md) {
			got[fmt.Sprint(p.Attributes().AsRaw())] = p.IntValue()
		}
		assert.Equal(t, map[string]int64{
			"map[ml.model.name:m ml.model.version:1]":                       1,
			"map[ml.model.name:m otel.metric.overflow:true]":                1,
			"map[ml.model.name:m ml.model.version:1 ml.segment:country=DE]": 1,
			"map[ml.model.name:n]":                                          1,
			"map[otel.metric.overflow:true]":                                51,
		}, got)
		said := logs.FilterMessageSnippet("no room for one more").All()
		require.Len(t, said, 2, "%v", logs.All())
		assert.Equal(t, "2", said[0].ContextMap()["version"])
		assert.Equal(t, "made-up 0", said[1].ContextMap()["model"])
		metadatatest.AssertEqualMlDriftEvents(t, tel, []metricdata.DataPoint[int64]{
			{Value: 51, Attributes: attrs("event", "no_room")},
		}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}

// A feature that the baseline does not have is named, with the one that was probably meant; names
// that are cut are counted.
func TestUnknownFeatureIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		set := metadatatest.NewSettings(tel)
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
		base := testBaseline()
		base.Features[0].Name = "amount"
		cards := testCards(base)
		c := started(t, set, config(nil), testkit.Host{catalogID: cards}, &testkit.MetricsSink{})
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName(mlconv.MetricFeatureCategoryCount)
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := m.Sum().DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		p.SetIntValue(1)
		card := cards.Snapshot().Models[0]
		require.NoError(t, p.Attributes().FromRaw(map[string]any{
			mlconv.AttrModelName: card.Name, mlconv.AttrFeatureName: "amuont", mlconv.AttrFeatureCategory: string(make([]byte, 1000)),
		}))
		for range 3 {
			require.NoError(t, c.ConsumeMetrics(context.Background(), md))
		}
		said := logs.FilterMessageSnippet("does not have this feature").All()
		require.Len(t, said, 1)
		assert.Equal(t, "amount", said[0].ContextMap()["did_you_mean"])
		assert.Equal(t, 1, logs.FilterMessageSnippet("256 bytes").Len())
		metadatatest.AssertEqualMlDriftNamesCut(t, tel, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}
