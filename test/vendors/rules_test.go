// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"math"
	"net/http"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// The rules that several vendors have.

// pointsHaveValues finds points without a value, which say to Prometheus that a series has ended and are of use to nobody else, and values
// that are no number.
func pointsHaveValues(md pmetric.Metrics, f *findings) {
	eachPoint(md, func(_ pcommon.Resource, m pmetric.Metric, p point) {
		if p.empty {
			f.lose("a point of %s has no value", m.Name())
		}
		if math.IsNaN(p.value) || math.IsInf(p.value, 0) {
			f.lose("a value of %s is %v", m.Name(), p.value)
		}
	})
}

// cumulative refuses, or loses, cumulative points of the kinds given.
func cumulative(refuse, sums, histograms bool, gauges string) func(pmetric.Metrics, *findings) {
	return func(md pmetric.Metrics, f *findings) {
		eachPoint(md, func(_ pcommon.Resource, m pmetric.Metric, p point) {
			sum := m.Type() == pmetric.MetricTypeSum
			switch {
			case p.temporality != pmetric.AggregationTemporalityCumulative || sum && !sums || !sum && !histograms:
			case sum && !p.monotonic && gauges == "kept":
			case refuse:
				f.refuse(http.StatusBadRequest, "%s is cumulative", m.Name())
			default:
				f.lose("%s is cumulative", m.Name())
			}
		})
	}
}

// old refuses log records that are older than a vendor takes.
func old(most time.Duration) func(plog.Logs, *findings) {
	return func(ld plog.Logs, f *findings) {
		eachRecord(ld, func(_ pcommon.Resource, record plog.LogRecord) {
			if age := f.now.Sub(record.Timestamp().AsTime()); record.Timestamp() != 0 && age > most {
				f.lose("a record %s is %v old", record.EventName(), age.Round(time.Hour))
			}
		})
	}
}

// limits are what a vendor takes of attributes.
type limits struct {
	name, value, array, count int
	maps                      bool
}

func (l limits) check(what string, f *findings, maps ...pcommon.Map) {
	count := 0
	for _, m := range maps {
		count += m.Len()
		for key, value := range m.All() {
			if n := utf8.RuneCountInString(key); n > l.name {
				f.lose("%s: a name of %d characters", what, n)
			}
			switch value.Type() {
			case pcommon.ValueTypeStr:
				if n := utf8.RuneCountInString(value.Str()); n > l.value {
					f.lose("%s: %s has %d characters", what, key, n)
				}
			case pcommon.ValueTypeSlice:
				if n := value.Slice().Len(); n > l.array {
					f.lose("%s: %s has %d entries", what, key, n)
				}
			case pcommon.ValueTypeMap:
				if !l.maps {
					f.lose("%s: %s is a map", what, key)
				}
			default:
			}
		}
	}
	if count > l.count {
		f.lose("%s: %d attributes", what, count)
	}
}

func eachSpan(td ptrace.Traces, do func(pcommon.Resource, ptrace.Span)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				do(rs.Resource(), span)
			}
		}
	}
}

func eachRecord(ld plog.Logs, do func(pcommon.Resource, plog.LogRecord)) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				do(rl.Resource(), record)
			}
		}
	}
}

// tooLarge refuses what is larger than most.
func tooLarge(length, most int, message string) *refusal {
	if length <= most {
		return nil
	}
	return &refusal{http.StatusRequestEntityTooLarge, message}
}
