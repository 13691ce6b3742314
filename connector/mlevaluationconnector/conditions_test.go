// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// TestConditions: predictions, and what evaluators say on spans, are taken where a condition is true.
func TestConditions(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	cfg := createDefaultConfig().(*Config)
	cfg.Conditions = []string{`attributes["amount"] / 2 > 5`, `resource.attributes["service.name"] == "shop"`}
	c, err := newConnector(metadatatest.NewSettings(tel), cfg)
	require.NoError(t, err)
	c.metrics = &testkit.MetricsSink{}
	require.NoError(t, c.Start(t.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(nil)}))
	td := ptrace.NewTraces()
	for i, service := range []string{"shop", "bank"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		span(2*i+1, map[string]any{mlconv.AttrPredictionClass: "fraud"})(spans.AppendEmpty()) // an error each
		span(2*i+2, map[string]any{mlconv.AttrPredictionClass: "fraud", "amount": 12})(spans.AppendEmpty())
		plain := spans.AppendEmpty() // no prediction, but judged: an error each
		plain.SetTraceID(pcommon.TraceID{9})
		plain.SetSpanID(pcommon.SpanID{byte(i + 1)})
		e := plain.Events().AppendEmpty()
		e.SetName(mlconv.EventGenAIEvaluation)
		e.Attributes().PutStr("gen_ai.evaluation.name", "relevance")
		e.Attributes().PutDouble("gen_ai.evaluation.score.value", 0.5)
		spans.AppendEmpty().SetName("neither") // is not asked
	}
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	by := func(outcome string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("outcome", outcome))}
	}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualMlEvaluationPredictions(t, tel, []metricdata.DataPoint[int64]{by("taken", 3), by("not_selected", 1)}, ignore)
	metadatatest.AssertEqualMlEvaluationJudgements(t, tel, []metricdata.DataPoint[int64]{{Value: 1}}, ignore)
	metadatatest.AssertEqualMlEvaluationConditionErrors(t, tel, []metricdata.DataPoint[int64]{{Value: 4}}, ignore)
	require.NoError(t, c.Close(t.Context()))
}

// Of a request a bounded number of rows is read; the rest is counted and said.
func TestRowsOfARequest(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	c, err := newConnector(metadatatest.NewSettings(tel), createDefaultConfig().(*Config))
	require.NoError(t, err)
	c.metrics = &testkit.MetricsSink{}
	require.NoError(t, c.Start(t.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(nil)}))
	const rows = maxAnswers + 1000
	classes := make([]any, rows)
	for i := range classes {
		classes[i] = int64(i % 2)
	}
	td := ptrace.NewTraces()
	span(1, map[string]any{mlconv.AttrPredictionClass: classes, mlconv.AttrBatchSize: rows})(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	by := func(outcome string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("outcome", outcome))}
	}
	metadatatest.AssertEqualMlEvaluationPredictions(t, tel, []metricdata.DataPoint[int64]{by("taken", maxAnswers), by("unread", 1000)}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, c.Close(t.Context()))
}

// A class and an item of a megabyte are not kept whole: they would be in the storage for a week.
func TestLongNamesAreCut(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	td := ptrace.NewTraces()
	span(1, map[string]any{
		mlconv.AttrPredictionScores: map[string]any{long: 0.5, "ok": 0.5}, mlconv.AttrPredictionRanking: []any{"a", long, "b"},
	})(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	answers := newDecoder("", nil).read(t.Context(), td, nil)
	require.Len(t, answers, 1)
	cut, _ := boundedname.Cut(long)
	require.Equal(t, []string{"a", cut, "b"}, answers[0].Ranking)
	require.Equal(t, []answer.ClassScore{{Class: "ok", Score: 0.5}, {Class: cut, Score: 0.5}}, answers[0].Scores)
}

func TestConditionErrors(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.K, cfg.Conditions = 0, []string{"name", `nam == "x"`}
	err := cfg.Validate()
	for _, want := range []string{
		`'conditions[0]': "name": condition has invalid syntax: 1:5: unexpected token`, `'conditions[1]': "nam == \"x\"": segment "nam"`, "'k'",
	} {
		require.ErrorContains(t, err, want)
	}
}
