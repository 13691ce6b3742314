// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// DefaultMaxCategories is the number of values of a categorical column that a profile keeps.
const DefaultMaxCategories = 200

// NewNumeric profiles a numeric column with equal-mass bins. NaN and infinities count as missing,
// on top of missing. A number that is a widened float32 is taken for the decimal number that was
// meant (distribution.Decimal32), so that one value that came in both sizes is one. values is
// sorted in place, and changed.
func NewNumeric(name string, values []float64, missing uint64, bins int) *Column {
	finite := values[:0]
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			missing++
			continue
		}
		finite = append(finite, distribution.Decimal32(v))
	}
	c := &Column{Name: name, Type: Numeric, Count: uint64(len(finite)), Missing: missing}
	if len(finite) == 0 {
		return c
	}
	slices.Sort(finite)
	bounds := distribution.EqualMassBounds(finite, bins)
	b, err := distribution.NewBins(bounds)
	if err != nil {
		panic("BUG: EqualMassBounds made bounds that NewBins refuses: " + err.Error())
	}
	mean, sd := MeanStdDev(finite)
	c.Numeric = &NumericColumn{
		Min: finite[0], Max: finite[len(finite)-1], Mean: mean, StdDev: sd,
		Bounds: bounds, Counts: b.Count(finite),
	}
	return c
}

// MeanStdDev returns the mean and the population standard deviation of finite values, of which
// there is at least one. Where their squares would be too large or too small for a float64 they are
// scaled by a power of two first, which costs no digit: both figures are finite for all finite
// values.
func MeanStdDev(values []float64) (mean, sd float64) {
	largest := 0.0
	for _, v := range values {
		largest = max(largest, math.Abs(v))
	}
	_, exponent := math.Frexp(largest)
	if largest == 0 || exponent > -400 && exponent < 400 {
		mean, sd = stat.PopMeanStdDev(values, nil)
		return mean, sd
	}
	scaled := make([]float64, len(values))
	for i, v := range values {
		scaled[i] = math.Ldexp(v, -exponent)
	}
	mean, sd = stat.PopMeanStdDev(scaled, nil)
	limit := func(v float64) float64 { return min(max(math.Ldexp(v, exponent), -math.MaxFloat64), math.MaxFloat64) }
	return limit(mean), limit(sd)
}

// NewCategorical profiles a categorical column and keeps at most maxCategories values, the most
// frequent ones. Unless each value has many rows, half of the rows choose which are kept, and the
// other half is held out to compare with (HeldOut).
func NewCategorical(name string, counts map[string]uint64, missing uint64, maxCategories int) *Column {
	c := &Column{Name: name, Type: Categorical, Missing: missing}
	for _, n := range counts {
		c.Count += n
	}
	if len(counts) > 0 {
		c.holdOut(mostFrequent(counts), maxCategories, 0)
	}
	return c
}

// mostFrequent returns categories in the order of Column.Categories.
func mostFrequent(counts map[string]uint64) []Category {
	all := make([]Category, 0, len(counts))
	for v, n := range counts {
		all = append(all, Category{Value: v, Count: n})
	}
	slices.SortFunc(all, byCount)
	return all
}

// byCount is the order of most frequent first, ties by value.
func byCount(a, b Category) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
}
