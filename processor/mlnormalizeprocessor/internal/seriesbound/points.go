// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package seriesbound

import (
	"hash/maphash"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// exemplarSize is about what an exemplar takes, in bytes.
const exemplarSize = 128

// point is what the points of a scope have in common.
type point struct {
	b *Bound
	// base is the hash, size the length of what they share.
	base uint64
	size int
}

// cut removes the points of a metric that have no place, and returns how many.
func (p point) cut(m pmetric.Metric) (n int64) {
	name := maphash.String(p.b.seed, m.Name())
	own := len(m.Name()) + len(m.Unit()) + len(m.Description())
	// refused reports whether a point is to go, which is so many series.
	refused := func(attributes pcommon.Map, exemplars, series int) bool {
		sum, size := p.b.hash(attributes)
		if p.b.admit(p.base+7*name+sum, p.size+own+size+exemplars*exemplarSize, series) {
			return false
		}
		n++
		return true
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(func(dp pmetric.NumberDataPoint) bool { return refused(dp.Attributes(), dp.Exemplars().Len(), 1) })
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(func(dp pmetric.NumberDataPoint) bool { return refused(dp.Attributes(), dp.Exemplars().Len(), 1) })
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(dp pmetric.HistogramDataPoint) bool {
			return refused(dp.Attributes(), dp.Exemplars().Len(), 3+dp.ExplicitBounds().Len())
		})
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(dp pmetric.ExponentialHistogramDataPoint) bool {
			return refused(dp.Attributes(), dp.Exemplars().Len(), 3+dp.Positive().BucketCounts().Len()+dp.Negative().BucketCounts().Len())
		})
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(dp pmetric.SummaryDataPoint) bool {
			return refused(dp.Attributes(), 0, 2+dp.QuantileValues().Len())
		})
	}
	return n
}

// empty reports whether a metric has no points.
func empty(m pmetric.Metric) bool {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len() == 0
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len() == 0
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len() == 0
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len() == 0
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len() == 0
	}
	return true
}
