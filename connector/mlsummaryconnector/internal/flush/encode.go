// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package flush encodes sums of accumulators as metrics.
//
// Delta cuts sums into Parts of bounded size, each a flush of one model with a sequence number of
// its own; a Part gives the same points however often it is encoded. Cumulative keeps adding up and encodes
// the state at a time.
package flush

import (
	"math"

	"github.com/lightstep/go-expohisto/structure"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// errorOther is the error.type of errors that found no room in a table.
const errorOther = "_OTHER"

// Scope names who made the metrics.
type Scope struct{ Name, Version string }

// encoder makes the points of accumulators, and gives each to add.
type encoder struct {
	add            func(*delta.Delta)
	cumulative     bool
	durationBounds []float64
	names          map[*series.Dict][]string

	// accumulator is the key at hand, and template the delta that its points begin as.
	accumulator accumulators.Key
	template    delta.Delta
}

func newEncoder(durationBounds []float64, cumulative bool, add func(*delta.Delta)) *encoder {
	return &encoder{add: add, cumulative: cumulative, durationBounds: durationBounds, names: make(map[*series.Dict][]string)}
}

// dict returns the values of d by id, the same for all points of this encoder.
func (e *encoder) dict(d *series.Dict) []string {
	names, ok := e.names[d]
	if !ok {
		names = d.Names()
		e.names[d] = names
	}
	return names
}

// encode makes the points of the sums of one key.
func (e *encoder) encode(k accumulators.Key, p *accumulators.PredictionSum, f *accumulators.FeaturesSum) {
	m := k.Model
	e.accumulator = k
	e.template = delta.Delta{Minute: k.Minute * 60, Key: delta.Key{
		Environment: m.Environment, Model: m.Name, Version: m.Version, Role: m.Role, Overflow: m.Overflow,
	}}
	if !k.Total() {
		dimension := m.Plan.Segments[k.Dimension-1]
		e.template.Key.Segment = dimension // alone it is that of the cohorts that found no room
		if k.Cohort != series.OverflowID {
			e.template.Key.Segment = dimension + "=" + e.dict(m.Cohorts[k.Dimension-1])[k.Cohort]
		}
	}
	if p != nil {
		e.prediction(p)
	}
	if f != nil {
		e.features(f)
	}
}

// of begins a delta on a subject.
func (e *encoder) of(subject delta.Subject) delta.Delta {
	d := e.template
	d.Key.Subject = subject
	return d
}

// ofFeature begins a delta on a feature; the columns that found no room have no name.
func (e *encoder) ofFeature(subject delta.Subject, c *series.Column) delta.Delta {
	d := e.of(subject)
	if !c.Overflow {
		d.Key.Name = c.Name
	}
	return d
}

func (e *encoder) prediction(p *accumulators.PredictionSum) {
	plan := e.accumulator.Model.Plan
	if e.accumulator.Total() {
		for i := range p.Calls {
			e.call(&p.Calls[i])
		}
	} else if p.Rows > 0 {
		d := e.of(delta.Predictions)
		d.SetCount(p.Rows, p.Excess)
		e.add(&d)
	}
	e.categories(e.of(delta.Class), p.Classes, p.ClassExcess, e.accumulator.Model.Classes, p.ClassExamples)
	e.values(e.of(delta.Value), &p.Value, plan.Value)
	e.values(e.of(delta.Confidence), &p.Confidence, plan.Confidence)
	for id := range p.Usage {
		e.usage(uint32(id), &p.Usage[id])
	}
	e.contract(&p.Contract)
}

// consumer is of whom calls of a service are.
func (e *encoder) consumer(service uint32) delta.Consumer {
	if service == series.OverflowID {
		return delta.Consumer{Overflow: true}
	}
	return delta.Consumer{Service: e.dict(e.accumulator.Model.Services)[service]}
}

// call encodes the predictions of one service that ended in one way.
func (e *encoder) call(c *accumulators.CallSum) {
	consumer := e.consumer(c.Service)
	switch c.Error {
	case accumulators.NoError:
	case accumulators.OtherError:
		consumer.Unit = errorOther
	default:
		consumer.Unit = e.dict(e.accumulator.Model.Errors)[c.Error-1]
	}
	if c.Rows > 0 {
		d := e.of(delta.Predictions)
		d.Consumer = consumer
		d.SetCount(c.Rows, c.Excess)
		e.add(&d)
	}
	if c.Duration.N > 0 {
		d := e.of(delta.Duration)
		d.Consumer = consumer
		e.explicit(d, &c.Duration, e.durationBounds, c.Duration.Counts, false)
	}
}

// usage encodes what the calls of one service used.
func (e *encoder) usage(service uint32, u *accumulators.UsageSum) {
	for i := range u.Histograms {
		h, m := &u.Histograms[i], &accumulators.Measures[i]
		if h.N == 0 {
			continue
		}
		d := e.of(m.Subject)
		d.Consumer = e.consumer(service)
		d.Consumer.Unit = m.Unit
		e.explicit(d, h, m.Bins.Bounds(), h.Counts, false)
	}
	for _, c := range u.Costs {
		d := e.of(delta.Cost)
		d.Consumer, d.Sum = e.consumer(service), c.Sum
		if c.Overflow {
			d.Consumer.Overflow = true
		} else {
			d.Consumer.Unit = c.Currency
		}
		e.add(&d)
	}
}

func (e *encoder) features(f *accumulators.FeaturesSum) {
	total := e.accumulator.Total()
	features := e.accumulator.Model.Features()
	if !e.cumulative {
		e.centroids(f.Centroids)
	}
	var replaced map[int]bool
	for _, f := range features {
		if f.Predecessor >= 0 {
			if replaced == nil {
				replaced = make(map[int]bool)
			}
			replaced[f.Predecessor] = true
		}
	}
	for slot, feature := range features {
		place := slot
		if !total {
			place = feature.Segment
		}
		if place >= 0 && place < len(f.Numeric) {
			d := e.ofFeature(delta.Feature, feature.Column)
			if feature.Categorical {
				names := feature.Categories
				if feature.Overflow {
					names = nil
				}
				var excess []uint64
				if place < len(f.CategoryExcess) {
					excess = f.CategoryExcess[place]
				}
				e.categories(d, f.Categories[place], excess, names, f.Examples[place])
			} else {
				e.values(d, &f.Numeric[place], feature.Column)
			}
		}
		if replaced[slot] {
			continue // its missing values are with those of the categories that it became
		}
		missing, excess := f.MissingOf(slot)
		before, excessBefore := f.MissingOf(feature.Predecessor)
		missing, excess = missing+before, excess+excessBefore
		if missing > 0 || e.cumulative && total {
			d := e.ofFeature(delta.Missing, feature.Column)
			d.SetCount(missing, excess)
			d.Exemplars = example(f.MissingExamples.Of(uint32(slot)))
			e.add(&d)
		}
	}
}

// centroids encodes the sums of vectors, which only ml_drift reads.
func (e *encoder) centroids(list []accumulators.Centroid) {
	for i := range list {
		if c := &list[i]; c.Rows > 0 {
			d := e.of(delta.Embedding)
			d.Key.Name = e.accumulator.Model.Plan.Centroids[i]
			d.SetCount(c.Rows, c.Excess)
			d.Vector = c.Sums
			e.add(&d)
		}
	}
}

// categories encodes the counts of categories by their ids. Those of the columns that found no room
// have no names.
func (e *encoder) categories(d delta.Delta, counts, excess []uint64, names *series.Dict, examples *accumulators.Examples) {
	d.Categorical = true
	for id, n := range counts {
		if n == 0 {
			continue
		}
		d.SetCount(n, accumulators.At(excess, id))
		d.Exemplars = example(examples.Of(uint32(id)))
		d.Overflow = id == series.OverflowID
		if names != nil {
			d.Category = e.dict(names)[id]
		}
		e.add(&d)
	}
}

// values encodes h, whose bins are those of c on a total and c's groups on a cohort.
func (e *encoder) values(d delta.Delta, h *accumulators.HistogramSum, c *series.Column) {
	switch {
	case h.N == 0:
	case h.Exp != nil && !e.cumulative:
		d.Exponential = &distribution.Exponential{
			Scale: h.Exp.Scale(), Zero: h.Exp.ZeroCount(), Positive: buckets(h.Exp.Positive()), Negative: buckets(h.Exp.Negative()),
		}
		e.histogram(d, h, true)
	case h.Exp != nil:
		// Prometheus' text format shows nothing of an exponential histogram but its count.
		bounds := distribution.ValueBounds
		if d.Key.Subject == delta.Confidence {
			bounds = distribution.ConfidenceBounds
		}
		e.explicit(d, h, bounds, coarsen(h.Exp, bounds), c != nil)
	case !e.accumulator.Total():
		e.explicit(d, h, c.Groups.Bounds(), h.Counts, true)
	case e.cumulative:
		e.explicit(d, h, c.Emitted.Bounds(), distribution.Sum[uint64, uint64](c.Emitted, h.Counts, nil), true)
	default:
		e.explicit(d, h, c.Bins.Bounds(), h.Counts, true)
	}
}

func (e *encoder) explicit(d delta.Delta, h *accumulators.HistogramSum, bounds []float64, counts []uint64, low bool) {
	d.Bounds, d.Counts = bounds, counts
	e.histogram(d, h, low)
}

func (e *encoder) histogram(d delta.Delta, h *accumulators.HistogramSum, low bool) {
	d.SetCount(h.N, h.Excess)
	d.Sum, d.Min, d.Max, d.HasRange = h.Sum, h.Min, h.Max, true
	d.Exemplars = exemplars(h, low)
	e.add(&d)
}

func buckets(from *structure.Buckets) distribution.ExponentialBuckets {
	b := distribution.ExponentialBuckets{Offset: from.Offset(), Counts: make([]uint64, from.Len())}
	for i := range b.Counts {
		b.Counts[i] = from.At(uint32(i))
	}
	return b
}

// coarsen counts the values of an exponential histogram by bounds, each bucket where its upper
// bound is.
func coarsen(h *structure.Float64, bounds []float64) []uint64 {
	counts := make([]uint64, len(bounds)+1)
	place := func(v float64) int {
		i := 0
		for i < len(bounds) && bounds[i] < v {
			i++
		}
		return i
	}
	// The lower bound of a bucket is a power of 2^(2^-scale). Bounds that are such powers are hit
	// but for rounding.
	power := func(i int32) float64 { return math.Exp2(math.Ldexp(float64(i), -int(h.Scale()))) * (1 - 1e-12) }
	counts[place(0)] += h.ZeroCount()
	for i := range h.Positive().Len() {
		counts[place(power(h.Positive().Offset()+int32(i)+1))] += h.Positive().At(i)
	}
	for i := range h.Negative().Len() {
		counts[place(-power(h.Negative().Offset()+int32(i)))] += h.Negative().At(i)
	}
	return counts
}

// exemplars are the span of the largest value, and where low is true that of the smallest one and
// of any other: a short duration or few tokens need no look.
func exemplars(h *accumulators.HistogramSum, low bool) (out []delta.Exemplar) {
	x := h.Extremes
	if x == nil {
		return nil
	}
	put := func(ref accumulators.Ref, v float64) {
		if !ref.Trace.IsEmpty() {
			out = append(out, exemplar(&ref, v))
		}
	}
	if low && (x.Low != x.High || h.Lowest != h.Highest) {
		put(x.Low, h.Lowest)
	}
	put(x.High, h.Highest)
	if low && x.Any != x.Low && x.Any != x.High {
		put(x.Any, x.Value)
	}
	return out
}

// example is the span of a category, a class or a missing value; none where it has none.
func example(ref *accumulators.Ref) []delta.Exemplar {
	if ref == nil {
		return nil
	}
	return []delta.Exemplar{exemplar(ref, 1)}
}

func exemplar(ref *accumulators.Ref, v float64) delta.Exemplar {
	return delta.Exemplar{Value: v, Time: int64(ref.Time), TraceID: ref.Trace, SpanID: ref.Span}
}
