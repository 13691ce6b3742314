// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import "math"

// Sample is a distribution in the bins of some Binning, ready to be compared.
type Sample struct {
	n    uint64
	kind Kind
	// all are the counts, but of an exponential sample; of a categorical one those of BinRest come
	// first.
	all []float64
	// Numeric only.
	bounds       []float64
	min, max, sd float64
	sum          float64 // of the values; NaN where it is not known
	ranged       bool    // min and max are those of the values
	partial      bool    // see Binning
	// grouping and grouped are the groups of the sample's own mass, as soon as it is a reference
	// (groups).
	grouping Grouping
	grouped  []float64
	// expo is the histogram of an exponential sample.
	expo *Exponential
	// binning names the categories of a categorical sample.
	binning *Binning
	// compared are the counts of the rest and of the first categories that comparisons use in place
	// of all, where a baseline holds out rows.
	compared []float64
}

// NewNumericSample prepares counts in explicit bounds. Without a standard deviation (NaN), the one
// of the middles of the bins stands in; without a range (lo above hi), the bounds' own.
func NewNumericSample(bounds []float64, counts []uint64, lo, hi, sd float64) *Sample {
	all := make([]float64, len(counts))
	for i, c := range counts {
		all[i] = float64(c)
	}
	s := sampleOf(bounds, all, lo, hi, sd)
	s.n = 0
	for _, c := range counts {
		s.n += c // exact, above 2^53, too
	}
	return s
}

// NewCountsSample is NewNumericSample of counts that may be parts, such as weighted ones; they are
// kept.
func NewCountsSample(bounds, counts []float64, lo, hi, sd float64) *Sample {
	return sampleOf(bounds, counts, lo, hi, sd)
}

func sampleOf(bounds, all []float64, lo, hi, sd float64) *Sample {
	s := &Sample{kind: KindNumeric, bounds: bounds, min: lo, max: hi, sd: sd, sum: math.NaN(), all: all, ranged: lo <= hi}
	for _, c := range all {
		s.n += uint64(c)
	}
	if len(bounds) > 0 && !(s.min <= s.max) {
		s.min, s.max = bounds[0], bounds[len(bounds)-1]
	}
	if math.IsNaN(s.sd) {
		s.sd = s.spread()
	}
	return s
}

// NewCategoricalSample prepares counts of categories, which are in the bins of b and are kept.
func NewCategoricalSample(b *Binning, counts []float64) *Sample {
	s := &Sample{kind: KindCategorical, binning: b, all: counts}
	for _, c := range counts {
		s.n += uint64(c)
	}
	return s
}

// WithSum gives the sum of a numeric sample's values, NaN for unknown, and returns the sample.
func (s *Sample) WithSum(sum float64) *Sample {
	s.sum = sum
	return s
}

// Count is the number of values.
func (s *Sample) Count() uint64 { return s.n }

// StdDev is the standard deviation of a numeric sample.
func (s *Sample) StdDev() float64 { return s.sd }

// Ends are the smallest and the largest value of a numeric sample; NaN where they are not known.
func (s *Sample) Ends() (lo, hi float64) {
	if s.ranged || s.kind == KindExponential && s.min <= s.max {
		return s.min, s.max
	}
	return math.NaN(), math.NaN()
}

// Share is the share of a bin, 0 to 1. It is 0 without a sample, which s may be.
func (s *Sample) Share(bin int) float64 {
	if s == nil || s.n == 0 || bin >= len(s.all) {
		return 0
	}
	return s.all[bin] / float64(s.n)
}

// OwnGroups are the bounds of the groups of a numeric sample's own mass.
func (s *Sample) OwnGroups() []float64 {
	grouping, _ := s.groups()
	return grouping.Bounds()
}

// groups returns the groups of equal mass of a numeric sample, and the counts in them. A current
// sample needs none: it is counted into those of its reference.
func (s *Sample) groups() (Grouping, []float64) {
	if s.grouped == nil {
		counts := make([]uint64, len(s.all))
		for i, c := range s.all {
			counts[i] = uint64(c)
		}
		s.grouping = GroupByMass(s.bounds, counts, DefaultGroups)
		s.grouped = Sum(s.grouping, s.all, []float64(nil))
	}
	return s.grouping, s.grouped
}

// spread is the standard deviation of the middles of the bins.
func (s *Sample) spread() float64 {
	if s.n == 0 || len(s.bounds) == 0 {
		return 0
	}
	// The squares of the largest numbers fit a float64 in a unit of this size.
	unit := 1.0
	if max(math.Abs(s.min), math.Abs(s.max), math.Abs(s.bounds[0]), math.Abs(s.bounds[len(s.bounds)-1])) > 0x1p400 {
		unit = 0x1p600
	}
	var mean, m2, n float64
	for i, c := range s.all {
		if c == 0 {
			continue
		}
		lo, hi := s.min, s.max
		if i > 0 {
			lo = max(lo, s.bounds[i-1])
		}
		if i < len(s.bounds) {
			hi = min(hi, s.bounds[i])
		}
		mid := lo + (hi-lo)/2
		if unit > 1 {
			mid = (lo/2 + hi/2) / unit
		}
		n += c
		d := mid - mean
		mean += d * c / n
		m2 += c * d * (mid - mean)
	}
	return math.Sqrt(m2/n) * unit
}

// coarser returns the sample in bounds that nest in its own.
func (s *Sample) coarser(bounds []float64) *Sample {
	counts := make([]float64, len(bounds)+1)
	Rebin(s.bounds, s.all, bounds, counts)
	out := sampleOf(bounds, counts, s.min, s.max, s.sd)
	out.partial, out.ranged, out.sum = true, s.ranged, s.sum
	return out
}
