// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"cmp"
	"math"
	"slices"

	"github.com/lightstep/go-expohisto/structure"
)

// HistogramSum is Histograms added up.
type HistogramSum struct {
	Counts        []uint64
	N, Excess     uint64
	Sum, Min, Max float64
	Exp           *structure.Float64
	// Extremes are the spans of Lowest and Highest, which are Min and Max unless ForgetExtremes has
	// been called; nil where there are none.
	Extremes        *Extremes
	Lowest, Highest float64
	sampled         uint64 // the values of the histogram that Extremes.Any is of
}

// PredictionSum is Predictions added up.
type PredictionSum struct {
	Rows, Excess      uint64
	Classes           []uint64
	ClassExcess       []uint64
	ClassExamples     *Examples
	Value, Confidence HistogramSum
	Calls             []CallSum
	Usage             []UsageSum
	Contract          Contract
}

// FeaturesSum is Features added up.
type FeaturesSum struct {
	Numeric    []HistogramSum
	Categories [][]uint64
	// CategoryExcess and MissingExcess are shorter, or nil, where there is none.
	CategoryExcess [][]uint64
	Missing        []uint64
	MissingExcess  []uint64
	// Centroids are by the place in the plan.
	Centroids []Centroid
	// Examples are of Categories, MissingExamples of Missing, by slot; nil where there are none.
	Examples        []*Examples
	MissingExamples *Examples
}

// MissingOf returns the rows without a value of the feature in a slot, which may be -1, and their
// Excess.
func (f *FeaturesSum) MissingOf(slot int) (rows, excess uint64) {
	return At(f.Missing, slot), At(f.MissingExcess, slot)
}

// At returns the i-th of the counts, 0 where they have none.
func At(counts []uint64, i int) uint64 {
	if i < 0 || i >= len(counts) {
		return 0
	}
	return counts[i]
}

// Sums are the accumulators of all shards added up.
type Sums struct {
	Predictions map[Key]*PredictionSum
	Features    map[Key]*FeaturesSum
}

// NewSums returns sums of nothing.
func NewSums() *Sums {
	return &Sums{Predictions: make(map[Key]*PredictionSum), Features: make(map[Key]*FeaturesSum)}
}

// Add adds what was taken from a table. With allTime, minutes are left out of account: all is added
// to minute 0.
func (s *Sums) Add(t Taken, allTime bool) {
	prediction := func(k Key, p *Prediction) {
		if allTime {
			k.Minute = 0
		}
		sum := s.Predictions[k]
		if sum == nil {
			sum = new(PredictionSum)
			s.Predictions[k] = sum
		}
		sum.add(p)
	}
	features := func(k Key, f *Features) {
		if allTime {
			k.Minute = 0
		}
		sum := s.Features[k]
		if sum == nil {
			sum = new(FeaturesSum)
			s.Features[k] = sum
		}
		sum.add(f)
	}
	for k, p := range t.predictions {
		prediction(k, p)
	}
	for _, e := range t.fullPredictions {
		prediction(e.key, e.accumulator)
	}
	for k, f := range t.features {
		features(k, f)
	}
	for _, e := range t.fullFeatures {
		features(e.key, e.accumulator)
	}
}

// Keys returns the keys of all sums in a fixed order: by model, minute, version, role, dimension and
// cohort. A flush that takes several requests, as the first ones of a replay do, so goes in the order
// of time: ml_drift may close what a request is behind of before the next one comes.
func (s *Sums) Keys() []Key {
	keys := make([]Key, 0, len(s.Predictions)+len(s.Features))
	for k := range s.Predictions {
		keys = append(keys, k)
	}
	for k := range s.Features {
		if _, ok := s.Predictions[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(
			cmp.Compare(a.Model.Name, b.Model.Name), cmp.Compare(a.Model.Environment, b.Model.Environment), cmp.Compare(a.Minute, b.Minute),
			cmp.Compare(a.Model.Version, b.Model.Version), cmp.Compare(a.Model.Role, b.Model.Role),
			cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Cohort, b.Cohort),
		)
	})
	return keys
}

