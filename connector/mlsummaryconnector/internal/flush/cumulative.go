// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
)

// Cumulative adds up all there ever was and encodes it with a start time that stays and the time of
// the flush. Histograms have the 10 groups' bounds.
type Cumulative struct {
	Scope          Scope
	DurationBounds []float64

	sums    *accumulators.Sums
	starts  map[*series.Model]pcommon.Timestamp
	flushed pcommon.Timestamp
}

// NewCumulative returns a Cumulative whose series start at the given time.
func NewCumulative(scope Scope, durationBounds []float64, start pcommon.Timestamp) *Cumulative {
	return &Cumulative{
		Scope: scope, DurationBounds: durationBounds, flushed: start,
		sums: accumulators.NewSums(), starts: make(map[*series.Model]pcommon.Timestamp),
	}
}

// Add adds what was taken from a table.
func (c *Cumulative) Add(t accumulators.Taken) { c.sums.Add(t, true) }

// Metrics encodes the state at a time. A model whose bins were changed by a reload (current is
// false for the old one) is encoded a last time; its successor, whose series have the same
// dimensions, follows at the next call and starts anew.
func (c *Cumulative) Metrics(now pcommon.Timestamp, current func(*series.Model) bool) (md pmetric.Metrics, points int) {
	b := metricbuilder.New(c.Scope.Name, c.Scope.Version, pmetric.AggregationTemporalityCumulative)
	var start pcommon.Timestamp
	e := newEncoder(c.DurationBounds, true, func(d *delta.Delta) {
		otlp.AddTotal(b, start, now, d)
		points++
	})
	keys := c.sums.Keys()
	old := make(map[series.Key]bool)
	for _, k := range keys {
		if _, ok := c.starts[k.Model]; !ok {
			c.starts[k.Model] = c.flushed
		}
		if !k.Model.Overflow && !current(k.Model) {
			old[k.Model.Key] = true
		}
	}
	for _, k := range keys {
		outdated := !k.Model.Overflow && !current(k.Model)
		if !outdated && !k.Model.Overflow && old[k.Model.Key] {
			continue
		}
		start = c.starts[k.Model]
		e.encode(k, c.sums.Predictions[k], c.sums.Features[k])
		if outdated {
			c.sums.Drop(k)
		}
	}
	for m := range c.starts {
		if !m.Overflow && !current(m) {
			delete(c.starts, m)
		}
	}
	c.sums.ForgetExtremes()
	c.flushed = now
	return b.Metrics(), points
}
