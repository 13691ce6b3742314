// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"math"
	"math/bits"

	"github.com/lightstep/go-expohisto/structure"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Ref is the span that a value came from.
type Ref struct {
	Trace pcommon.TraceID
	Span  pcommon.SpanID
	Time  pcommon.Timestamp
}

// Extremes are the spans of the smallest and of the largest value: the ones to look at when a
// distribution has moved. The first span wins among equals. Any is the span of one of the others,
// with its value: where more values than usual lie in the middle, it is one of those sooner or
// later.
type Extremes struct {
	Low, High, Any Ref
	Value          float64
}

// sample makes the value the one that Any shows, whenever the number of values has doubled.
func (h *Histogram) sample(before uint64, v float64, ref *Ref) {
	if h.Extremes != nil && bits.Len64(before) != bits.Len64(h.N) {
		h.Extremes.Any, h.Extremes.Value = *ref, v
	}
}

// exponentialBuckets is the most buckets on each side of zero of an exponential histogram.
const exponentialBuckets = 160

// Histogram counts finite values: into the bins of a baseline, or exponentially without one.
type Histogram struct {
	// Counts are the values per bin; nil until the first one, and for exponential histograms.
	Counts []uint32
	N      uint64
	// Excess is how much the squares of the values' weights add up to beyond N.
	Excess        uint64
	Sum, Min, Max float64
	Exp           *structure.Float64
	// Extremes is nil where exemplars are off.
	Extremes *Extremes
}

func (h *Histogram) init(counts []uint32, extremes *Extremes) {
	h.Counts, h.Extremes = counts, extremes
	h.Min, h.Max = math.Inf(1), math.Inf(-1)
}

// start makes h ready for its first value where that was not done with the accumulator.
func (h *Histogram) start(bins int, exemplars bool) {
	var e *Extremes
	if exemplars {
		e = new(Extremes)
	}
	var counts []uint32
	if bins > 0 {
		counts = make([]uint32, bins)
	}
	h.init(counts, e)
}

// AddBin counts a value that is in the given bin. h must have bins.
func (h *Histogram) AddBin(bin int, v float64, weight Weight, ref *Ref) {
	h.Counts[bin] += weight.Rows
	h.add(v, weight, ref)
}

// add counts a value in the totals.
func (h *Histogram) add(v float64, weight Weight, ref *Ref) {
	h.N += uint64(weight.Rows)
	h.Excess += weight.Excess
	h.sample(h.N-uint64(weight.Rows), v, ref)
	h.Sum += v * float64(weight.Rows)
	if v < h.Min {
		h.Min = v
		if h.Extremes != nil {
			h.Extremes.Low = *ref
		}
	}
	if v > h.Max {
		h.Max = v
		if h.Extremes != nil {
			h.Extremes.High = *ref
		}
	}
}

// AddLazy is AddBin for a histogram that may not have started yet.
func (h *Histogram) AddLazy(bins, bin int, v float64, weight Weight, ref *Ref, exemplars bool) {
	if h.N == 0 {
		h.start(bins, exemplars)
	}
	h.AddBin(bin, v, weight, ref)
}

// AddExp counts a value exponentially.
func (h *Histogram) AddExp(v float64, weight Weight, ref *Ref, exemplars bool) {
	if h.Exp == nil {
		h.start(0, exemplars)
		h.Exp = newExponential()
	}
	h.Exp.UpdateByIncr(v, uint64(weight.Rows))
	h.add(v, weight, ref)
}

func newExponential() *structure.Float64 {
	e := new(structure.Float64)
	e.Init(structure.NewConfig(structure.WithMaxSize(exponentialBuckets)))
	return e
}

// mergeExponential adds b to a, either of which may be nil.
func mergeExponential(a, b *structure.Float64) *structure.Float64 {
	if b == nil {
		return a
	}
	if a == nil {
		a = newExponential()
	}
	if b.Count() == b.ZeroCount() {
		// MergeFrom takes the scale of a histogram of zeros to be 0 and would make a as coarse.
		a.UpdateByIncr(0, b.Count())
		return a
	}
	a.MergeFrom(b)
	return a
}

// merge adds o, a histogram with the same bins. The sum of their N must fit into uint32.
func (h *Histogram) merge(o *Histogram) {
	if o.N == 0 {
		return
	}
	if h.N == 0 {
		*h = *o
		return
	}
	for i, c := range o.Counts {
		h.Counts[i] += c
	}
	h.Exp = mergeExponential(h.Exp, o.Exp)
	if h.Extremes != nil && o.N > h.N {
		h.Extremes.Any, h.Extremes.Value = o.Extremes.Any, o.Extremes.Value
	}
	h.N += o.N
	h.Excess += o.Excess
	h.Sum += o.Sum
	if o.Min < h.Min {
		h.Min = o.Min
		if h.Extremes != nil {
			h.Extremes.Low = o.Extremes.Low
		}
	}
	if o.Max > h.Max {
		h.Max = o.Max
		if h.Extremes != nil {
			h.Extremes.High = o.Extremes.High
		}
	}
}
