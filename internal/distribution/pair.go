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
	if !math.IsNaN(ref.sum) && !math.IsNaN(cur.sum) {
		p.ordered[0].Sum, p.ordered[1].Sum = ref.sum, cur.sum
		p.ordered[0].HasSum, p.ordered[1].HasSum = true, true
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

// matchCategories brings the counts of two samples into the order of the categories' names, with
// all others last. P-values pool neighbours, which are valid neighbours only where the counts had
// no say in the order.
func matchCategories(ref, cur *Sample) (p Pair) {
	if ref.binning != cur.binning {
		return commonCategories(ref, cur)
	}
	a, b := ref.all, cur.all
	if ref.compared != nil {
		a = ref.compared
	}
	t := newTable(len(a))
	t.addRest(a[BinRest], b[BinRest])
	for _, i := range ref.binning.byName() {
		switch bin := BinRest + 1 + i; {
		case bin < len(a) && bin < len(b):
			t.add(ref.binning.Categories[i], a[bin], b[bin])
		case bin < len(a):
			t.addRest(a[bin], 0)
		case bin < len(b):
			t.addRest(0, b[bin])
		}
	}
	return t.pair()
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

// commonCategories counts one by one what both samples tell apart, and the rest together. A
// category that only one of them names is told apart where the other lost sight of none.
func commonCategories(ref, cur *Sample) Pair {
	t := newTable(len(ref.all))
	t.addRest(ref.counted()[BinRest], cur.counted()[BinRest])
	var alone []string // named by the current sample only
	for _, i := range cur.binning.byName() {
		name := cur.binning.Categories[i]
		if _, ok := ref.named(name); !ok && BinRest+1+i < len(cur.counted()) {
			alone = append(alone, name)
		}
	}
	flush := func(before func(string) bool) {
		for len(alone) > 0 && before(alone[0]) {
			b, _ := cur.named(alone[0])
			t.addWhere(ref.sawAll(), alone[0], 0, b)
			alone = alone[1:]
		}
	}
	for _, i := range ref.binning.byName() {
		name := ref.binning.Categories[i]
		a, ok := ref.named(name)
		if !ok {
			continue
		}
		flush(func(other string) bool { return other < name })
		b, ok := cur.named(name)
		t.addWhere(ok || cur.sawAll(), name, a, b)
	}
	flush(func(string) bool { return true })
	return t.pair()
}

// named returns the count of a category that the sample tells apart.
func (s *Sample) named(category string) (count float64, ok bool) {
	bin, ok := s.binning.index[category]
	if !ok || bin >= len(s.counted()) {
		return 0, false
	}
	return s.counted()[bin], true
}

// counted are the counts that comparisons use.
func (s *Sample) counted() []float64 {
	if s.compared != nil {
		return s.compared
	}
	return s.all
}

// sawAll says that a category that the sample does not name was not there.
func (s *Sample) sawAll() bool { return !s.binning.Fixed && s.all[BinRest] == 0 }

// table counts categories of two samples.
type table struct {
	names    []string
	ref, cur []float64
	rest     [2]float64
}

func newTable(columns int) *table {
	return &table{names: make([]string, 0, columns), ref: make([]float64, 0, columns), cur: make([]float64, 0, columns)}
}

func (t *table) add(name string, ref, cur float64) {
	t.names, t.ref, t.cur = append(t.names, name), append(t.ref, ref), append(t.cur, cur)
}

func (t *table) addRest(ref, cur float64) {
	t.rest[0] += ref
	t.rest[1] += cur
}

func (t *table) addWhere(apart bool, name string, ref, cur float64) {
	if apart {
		t.add(name, ref, cur)
	} else {
		t.addRest(ref, cur)
	}
}

func (t *table) pair() Pair {
	return Pair{names: t.names, grouped: [2]stats.Sample{{Counts: append(t.ref, t.rest[0])}, {Counts: append(t.cur, t.rest[1])}}}
}

// Design says by how much fewer independent values both sides' are worth, for p-values and what
// thresholds are compared with, and for how many values one of the current side's counts.
func (p *Pair) Design(ref, cur, weight float64) {
	for side, by := range [2]float64{ref, cur} {
		for _, s := range []*stats.Sample{&p.ordered[side], &p.grouped[side]} {
			n := 0.0
			for _, c := range s.Counts {
				n += c
			}
			s.EffectiveN = n / max(by, 1)
			if side == 1 {
				s.Rows = n / max(weight, 1)
			}
		}
	}
}

// endless is as good as an endless number of values.
const endless = 1e12

// AsIfEndless returns the pair as if the current sample had endlessly many values: p-values are
// those of the reference's own error.
func (p *Pair) AsIfEndless() Pair {
	out := *p
	out.share = nil
	for _, s := range []*stats.Sample{&out.ordered[1], &out.grouped[1]} {
		n := 0.0
		for _, c := range s.Counts {
			n += c
		}
		if !(n > 0) {
			continue
		}
		counts := make([]float64, len(s.Counts))
		for i, c := range s.Counts {
			counts[i] = c * (endless / n)
		}
		s.Counts, s.EffectiveN, s.Rows = counts, 0, 0
	}
	return out
}
