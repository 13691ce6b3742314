// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// readWindows reads what ml_drift with timestamps: event has written through the file exporter, of
// one model against the baseline.
func readWindows(path, model string) (findings, error) {
	fs := findings{}
	var decoder pmetric.JSONUnmarshaler
	err := eachLine(path, func(line []byte) error {
		md, err := decoder.UnmarshalMetrics(line)
		if err != nil {
			return err
		}
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					if m.Type() != pmetric.MetricTypeGauge {
						continue
					}
					for _, p := range m.Gauge().DataPoints().All() {
						fs.addPoint(m.Name(), model, p)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fs, nil
}

// addPoint puts a point of the model against the baseline into its window.
func (fs findings) addPoint(name, model string, p pmetric.NumberDataPoint) {
	get := func(key string) string { return textOf(p, key) }
	if get(mlconv.AttrModelName) != model || get(mlconv.AttrDriftReference) != "baseline" {
		return
	}
	w := fs.window(key{get(mlconv.AttrDriftSubject), get(mlconv.AttrFeatureName), get(mlconv.AttrSegment)}, p.Timestamp().AsTime().Unix())
	w.start = p.StartTimestamp().AsTime()
	w.set(name, get(mlconv.AttrDriftMethod), get(mlconv.AttrDriftVerdict), numberOf(p))
	if name == mlconv.MetricDriftScore && p.Exemplars().Len() > 0 {
		if id := p.Exemplars().At(0).TraceID(); !id.IsEmpty() {
			w.trace = id.String()
		}
	}
}

// textOf returns an attribute of a point, "" where it is absent.
func textOf(p pmetric.NumberDataPoint, key string) string {
	v, ok := p.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func numberOf(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(p.IntValue())
	}
	return p.DoubleValue()
}