func (h *HistogramSum) add(o *Histogram) {
	if o.N == 0 {
		return
	}
	if h.Counts == nil && o.Counts != nil {
		h.Counts = make([]uint64, len(o.Counts))
	}
	for i, c := range o.Counts {
		h.Counts[i] += uint64(c)
	}
	h.Exp = mergeExponential(h.Exp, o.Exp)
	first := h.N == 0
	h.N += o.N
	h.Excess += o.Excess
	h.Sum += o.Sum
	if first || o.Min < h.Min {
		h.Min = o.Min
	}
	if first || o.Max > h.Max {
		h.Max = o.Max
	}
	if o.Extremes == nil {
		return
	}
	if h.Extremes == nil {
		h.Extremes, h.Lowest, h.Highest = new(Extremes), math.Inf(1), math.Inf(-1)
	}
	if h.sampled < o.N {
		h.sampled, h.Extremes.Any, h.Extremes.Value = o.N, o.Extremes.Any, o.Extremes.Value
	}
	if o.Min < h.Lowest {
		h.Lowest, h.Extremes.Low = o.Min, o.Extremes.Low
	}
	if o.Max > h.Highest {
		h.Highest, h.Extremes.High = o.Max, o.Extremes.High
	}
}

// ForgetExtremes makes the extremes and the examples those of what is added from now on.
func (s *Sums) ForgetExtremes() {
	for _, p := range s.Predictions {
		p.ClassExamples = nil
		p.Contract.forgetExamples()
		p.Value.forgetExtremes()
		p.Confidence.forgetExtremes()
		for i := range p.Calls {
			p.Calls[i].Duration.forgetExtremes()
		}
		for i := range p.Usage {
			for j := range p.Usage[i].Histograms {
				p.Usage[i].Histograms[j].forgetExtremes()
			}
		}
	}
	for _, f := range s.Features {
		clear(f.Examples)
		f.MissingExamples = nil
		for i := range f.Numeric {
			f.Numeric[i].forgetExtremes()
		}
	}
}

func (h *HistogramSum) forgetExtremes() { h.Extremes, h.sampled = nil, 0 }

// Drop forgets the sums of a key.
func (s *Sums) Drop(k Key) {
	delete(s.Predictions, k)
	delete(s.Features, k)
}

func addCounts[N uint32 | uint64](a []uint64, b []N) []uint64 {
	if d := len(b) - len(a); d > 0 {
		a = append(a, make([]uint64, d)...)
	}
	for i, n := range b {
		a[i] += uint64(n)
	}
	return a
}

func (p *PredictionSum) add(o *Prediction) {
	p.Rows += o.Rows
	p.Excess += o.Excess
	p.Classes = addCounts(p.Classes, o.Classes)
	p.ClassExcess = addCounts(p.ClassExcess, o.ClassExcess)
	p.ClassExamples = p.ClassExamples.add(o.ClassExamples)
	p.Value.add(&o.Value)
	p.Confidence.add(&o.Confidence)
	for i := range o.Calls {
		p.addCall(&o.Calls[i])
	}
	if d := len(o.Usage) - len(p.Usage); d > 0 {
		p.Usage = append(p.Usage, make([]UsageSum, d)...)
	}
	for i := range o.Usage {
		p.Usage[i].add(&o.Usage[i])
	}
	p.Contract.merge(&o.Contract)
}

func (f *FeaturesSum) add(o *Features) {
	if d := len(o.Numeric) - len(f.Numeric); d > 0 {
		f.Numeric = append(f.Numeric, make([]HistogramSum, d)...)
		f.Categories = append(f.Categories, make([][]uint64, d)...)
		f.Examples = append(f.Examples, make([]*Examples, d)...)
	}
	for i := range o.Numeric {
		f.Numeric[i].add(&o.Numeric[i])
		f.Categories[i] = addCounts(f.Categories[i], o.Categories[i])
		f.Examples[i] = f.Examples[i].add(o.Examples[i])
	}
	f.CategoryExcess = grow(f.CategoryExcess, len(o.CategoryExcess))
	for i := range o.CategoryExcess {
		f.CategoryExcess[i] = addCounts(f.CategoryExcess[i], o.CategoryExcess[i])
	}
	f.Centroids = addCentroids(f.Centroids, o.Centroids)
	f.Missing = addCounts(f.Missing, o.Missing)
	f.MissingExcess = addCounts(f.MissingExcess, o.MissingExcess)
	f.MissingExamples = f.MissingExamples.add(o.MissingExamples)
}
