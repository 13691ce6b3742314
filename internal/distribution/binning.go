// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"slices"
	"strings"
)

// Kind is how values are counted. The numbers are part of the format of ml_drift's snapshots.
type Kind uint8

// The kinds.
const (
	// KindUnknown is a series without any value yet.
	KindUnknown Kind = iota
	// KindNumeric counts into bins with explicit bounds.
	KindNumeric
	// KindExponential counts into exponential histograms.
	KindExponential
	// KindCategorical counts categories by name.
	KindCategorical
)

// Binning is what the counts of a series stand for. It is immutable and shared, except that a
// categorical one that is not Fixed grows and belongs to one series.
type Binning struct {
	Kind Kind
	// Bounds are those of a numeric binning: it has one bin more.
	Bounds []float64
	// Categories are the names of the bins after the first one, which counts all other categories.
	Categories []string
	// Fixed categories are those of a baseline.
	Fixed bool
	// Mismatched bounds cannot be compared with the baseline that there is.
	Mismatched bool
	// Partial bounds are some of the baseline's: the outer bins hold values whose ends are not
	// known well.
	Partial bool
	// Baseline is what to compare with; nil if there is none.
	Baseline *Sample
	// Coarse are the groups of bins that are passed on: those of the baseline's statistics, with
	// tails.
	Coarse Grouping

	// Few tells fewer of the categories apart; nil where there are no more (see Narrow).
	Few *Binning

	index map[string]int
	order []int // see byName
	few   []int // the bins of Few by bin
}

// BinRest is the bin of the categories that a categorical binning does not name.
const BinRest = 0

// Histogram is a numeric column of a baseline.
type Histogram struct {
	Bounds                 []float64
	Counts                 []uint64
	Min, Max, Mean, StdDev float64
}

// NewNumericBinning returns a binning with bounds. They must be some of the reference's, which may
// be nil.
func NewNumericBinning(bounds []float64, reference *Histogram) *Binning {
	b := &Binning{Kind: KindNumeric, Bounds: bounds}
	counts := make([]uint64, len(bounds)+1)
	if reference == nil {
		for i := range counts {
			counts[i] = 1
		}
	} else {
		Rebin(reference.Bounds, reference.Counts, bounds, counts)
		b.Baseline = NewNumericSample(bounds, counts, reference.Min, reference.Max, reference.StdDev)
		b.Baseline.WithSum(reference.Mean * float64(b.Baseline.n))
		b.Partial = len(bounds) < len(reference.Bounds)
		b.Baseline.partial = b.Partial
	}
	b.Coarse = GroupWithTails(bounds, counts, DefaultGroups)
	return b
}

// NewCategoricalBinning returns a binning without categories, which grows.
func NewCategoricalBinning() *Binning {
	return &Binning{Kind: KindCategorical, index: make(map[string]int)}
}

// NewFixedBinning returns a binning of a baseline's categories. counts are theirs, with those of
// all other categories first, n of them in all; without any there is nothing to compare with.
func NewFixedBinning(categories []string, counts []float64, n uint64) *Binning {
	b := NewCategoricalBinning()
	b.Categories, b.Fixed = categories, true
	for i, category := range categories {
		b.index[category] = BinRest + 1 + i
	}
	b.byName()
	if n > 0 {
		b.Baseline = NewCategoricalSample(b, counts)
		b.Baseline.n = n
	}
	return b
}

// Compare makes comparisons with the baseline use other counts than those that it is shown with:
// those of the first len(counts) categories, in n values. All other categories are compared as one.
// It must be called before anything is compared.
func (b *Binning) Compare(n uint64, counts []uint64) {
	if b.Baseline == nil {
		return
	}
	compared := make([]float64, BinRest+1, BinRest+1+len(counts))
	for _, c := range counts {
		compared = append(compared, float64(c))
		n -= min(n, c)
	}
	compared[BinRest] = float64(n)
	b.Baseline.compared = compared
}

// Narrow sets Few, which has some of the categories.
func (b *Binning) Narrow(few *Binning) {
	b.Few, b.few = few, make([]int, b.Bins())
	for i, category := range b.Categories {
		b.few[BinRest+1+i], _ = few.Lookup(category)
	}
}

// FewBin returns the bin of Few that a bin is in.
func (b *Binning) FewBin(bin int) int { return b.few[bin] }

// byName returns the indexes of the categories in the order of their names. It remembers them:
// calls for a binning that grows must not be concurrent.
func (b *Binning) byName() []int {
	if len(b.order) != len(b.Categories) {
		order := make([]int, len(b.Categories))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int { return strings.Compare(b.Categories[i], b.Categories[j]) })
		b.order = order
	}
	return b.order
}

// Bins is the number of counts: 0 unless the kind is numeric or categorical.
func (b *Binning) Bins() int {
	switch b.Kind {
	case KindNumeric:
		return len(b.Bounds) + 1
	case KindCategorical:
		return BinRest + 1 + len(b.Categories)
	}
	return 0
}

// Lookup returns the bin of a category; false where it has none of its own.
func (b *Binning) Lookup(category string) (bin int, ok bool) {
	bin, ok = b.index[category]
	return bin, ok
}

// Bin returns the bin of a category. It gets one where the binning grows and has fewer categories
// than limit.
func (b *Binning) Bin(category string, limit int) int {
	if i, ok := b.index[category]; ok {
		return i
	}
	if b.Fixed || len(b.Categories) >= limit {
		return BinRest
	}
	return b.Append(category)
}

// Append adds a category, which must be new, whatever the binning is.
func (b *Binning) Append(category string) int {
	b.Categories = append(b.Categories, category)
	bin := BinRest + len(b.Categories)
	b.index[category] = bin
	return bin
}

// Sample returns counts in the bins, or the exponential histogram, as a sample. It is nil for the
// unknown kind. There may be fewer counts than bins; they are copied.
func (b *Binning) Sample(counts []uint32, e *Exponential, lo, hi, sum float64) *Sample {
	switch b.Kind {
	case KindNumeric:
		s := sampleOf(b.Bounds, floats(counts, b.Bins()), lo, hi, math.NaN()).WithSum(sum)
		s.partial = b.Partial
		return s
	case KindExponential:
		return &Sample{kind: KindExponential, expo: e, n: e.Count(), min: lo, max: hi}
	case KindCategorical:
		return NewCategoricalSample(b, floats(counts, b.Bins()))
	}
	return nil
}

func floats(counts []uint32, n int) []float64 {
	out := make([]float64, n)
	for i, c := range counts[:min(n, len(counts))] {
		out[i] = float64(c)
	}
	return out
}

// Subset reports whether all bounds of a are bounds of b; both are increasing.
func Subset(a, b []float64) bool {
	i := 0
	for _, v := range b {
		if i < len(a) && a[i] == v {
			i++
		}
	}
	return i == len(a)
}

// Rebin adds counts to dst, where every bound of dst's is one of theirs. At bounds that do not
// nest, a bucket goes where its upper bound does.
func Rebin[C, D uint32 | uint64 | float64](bounds []float64, counts []C, to []float64, dst []D) {
	j := 0
	for i, c := range counts {
		for j < len(to) && (i >= len(bounds) || bounds[i] > to[j]) {
			j++
		}
		dst[j] += D(c)
	}
}

// BucketOf returns the bucket of a value in a few upper-inclusive bounds. Bins does that for many.
func BucketOf(bounds []float64, v float64) int {
	i := 0
	for i < len(bounds) && bounds[i] < v {
		i++
	}
	return i
}
