// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package detectors

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Encode writes the state of all detectors at a time: the changes since it began, the estimate, and
// the time of the last change. It returns the number of points. The builder's temporality is
// cumulative.
func (s *Set) Encode(b *metricbuilder.Builder, now pcommon.Timestamp) (points int) {
	s.mu.Lock()
	models := make([]*Model, 0, len(s.models))
	for _, m := range s.models {
		models = append(models, m)
	}
	s.mu.Unlock()
	for _, m := range models {
		points += m.encode(b, now)
	}
	return points
}

func (m *Model) encode(b *metricbuilder.Builder, now pcommon.Timestamp) (points int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.detectors {
		d := &m.detectors[i]
		changes := b.Sum(mlconv.MetricStreamChangeCount)
		changes.SetStartTimestamp(m.start)
		changes.SetIntValue(d.changes)
		m.name(changes, i, now)
		points++
		if v := d.Estimate(); !math.IsNaN(v) && !math.IsInf(v, 0) {
			estimate := b.Gauge(mlconv.MetricStreamEstimate)
			estimate.SetDoubleValue(v)
			m.name(estimate, i, now)
			points++
		}
		if d.last > 0 {
			last := b.Gauge(mlconv.MetricStreamLastChange)
			last.SetDoubleValue(float64(d.last) / 1e9)
			m.name(last, i, now)
			points++
		}
	}
	return points
}

// name says whose a point is.
func (m *Model) name(p pmetric.NumberDataPoint, at int, now pcommon.Timestamp) {
	p.SetTimestamp(now)
	id := m.identity
	otlp.PutKey(p.Attributes(), &delta.Key{Environment: id.Environment, Model: id.Name, Version: id.Version, Role: id.Role})
	p.Attributes().PutStr(mlconv.AttrStreamDetector, m.Specs[at].Name)
	p.Attributes().PutStr(mlconv.AttrStreamSubject, m.Specs[at].Subject)
}
