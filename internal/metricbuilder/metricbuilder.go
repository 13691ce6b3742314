// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package metricbuilder builds one request of metrics: a point is asked for by the name of its
// metric, which is there from its first point on, with the unit and the description that mlconv has
// for it.
package metricbuilder

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Builder builds metrics of one resource and one scope.
type Builder struct {
	metrics     pmetric.Metrics
	resource    pcommon.Resource
	scope       pmetric.ScopeMetrics
	temporality pmetric.AggregationTemporality
	// index has the metrics by name and type: values of one name may come in two kinds of
	// histograms.
	index map[metricKey]pmetric.Metric
}

type metricKey struct {
	name string
	typ  pmetric.MetricType
}

// New returns a Builder without a metric. The scope's name and version say who made the metrics;
// sums and histograms have the temporality.
func New(scope, version string, temporality pmetric.AggregationTemporality) *Builder {
	b := &Builder{
		metrics: pmetric.NewMetrics(), temporality: temporality, index: make(map[metricKey]pmetric.Metric),
	}
	rm := b.metrics.ResourceMetrics().AppendEmpty()
	b.resource, b.scope = rm.Resource(), rm.ScopeMetrics().AppendEmpty()
	b.scope.Scope().SetName(scope)
	b.scope.Scope().SetVersion(version)
	return b
}

// Metrics returns what has been built, without a copy. Its strings are valid UTF-8: names are, from
// where they are read on, but a store may have some of an older version, and one of them would make
// back ends refuse all of the request.
func (b *Builder) Metrics() pmetric.Metrics {
	repair.Metrics(b.metrics)
	return b.metrics
}

// Resource is the resource of all metrics.
func (b *Builder) Resource() pcommon.Resource { return b.resource }

// Sum returns a new point of a monotonic sum.
func (b *Builder) Sum(name string) pmetric.NumberDataPoint {
	return b.metric(name, pmetric.MetricTypeSum).Sum().DataPoints().AppendEmpty()
}

// UpDown returns a new point of a sum that may fall.
func (b *Builder) UpDown(name string) pmetric.NumberDataPoint {
	sum := b.metric(name, pmetric.MetricTypeSum).Sum()
	sum.SetIsMonotonic(false)
	return sum.DataPoints().AppendEmpty()
}

// Gauge returns a new point of a gauge.
func (b *Builder) Gauge(name string) pmetric.NumberDataPoint {
	return b.metric(name, pmetric.MetricTypeGauge).Gauge().DataPoints().AppendEmpty()
}

// Histogram returns a new point of a histogram with explicit bounds.
func (b *Builder) Histogram(name string) pmetric.HistogramDataPoint {
	return b.metric(name, pmetric.MetricTypeHistogram).Histogram().DataPoints().AppendEmpty()
}

// ExponentialHistogram returns a new point of an exponential histogram.
func (b *Builder) ExponentialHistogram(name string) pmetric.ExponentialHistogramDataPoint {
	m := b.metric(name, pmetric.MetricTypeExponentialHistogram)
	return m.ExponentialHistogram().DataPoints().AppendEmpty()
}

// Describe puts a word into the metadata of a metric that has a point. It is no dimension of the
// points: series do not change with it.
func (b *Builder) Describe(name, key, value string) {
	for _, typ := range []pmetric.MetricType{
		pmetric.MetricTypeSum, pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram,
	} {
		if m, ok := b.index[metricKey{name, typ}]; ok {
			m.Metadata().PutStr(key, value)
		}
	}
}

func (b *Builder) metric(name string, typ pmetric.MetricType) pmetric.Metric {
	key := metricKey{name, typ}
	m, ok := b.index[key]
	if ok {
		return m
	}
	m = b.scope.Metrics().AppendEmpty()
	m.SetName(name)
	described, _ := mlconv.DescribeMetric(name)
	m.SetUnit(described.Unit)
	m.SetDescription(described.Meaning)
	switch typ {
	case pmetric.MetricTypeSum:
		s := m.SetEmptySum()
		s.SetAggregationTemporality(b.temporality)
		s.SetIsMonotonic(true)
	case pmetric.MetricTypeHistogram:
		m.SetEmptyHistogram().SetAggregationTemporality(b.temporality)
	case pmetric.MetricTypeExponentialHistogram:
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(b.temporality)
	default:
		m.SetEmptyGauge()
	}
	b.index[key] = m
	return m
}

// Last is the time of an emission at shutdown: now, in a later second than the emission before. There
// are back ends that keep one point a second of a series (Datadog), and of two deltas that would be
// half.
func Last(before, now time.Time) time.Time {
	if next := before.Truncate(time.Second).Add(time.Second); now.Before(next) {
		return next
	}
	return now
}
