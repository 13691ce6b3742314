// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"math"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
)

// encode makes gauges of the results of recording rules, with the rule's name as it is and labels as attributes. A
// series that has ended is a point without a value. Histograms, whose counts may be fractions, have no form in OTLP:
// they are left out and counted.
func encode(samples []promql.Sample, version string) (md pmetric.Metrics, histograms int) {
	md = pmetric.NewMetrics()
	scope := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(version)
	gauges := map[string]pmetric.Gauge{}
	for _, s := range samples {
		if s.H != nil {
			histograms++
			continue
		}
		name := s.Metric.Get(model.MetricNameLabel)
		gauge, ok := gauges[name]
		if !ok {
			m := scope.Metrics().AppendEmpty()
			m.SetName(name)
			gauge = m.SetEmptyGauge()
			gauges[name] = gauge
		}
		point := gauge.DataPoints().AppendEmpty()
		point.SetTimestamp(pcommon.Timestamp(s.T * 1e6))
		if math.IsNaN(s.F) && value.IsStaleNaN(s.F) {
			point.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		} else {
			point.SetDoubleValue(s.F)
		}
		s.Metric.Range(func(l labels.Label) {
			if l.Name != model.MetricNameLabel {
				point.Attributes().PutStr(l.Name, l.Value)
			}
		})
	}
	repair.Metrics(md) // what the TSDB has of an older version
	return md, histograms
}
