// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// passes is true for the metrics of ml_summary that are no deltas, but whole in themselves: those of
// its change detectors, and where models run.
func passes(name string) bool {
	switch name {
	case mlconv.MetricStreamChangeCount, mlconv.MetricStreamEstimate, mlconv.MetricStreamLastChange, mlconv.MetricModelPlacement:
		return true
	}
	return false
}

// Passed returns a copy of the metrics of a request that are to go on as they are; ok is false where
// there are none. Decode leaves them out.
func Passed(md pmetric.Metrics) (out pmetric.Metrics, ok bool) {
	if !anyPasses(md) {
		return out, false
	}
	out = pmetric.NewMetrics()
	md.CopyTo(out)
	out.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return !passes(m.Name()) })
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
	return out, true
}

func anyPasses(md pmetric.Metrics) bool {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if passes(m.Name()) {
					return true
				}
			}
		}
	}
	return false
}
