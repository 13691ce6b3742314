// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
)

// maxPartBytes is about the most bytes of a Part, below the 4 MiB that gRPC servers take by
// default. Only a single accumulator can be larger.
const maxPartBytes = 3 << 20

// Delta encodes sums as deltas stamped with their minute.
type Delta struct {
	// Producer is the id of the instance.
	Producer       string
	Scope          Scope
	DurationBounds []float64

	streams streams
}

// Part is one flush of one model: some of its accumulators of Sums.
type Part struct {
	// Sequence is the number of the flush among those of its producer, from 1.
	Sequence int64

	delta    *Delta
	producer string
	model    modelID
	sums     *accumulators.Sums
	keys     []accumulators.Key
	size     int
}

// Cut numbers the parts of sums, which must not change any more. No part has accumulators of two
// models: whoever passes parts on can send each model its own way.
func (d *Delta) Cut(sums *accumulators.Sums) []*Part {
	var parts []*Part
	open := make(map[modelID]*Part)
	for _, k := range sums.Keys() {
		id := modelID{k.Model.Environment, k.Model.Name}
		part, n := open[id], bytes(sums.Predictions[k], sums.Features[k])
		if part == nil || part.size+n > maxPartBytes {
			part = &Part{delta: d, model: id, sums: sums}
			part.producer, part.Sequence = d.streams.next(d.Producer, id)
			parts = append(parts, part)
			open[id] = part
		}
		part.keys = append(part.keys, k)
		part.size += n
	}
	return parts
}

// Metrics encodes the part: the same points in the same order every time.
func (p *Part) Metrics() (md pmetric.Metrics, points int) {
	b := metricbuilder.New(p.delta.Scope.Name, p.delta.Scope.Version, pmetric.AggregationTemporalityDelta)
	f := otlp.NewFlush(b, p.producer, uint64(p.Sequence))
	e := newEncoder(p.delta.DurationBounds, false, f.Add)
	for _, k := range p.keys {
		e.encode(k, p.sums.Predictions[k], p.sums.Features[k])
	}
	return b.Metrics(), f.Points()
}

// bytes is about the size of an accumulator's points as OTLP.
func bytes(p *accumulators.PredictionSum, f *accumulators.FeaturesSum) int {
	const point, bin = 200, 16 // attributes, timestamps and exemplars; a bound and a count
	n := 0
	histogram := func(h *accumulators.HistogramSum) {
		if h.N > 0 {
			n += point + bin*len(h.Counts)
			if h.Exp != nil {
				n += 2 * int(h.Exp.Positive().Len()+h.Exp.Negative().Len())
			}
		}
	}
	if p != nil {
		n += point * (1 + len(p.Classes) + len(p.Contract.Checked) + len(p.Contract.Violations))
		histogram(&p.Value)
		histogram(&p.Confidence)
		for i := range p.Calls {
			n += point
			histogram(&p.Calls[i].Duration)
		}
		for i := range p.Usage {
			for j := range p.Usage[i].Histograms {
				histogram(&p.Usage[i].Histograms[j])
			}
			n += point * len(p.Usage[i].Costs)
		}
	}
	if f != nil {
		for i := range f.Centroids {
			n += point + 8*len(f.Centroids[i].Sums)
		}
		for _, missing := range f.Missing {
			if missing > 0 {
				n += point
			}
		}
		for i := range f.Numeric {
			histogram(&f.Numeric[i])
			n += point * len(f.Categories[i])
		}
	}
	return n
}
