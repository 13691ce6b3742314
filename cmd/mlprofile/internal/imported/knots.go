// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

const (
	// fewIntegers is the range of integers below which each has so many rows that a quantile says
	// little of the share up to it.
	fewIntegers = 100
	// knownShare is how exactly the share up to a heavy value must be known for a bound to be put
	// there: twice the error that TFDV's quantiles have.
	knownShare = 0.02
)

// knot is a value up to which, and with it, between low and high rows are.
type knot struct {
	value     float64
	low, high float64
	// heavy says that the value itself may have many of them.
	heavy bool
}

// knots are a distribution by how many rows are up to each of some values.
type knots struct {
	known    []knot
	count    uint64
	quantile int
	// dropped are bounds that are not used, as the rows up to them are not known.
	dropped int
}

// newKnots takes quantiles and a histogram of equal widths, which may be nil, together. A quantile
// that falls on a value with many rows says only that their share reaches it: between this quantile
// and the next one is what the rows up to the value are. The other histogram, the number of zeros, and
// that there is nothing between two whole numbers say more. Where that is not enough no bound is put.
func newKnots(quantiles, widths *histogram, integral bool, low float64, zeros uint64) *knots {
	total := float64(quantiles.count)
	out := &knots{count: quantiles.count, quantile: len(quantiles.buckets)}
	first, last := distribution.Decimal32(quantiles.buckets[0].low), distribution.Decimal32(quantiles.buckets[len(quantiles.buckets)-1].high)
	few := integral && last-first < fewIntegers
	all := quantiles.quantileKnots(few)
	if low == 0 && float64(zeros) <= total {
		for i := range all {
			if all[i].value == 0 {
				all[i].low, all[i].high = float64(zeros), float64(zeros)
			}
		}
	}
	if widths != nil {
		passed := 0.0
		for _, b := range widths.buckets[:len(widths.buckets)-1] {
			passed += b.rows
			if v := distribution.Decimal32(b.high); v > first && v < last {
				v = math.Nextafter(v, math.Inf(-1))
				all = append(all, knot{value: v, low: passed, high: passed})
			}
		}
	}
	for i := range all {
		if few {
			all[i].value = math.Floor(all[i].value)
		}
		all[i].value = distribution.Decimal32(all[i].value)
	}
	all = tighten(all)
	start := math.Nextafter(first, math.Inf(-1))
	out.known = append(out.known, knot{value: start})
	for _, k := range all {
		switch {
		case k.value <= start || k.value >= last:
		case k.heavy && k.high-k.low > knownShare*total:
			out.dropped++
		case k.heavy:
			middle := (k.low + max(k.low, k.high)) / 2
			out.known = append(out.known, knot{value: k.value, low: middle})
		default:
			out.known = append(out.known, k)
		}
	}
	out.known = append(out.known, knot{value: last, low: total})
	return out
}

// quantileKnots are the distinct upper bounds of buckets, the first lower one among them.
func (h *histogram) quantileKnots(heavy bool) (all []knot) {
	passed := 0.0
	all = append(all, knot{value: h.buckets[0].low, high: h.buckets[0].rows, heavy: true})
	for i, b := range h.buckets {
		passed += b.rows
		next := passed
		if i+1 < len(h.buckets) {
			next += h.buckets[i+1].rows
		}
		if last := &all[len(all)-1]; b.high == last.value {
			last.low, last.high, last.heavy = passed, next, true
			continue
		}
		all = append(all, knot{value: b.high, low: passed, high: next, heavy: heavy})
	}
	return all
}

// tighten sorts knots, makes one of those at the same value, and lets each say what it does of others:
// rows up to a value are no fewer than those up to a smaller one.
func tighten(all []knot) []knot {
	slices.SortStableFunc(all, func(a, b knot) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	out := all[:0]
	for _, k := range all {
		if n := len(out); n > 0 && out[n-1].value == k.value {
			same := &out[n-1]
			same.low, same.high = max(same.low, k.low), min(same.high, k.high)
			continue
		}
		out = append(out, k)
	}
	for i := 1; i < len(out); i++ {
		out[i].low = max(out[i].low, out[i-1].low)
	}
	for i := len(out) - 2; i >= 0; i-- {
		out[i].high = min(out[i].high, out[i+1].high)
	}
	return out
}

func (k *knots) bins(n int) ([]float64, []uint64) {
	bounds, rows := make([]float64, len(k.known)), make([]float64, len(k.known))
	passed := 0.0
	for i, of := range k.known {
		bounds[i], rows[i] = of.value, max(of.low-passed, 0)
		passed = max(passed, of.low)
	}
	bounds, rows = merge(bounds, rows, n)
	return bounds, round(rows, k.count)
}
