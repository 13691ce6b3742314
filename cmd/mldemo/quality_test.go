// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// emission is a line of the file exporter: gauges and counts of the model m, of days after start0.
func emission(t *testing.T, fill func(gauge func(name string, day int, v float64, attributes ...string))) string {
	t.Helper()
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	fill(func(name string, day int, v float64, attributes ...string) {
		m := metrics.AppendEmpty()
		m.SetName(name)
		var p pmetric.NumberDataPoint
		if name == mlconv.MetricEvaluationCount {
			p = m.SetEmptySum().DataPoints().AppendEmpty()
			p.SetIntValue(int64(v))
		} else {
			p = m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetDoubleValue(v)
		}
		end := start0.AddDate(0, 0, day+1)
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(end.AddDate(0, 0, -1)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(end))
		p.Attributes().PutStr(mlconv.AttrModelName, "m")
		for i := 0; i < len(attributes); i += 2 {
			p.Attributes().PutStr(attributes[i], attributes[i+1])
		}
	})
	line, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return string(line) + "\n"
}

func TestReadQuality(t *testing.T) {
	bounds := func(gauge func(string, int, float64, ...string), day int, kind string, v float64, more ...string) {
		for bound, d := range map[string]float64{"point": 0, "lower": -0.01, "upper": 0.01} {
			gauge(mlconv.MetricEvaluationScore, day, v+d, append([]string{
				mlconv.AttrEvaluationKind, kind, mlconv.AttrEvaluationBound, bound, mlconv.AttrEvaluationMeasure, "accuracy",
			}, more...)...)
		}
	}
	const count = mlconv.MetricEvaluationCount
	predicted, actual := mlconv.AttrEvaluationPredicted, mlconv.AttrEvaluationActual
	file := emission(t, func(gauge func(string, int, float64, ...string)) {
		bounds(gauge, 0, "estimated", 0.9)
		bounds(gauge, 0, "estimated", 0.1, mlconv.AttrSegment, "country=DE")
		gauge(mlconv.MetricEvaluationCoverage, 0, 0)
		gauge(mlconv.MetricEvaluationScore, 0, 0.5, mlconv.AttrEvaluationMeasure, "fpr", mlconv.AttrEvaluationBound, "point")
	}) + emission(t, func(gauge func(string, int, float64, ...string)) {
		bounds(gauge, 0, "estimated", 0.91)
		bounds(gauge, 0, "measured", 0.88)
		gauge(mlconv.MetricEvaluationCoverage, 0, 1)
		gauge(count, 0, 3, predicted, "a", actual, "b")
		gauge(count, 0, 5, predicted, "a", actual, "a")
	}) + emission(t, func(gauge func(string, int, float64, ...string)) {
		bounds(gauge, 1, "estimated", 0.8)
		gauge(mlconv.MetricEvaluationCoverage, 1, 0.5)
		gauge(count, 1, 7, predicted, "a", actual, "a")
		gauge(count, 1, 100, predicted, "a", actual, "a", mlconv.AttrModelName, "other")
	}) + `{"resourceMetrics":[` // being written
	q, err := readQuality(write(t, "quality.json", file), "m")
	require.NoError(t, err)
	windows := q.sorted()
	require.Len(t, windows, 2)
	assert.Equal(t, start0, windows[0].start)
	assert.InDelta(t, 0.91, windows[0].estimated.Point, 1e-9)
	assert.InDelta(t, 0.87, windows[0].measured.Lower, 1e-9)
	assert.InDelta(t, 0.89, windows[0].measured.Upper, 1e-9)
	assert.Equal(t, 1.0, windows[0].coverage)
	assert.Zero(t, windows[0].early)
	assert.False(t, windows[1].measured.Defined())
	assert.Equal(t, 0.5, windows[1].early)
	assert.Equal(t, 10.0, q.labelled())

	var out bytes.Buffer
	require.NoError(t, q.print(&out, 100))
	assert.Equal(t, `  right answers  estimated  between       measured  between       labels
  ─────────────  ─────────  ────────────  ────────  ────────────  ──────
  11-01             91.0 %  90.0 to 92.0    88.0 %  87.0 to 89.0   100 %
  11-02             80.0 %  79.0 to 81.0         -                  50 %

  From 11-02 on the model is right less often, as its scores have it; labels do not say so, or have
  not come yet.
`, out.String())
}

// days have intervals of two hundredths about estimated and measured points; 0 is none.
func TestSay(t *testing.T) {
	at := func(p float64) evaluation.Interval {
		if p == 0 {
			p = math.NaN()
		}
		return evaluation.Interval{Point: p, Lower: p - 0.01, Upper: p + 0.01}
	}
	for _, tt := range []struct {
		want                string
		estimated, measured []float64
	}{
		{"No window is below", []float64{0.9, 0.89, 0.905, 0.89}, []float64{0.9, 0.9, 0, 0}},
		{"From 11-03 on the model is right less often. Its scores have shown that when the window ended, before there was a label of it. Labels have confirmed it.", []float64{0.9, 0.89, 0.8, 0.9}, []float64{0.9, 0.9, 0.8, 0}},
		{"Labels say that it is worse than that", []float64{0.9, 0.89, 0.8, 0.9}, []float64{0.9, 0.9, 0.75, 0}},
		{"From 11-03 on the model is right less often, say labels; its scores do not show it.", []float64{0.9, 0.9, 0.9, 0.9}, []float64{0.9, 0, 0.8, 0}},
		{"From 11-02 on the model is right less often, as its scores have it;", []float64{0.9, 0.85, 0.8, 0.9}, []float64{0.9, 0, 0, 0}},
		{"No window is below", nil, nil},
		{"From 11-03 on the model is right less often, say labels", []float64{0.9, 0.9, 0.9}, []float64{0.9, 0.885, 0.87}}, // step by step
	} {
		var windows []*judged
		for i := range tt.estimated {
			start := start0.AddDate(0, 0, i)
			windows = append(windows, &judged{start: start, end: start.Add(24 * time.Hour), estimated: at(tt.estimated[i]), measured: at(tt.measured[i])})
		}
		assert.Contains(t, say(windows, "01-02"), tt.want)
	}
}
