// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Spans are the spans of requests, in order.
func Spans(requests ...ptrace.Traces) iter.Seq[ptrace.Span] {
	return func(yield func(ptrace.Span) bool) {
		for _, td := range requests {
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						if !yield(span) {
							return
						}
					}
				}
			}
		}
	}
}

// Metrics are the metrics of requests, in order.
func Metrics(requests ...pmetric.Metrics) iter.Seq[pmetric.Metric] {
	return func(yield func(pmetric.Metric) bool) {
		for _, md := range requests {
			for _, rm := range md.ResourceMetrics().All() {
				for _, sm := range rm.ScopeMetrics().All() {
					for _, m := range sm.Metrics().All() {
						if !yield(m) {
							return
						}
					}
				}
			}
		}
	}
}

// Points are the points of the sums and gauges of a name, in order.
func Points(name string, requests ...pmetric.Metrics) iter.Seq[pmetric.NumberDataPoint] {
	return func(yield func(pmetric.NumberDataPoint) bool) {
		for m := range Metrics(requests...) {
			list := pmetric.NewNumberDataPointSlice()
			switch {
			case m.Name() != name:
			case m.Type() == pmetric.MetricTypeSum:
				list = m.Sum().DataPoints()
			case m.Type() == pmetric.MetricTypeGauge:
				list = m.Gauge().DataPoints()
			}
			for _, p := range list.All() {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Number is the value of a point, of either type.
func Number(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(p.IntValue())
	}
	return p.DoubleValue()
}

// LogRecords are the log records of requests, in order.
func LogRecords(requests ...plog.Logs) iter.Seq[plog.LogRecord] {
	return func(yield func(plog.LogRecord) bool) {
		for _, ld := range requests {
			for _, rl := range ld.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, lr := range sl.LogRecords().All() {
						if !yield(lr) {
							return
						}
					}
				}
			}
		}
	}
}
