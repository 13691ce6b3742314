// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// newNumericSample prepares counts in explicit bounds. Without a standard deviation (NaN), the one of the middles
// of the bins stands in; without a range (min above max), the bounds' own.
func newNumericSample(bounds []float64, counts []uint64, lo, hi, sd float64) *sample {
	s := &sample{kind: numeric, bounds: bounds, min: lo, max: hi, sd: sd, all: make([]float64, len(counts))}
	for i, c := range counts {
		s.n += c
		s.all[i] = float64(c)
	}
	if len(bounds) > 0 && !(s.min <= s.max) {
		s.min, s.max = bounds[0], bounds[len(bounds)-1]
	}
	if math.IsNaN(s.sd) {
		s.sd = s.spread()
	}
	s.grouping = distribution.GroupByMass(bounds, counts, distribution.DefaultGroups)
	s.grouped = distribution.Sum(s.grouping, counts, []float64(nil))
	return s
}

// spread is the standard deviation of the middles of the bins.
func (s *sample) spread() float64 {
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

// sample returns a window's cells as a sample. Counts are copied.
func (l *layout) sample(cells []uint32, e *Exponential, lo, hi float64) *sample {
	switch l.kind {
	case numeric:
		counts := make([]uint64, len(l.bounds)+1)
		for i := range counts {
			if cellFirst+i < len(cells) {
				counts[i] = uint64(cells[cellFirst+i])
			}
		}
		s := newNumericSample(l.bounds, counts, lo, hi, math.NaN())
		s.partial = l.partial
		return s
	case exponential:
		return &sample{kind: exponential, expo: e, n: e.count(), min: lo, max: hi}
	case categorical:
		s := &sample{kind: categorical, layout: l, all: make([]float64, 1+len(l.categories))}
		for i := range s.all {
			if cellRest+i < len(cells) {
				s.all[i] = float64(cells[cellRest+i])
				s.n += uint64(cells[cellRest+i])
			}
		}
		return s
	}
	return nil
}

// pair is two samples in the same cells.
type pair struct {
	ordered, grouped [2]stats.Sample
	grouping         distribution.Grouping
	numeric          bool
	names            []string  // of the categories; the rest comes after them
	share            []float64 // what shares returns
}

// match brings two samples into the same cells, or returns false where that cannot be done exactly.
func match(ref, cur *sample) (p pair, ok bool) {
	if ref == nil || cur == nil || ref.kind != cur.kind || ref.n == 0 || cur.n == 0 {
		return p, false
	}
	switch ref.kind {
	case exponential:
		bounds, a, b := align(ref.expo, cur.expo)
		if len(bounds) == 0 {
			bounds, a, b = []float64{0}, append(a, 0), append(b, 0)
		}
		return match(
			newNumericSample(bounds, a, ref.min, ref.max, math.NaN()),
			newNumericSample(bounds, b, cur.min, cur.max, math.NaN()))
	case numeric:
		if len(ref.all) != len(cur.all) || !subset(ref.bounds, cur.bounds) {
			to := ref.bounds // the coarser ones
			if len(cur.bounds) < len(to) {
				to = cur.bounds
			}
			if !subset(to, ref.bounds) || !subset(to, cur.bounds) {
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
			// The mass of an outer bin is taken to be spread evenly to the sample's end, and the ends of a large and a small
			// sample differ without any drift: both get the same ones.
			for i := range p.ordered {
				p.ordered[i].Min, p.ordered[i].Max = min(ref.min, cur.min), max(ref.max, cur.max)
			}
		}
		p.grouping = ref.grouping
		p.grouped = [2]stats.Sample{
			{Counts: ref.grouped, Bounds: ref.grouping.Bounds(), Min: ref.min, Max: ref.max, StdDev: ref.sd},
			{Counts: distribution.Sum(ref.grouping, cur.all, []float64(nil)), Bounds: ref.grouping.Bounds(), Min: cur.min, Max: cur.max, StdDev: cur.sd},
		}
		return p, true
	case categorical:
		a, b := ref.all, cur.all
		p.names = ref.layout.categories[:max(min(len(ref.layout.categories), len(a)-1), 0)]
		if ref.layout != cur.layout {
			a, b, p.names = commonCategories(ref, cur)
		}
		// The rest comes last, beside the rarest category: p-values pool neighbours.
		p.grouped = [2]stats.Sample{{Counts: restLast(a, len(a))}, {Counts: restLast(b, len(a))}}
		return p, true
	}
	return p, false
}

// restLast moves the first count to the end and pads to n.
func restLast(counts []float64, n int) []float64 {
	out := make([]float64, n)
	copy(out, counts[1:])
	out[n-1] = counts[0]
	return out
}

// commonCategories counts what both know by name, and the rest together, first.
func commonCategories(ref, cur *sample) (a, b []float64, names []string) {
	a, b = []float64{ref.all[0]}, []float64{cur.all[0]}
	for i, name := range ref.layout.categories {
		if 1+i >= len(ref.all) {
			break
		}
		if j, ok := cur.layout.index[name]; ok && j-cellRest < len(cur.all) {
			a, b, names = append(a, ref.all[1+i]), append(b, cur.all[j-cellRest]), append(names, name)
		} else if cur.layout.fixed {
			a[0] += ref.all[1+i]
		} else {
			a, b, names = append(a, ref.all[1+i]), append(b, 0), append(names, name)
		}
	}
	for i, name := range cur.layout.categories {
		if _, ok := ref.layout.index[name]; !ok && 1+i < len(cur.all) {
			b[0] += cur.all[1+i]
		}
	}
	return a, b, names
}

// coarser returns the sample in bounds that nest in its own.
func (s *sample) coarser(bounds []float64) *sample {
	counts := make([]uint64, len(bounds)+1)
	rebin(s.bounds, s.all, bounds, counts)
	out := newNumericSample(bounds, counts, s.min, s.max, s.sd)
	out.partial = true
	return out
}

// compare computes one statistic.
func (p *pair) compare(m stats.Method) (stats.Result, error) {
	if p.numeric && m.Ordered() {
		return stats.Compare(m, p.ordered[0], p.ordered[1])
	}
	return stats.Compare(m, p.grouped[0], p.grouped[1])
}
