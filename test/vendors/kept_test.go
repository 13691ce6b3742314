// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// kept is what a vendor has after what it was sent.
type kept struct {
	vendor vendor
	// spans are those that came, by trace; records those with an event's name, plain how many have none.
	spans   map[pcommon.TraceID]pcommon.Map
	records []plog.LogRecord
	plain   []plog.LogRecord
	// exemplars are the traces of exemplars, by metric.
	exemplars map[string]map[pcommon.TraceID]bool
	// series are the points of each, by metric and identity.
	series map[string]map[string]*series
}

// series is what is known of one.
type series struct {
	attributes pcommon.Map
	delta      bool
	start      pcommon.Timestamp
	// points are those by their time, as exact as the vendor keeps it, in nanoseconds.
	points map[uint64]float64
	last   uint64
}

func newKept(v vendor) *kept {
	return &kept{
		vendor: v, spans: map[pcommon.TraceID]pcommon.Map{}, exemplars: map[string]map[pcommon.TraceID]bool{},
		series: map[string]map[string]*series{},
	}
}

func (k *kept) traces(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				k.spans[span.TraceID()] = span.Attributes()
			}
		}
	}
}

func (k *kept) logs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				if record.EventName() == "" {
					k.plain = append(k.plain, record)
				} else {
					k.records = append(k.records, record)
				}
			}
		}
	}
}

func (k *kept) metrics(md pmetric.Metrics, f *findings) {
	eachPoint(md, func(resource pcommon.Resource, m pmetric.Metric, p point) {
		if k.vendor.keepsExemplars && p.exemplars.Len() > 0 {
			if k.exemplars[m.Name()] == nil {
				k.exemplars[m.Name()] = map[pcommon.TraceID]bool{}
			}
			for _, x := range p.exemplars.All() {
				k.exemplars[m.Name()][x.TraceID()] = true
			}
		}
		id := identity(resource.Attributes(), p.attributes)
		if k.series[m.Name()] == nil {
			k.series[m.Name()] = map[string]*series{}
		}
		s := k.series[m.Name()][id]
		if s == nil {
			s = &series{attributes: p.attributes, delta: p.temporality == pmetric.AggregationTemporalityDelta, points: map[uint64]float64{}}
			k.series[m.Name()][id] = s
		}
		at := k.at(p)
		if value, twice := s.points[at]; twice && value != p.value && k.vendor.resolution == time.Second { // the same point again does no harm
			f.lose("two points of %s in one second: the last one stays: %s", m.Name(), id)
		}
		s.points[at], s.last, s.start = p.value, max(s.last, at), max(s.start, p.start)
	})
}

// at is the time of a point, as the vendor keeps it.
func (k *kept) at(p point) uint64 {
	return uint64(p.time.AsTime().Truncate(k.vendor.resolution).UnixNano())
}

// total is what a user of the vendor sees as the sum of all series of a metric.
func (k *kept) total(metric string) float64 {
	sum := 0.0
	for _, s := range k.series[metric] {
		if !s.delta {
			sum += s.points[s.last]
			continue
		}
		for _, v := range s.points {
			sum += v
		}
	}
	return sum
}

// identity is what tells series apart.
func identity(resource, attributes pcommon.Map) string {
	all := map[string]string{}
	for key, value := range resource.All() {
		all[key] = value.AsString()
	}
	for key, value := range attributes.All() {
		all[key] = value.AsString()
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s=%s,", key, all[key])
	}
	return b.String()
}

// point is what points of all kinds have. A histogram's value is its count.
type point struct {
	attributes  pcommon.Map
	start, time pcommon.Timestamp
	value       float64
	empty       bool
	exemplars   pmetric.ExemplarSlice
	temporality pmetric.AggregationTemporality // of a gauge unspecified
	monotonic   bool
	histogram   pmetric.HistogramDataPoint
	explicit    bool // histogram is set
}

// eachPoint calls do with every point but those of summaries.
func eachPoint(md pmetric.Metrics, do func(pcommon.Resource, pmetric.Metric, point)) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				number := func(list pmetric.NumberDataPointSlice, temporality pmetric.AggregationTemporality, monotonic bool) {
					for _, q := range list.All() {
						value := q.DoubleValue()
						if q.ValueType() == pmetric.NumberDataPointValueTypeInt {
							value = float64(q.IntValue())
						}
						do(rm.Resource(), m, point{
							attributes: q.Attributes(), start: q.StartTimestamp(), time: q.Timestamp(), value: value,
							empty:     q.ValueType() == pmetric.NumberDataPointValueTypeEmpty || q.Flags().NoRecordedValue(),
							exemplars: q.Exemplars(), temporality: temporality, monotonic: monotonic,
						})
					}
				}
				switch m.Type() {
				case pmetric.MetricTypeGauge:
					number(m.Gauge().DataPoints(), pmetric.AggregationTemporalityUnspecified, false)
				case pmetric.MetricTypeSum:
					number(m.Sum().DataPoints(), m.Sum().AggregationTemporality(), m.Sum().IsMonotonic())
				case pmetric.MetricTypeHistogram:
					for _, q := range m.Histogram().DataPoints().All() {
						do(rm.Resource(), m, point{
							attributes: q.Attributes(), start: q.StartTimestamp(), time: q.Timestamp(), value: float64(q.Count()), exemplars: q.Exemplars(),
							temporality: m.Histogram().AggregationTemporality(), monotonic: true, histogram: q, explicit: true,
						})
					}
				case pmetric.MetricTypeExponentialHistogram:
					for _, q := range m.ExponentialHistogram().DataPoints().All() {
						do(rm.Resource(), m, point{
							attributes: q.Attributes(), start: q.StartTimestamp(), time: q.Timestamp(), value: float64(q.Count()), exemplars: q.Exemplars(),
							temporality: m.ExponentialHistogram().AggregationTemporality(), monotonic: true,
						})
					}
				}
			}
		}
	}
}
