// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Pair is a reference and a current sample in the same bins.
type Pair struct {
	ordered, grouped [2]stats.Sample
	grouping         Grouping
	numeric          bool
	names            []string  // of the categories; the rest comes after them
	share            []float64 // what Shares returns
}

// Match brings two samples into the same bins, or returns false where that cannot be done exactly.
func Match(ref, cur *Sample) (p Pair, ok bool) {
	if ref == nil || cur == nil || ref.kind != cur.kind || ref.n == 0 || cur.n == 0 {
		return p, false
	}
	switch ref.kind {
	case KindExponential:
		bounds, a, b := Align(ref.expo, cur.expo)
		if len(bounds) == 0 {
			bounds, a, b = []float64{0}, append(a, 0), append(b, 0)
		}
		return matchNumeric(
			NewNumericSample(bounds, a, ref.min, ref.max, math.NaN()),
			NewNumericSample(bounds, b, cur.min, cur.max, math.NaN()))
	case KindNumeric:
		return matchNumeric(ref, cur)
	case KindCategorical:
		return matchCategories(ref, cur), true
	}
	return p, false
}

func matchNumeric(ref, cur *Sample) (p Pair, ok bool) {
	if len(ref.all) != len(cur.all) || !Subset(ref.bounds, cur.bounds) {
		to := ref.bounds // the coarser ones
		if len(cur.bounds) < len(to) {
			to = cur.bounds
		}
		if !Subset(to, ref.bounds) || !Subset(to, cur.bounds) {
			return p, false
		}
		ref, cur = ref.coarser(to), cur.coarser(to)
	}
	p.numeric = true
	p.ordered = [2]stats.Sample{
		{Counts: ref.all, Bounds: ref.bounds, Min: ref.min, Max: ref.max, StdDev: ref.sd},
		{Counts: cur.all, Bounds: cur.bounds, Min: cur.min, Max: cur.max, StdDev: cur.sd},
	}
	if ref.partial || cur.partial {
		// The mass of an outer bin is taken to be spread evenly to the sample's end, and the ends
		// of a large and a small sample differ without any drift: both get the same ones.
		for i := range p.ordered {
			p.ordered[i].Min, p.ordered[i].Max = min(ref.min, cur.min), max(ref.max, cur.max)
		}
	}
	grouping, grouped := ref.groups()
	p.grouping = grouping
	p.grouped = [2]stats.Sample{
		{Counts: grouped, Bounds: grouping.Bounds(), Min: ref.min, Max: ref.max, StdDev: ref.sd},
		{Counts: Sum(grouping, cur.all, []float64(nil)), Bounds: grouping.Bounds(), Min: cur.min, Max: cur.max, StdDev: cur.sd},
	}
	return p, true
}

func matchCategories(ref, cur *Sample) (p Pair) {
	a, b := ref.all, cur.all
	p.names = ref.binning.Categories[:max(min(len(ref.binning.Categories), len(a)-1), 0)]
	if ref.binning != cur.binning {
		a, b, p.names = commonCategories(ref, cur)
	}
	// The rest comes last, beside the rarest category: p-values pool neighbours.
	p.grouped = [2]stats.Sample{{Counts: restLast(a, len(a))}, {Counts: restLast(b, len(a))}}
	return p
}

// Compare computes one statistic.
func (p *Pair) Compare(m stats.Method) (stats.Result, error) {
	ref, cur := p.Samples(m)
	return stats.Compare(m, ref, cur)
}

// Samples returns what Compare compares: all bins for a method of ordered values, else the groups
// or categories.
func (p *Pair) Samples(m stats.Method) (ref, cur stats.Sample) {
	if p.numeric && m.Ordered() {
		return p.ordered[0], p.ordered[1]
	}
	return p.grouped[0], p.grouped[1]
}

// Numeric tells numbers from categories.
func (p *Pair) Numeric() bool { return p.numeric }

// GroupBounds are the bounds of the groups of numbers.
func (p *Pair) GroupBounds() []float64 { return p.grouping.Bounds() }

// Names are the categories; those that the reference does not name come after them, as one.
func (p *Pair) Names() []string { return p.names }

// Shares returns the shares of the groups or categories on both sides; nil where a side has no
// values.
func (p *Pair) Shares() (ref, cur []float64) {
	n := len(p.grouped[0].Counts)
	if p.share == nil && n > 0 && len(p.grouped[1].Counts) == n {
		p.share = make([]float64, 2*n)
		for side := range 2 {
			total := 0.0
			for _, c := range p.grouped[side].Counts {
				total += c
			}
			if !(total > 0) {
				p.share = p.share[:0]
				break
			}
			for i, c := range p.grouped[side].Counts {
				p.share[side*n+i] = c / total
			}
		}
	}
	if len(p.share) == 0 {
		return nil, nil
	}
	return p.share[:n], p.share[n:]
}

// restLast moves the first count to the end and pads to n.
func restLast(counts []float64, n int) []float64 {
	out := make([]float64, n)
	copy(out, counts[1:])
	out[n-1] = counts[0]
	return out
}

// commonCategories counts what both know by name, and the rest together, first.
func commonCategories(ref, cur *Sample) (a, b []float64, names []string) {
	a, b = []float64{ref.all[0]}, []float64{cur.all[0]}
	for i, name := range ref.binning.Categories {
		if 1+i >= len(ref.all) {
			break
		}
		if j, ok := cur.binning.index[name]; ok && j < len(cur.all) {
			a, b, names = append(a, ref.all[1+i]), append(b, cur.all[j]), append(names, name)
		} else if cur.binning.Fixed {
			a[0] += ref.all[1+i]
		} else {
			a, b, names = append(a, ref.all[1+i]), append(b, 0), append(names, name)
		}
	}
	for i, name := range cur.binning.Categories {
		if _, ok := ref.binning.index[name]; !ok && 1+i < len(cur.all) {
			b[0] += cur.all[1+i]
		}
	}
	return a, b, names
}
