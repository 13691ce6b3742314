// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// lines returns the documents in a file of the file exporter, without one that is still being written
// or was cut by a kill; a file that is not there has none.
func lines(t *testing.T, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return harness.Documents(data)
}

func readTraces(t *testing.T, path string) []ptrace.Traces {
	t.Helper()
	var all []ptrace.Traces
	for _, line := range lines(t, path) {
		traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		require.NoError(t, err)
		all = append(all, traces)
	}
	return all
}

// point is one number of a data point: a gauge's or sum's value, or one count of a histogram.
type point struct {
	value      float64
	start, end time.Time
}

// points returns the numbers in a file of the file exporter, by metric name and attributes
// ("name{a=b,c=d}"); attributes in ignore are left out of the key, and points that then share key
// and time are added up.
func points(t *testing.T, path string, ignore ...string) map[string][]point {
	t.Helper()
	all := map[string][]point{}
	add := func(name string, attrs pcommon.Map, start, end pcommon.Timestamp, value float64) {
		var labels []string
		for k, v := range attrs.All() {
			if !slices.Contains(ignore, k) {
				labels = append(labels, k+"="+v.AsString())
			}
		}
		slices.Sort(labels)
		key := name + "{" + strings.Join(labels, ",") + "}"
		for i, p := range all[key] {
			if p.start.Equal(start.AsTime()) && p.end.Equal(end.AsTime()) {
				all[key][i].value += value
				return
			}
		}
		all[key] = append(all[key], point{value: value, start: start.AsTime(), end: end.AsTime()})
	}
	for _, line := range lines(t, path) {
		metrics, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(line)
		require.NoError(t, err)
		for _, rm := range metrics.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					switch m.Type() {
					case pmetric.MetricTypeGauge:
						for _, p := range m.Gauge().DataPoints().All() {
							add(m.Name(), p.Attributes(), p.StartTimestamp(), p.Timestamp(), number(p))
						}
					case pmetric.MetricTypeSum:
						for _, p := range m.Sum().DataPoints().All() {
							add(m.Name(), p.Attributes(), p.StartTimestamp(), p.Timestamp(), number(p))
						}
					case pmetric.MetricTypeHistogram:
						for _, p := range m.Histogram().DataPoints().All() {
							for i, c := range p.BucketCounts().All() {
								add(fmt.Sprintf("%s[%d]", m.Name(), i), p.Attributes(), p.StartTimestamp(), p.Timestamp(), float64(c))
							}
						}
					case pmetric.MetricTypeExponentialHistogram:
						for _, p := range m.ExponentialHistogram().DataPoints().All() {
							add(m.Name()+"[count]", p.Attributes(), p.StartTimestamp(), p.Timestamp(), float64(p.Count()))
						}
					default:
						require.Failf(t, "unexpected metric", "%s of type %s", m.Name(), m.Type())
					}
				}
			}
		}
	}
	for _, series := range all {
		slices.SortFunc(series, func(a, b point) int { return a.end.Compare(b.end) })
	}
	return all
}

func number(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(p.IntValue())
	}
	return p.DoubleValue()
}

// sum adds up all points of the series whose key has the prefix.
func sum(all map[string][]point, prefix string) float64 {
	var total float64
	for key, series := range all {
		if strings.HasPrefix(key, prefix) {
			for _, p := range series {
				total += p.value
			}
		}
	}
	return total
}
