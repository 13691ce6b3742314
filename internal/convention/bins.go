// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"maps"
	"math"
	"slices"
)

// Bins as numpy and the tools make them.

// equalWidth are the n+1 edges of bins of equal width over a range.
func equalWidth(low, high float64, n int) []float64 {
	if low == high {
		low, high = low-0.5, high+0.5
	}
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = low + float64(i)*((high-low)/float64(n))
	}
	edges[n] = high
	return edges
}

// union is the range of both sides.
func union(ref, cur numbers) (low, high float64) {
	a, b := ref.ends()
	c, d := cur.ends()
	return min(a, c), max(b, d)
}

// both are the edges of n bins of equal width over the range of both sides.
func both(ref, cur numbers, n int) []float64 {
	low, high := union(ref, cur)
	return equalWidth(low, high, n)
}

// sturges is numpy's bins="sturges" of n values: range / (log2(n) + 1).
func sturges(low, high, n float64) []float64 {
	if low == high {
		return equalWidth(low, high, 1)
	}
	width := (high - low) / (math.Log2(n) + 1)
	return equalWidth(low, high, int(math.Ceil((high-low)/width)))
}

// doane is numpy's bins="doane", Sturges with a term for the skewness.
func doane(s numbers) []float64 {
	low, high := s.ends()
	n := s.size()
	_, sd, skew := s.moments()
	if n <= 2 || !(sd > 0) {
		return equalWidth(low, high, 1)
	}
	width := (high - low) / (1 + math.Log2(n) + math.Log2(1+math.Abs(skew)/math.Sqrt(6*(n-2)/((n+1)*(n+3)))))
	return equalWidth(low, high, int(math.Ceil((high-low)/width)))
}

// auto is numpy's bins="auto": the smaller of Sturges' and Freedman and Diaconis' widths.
func auto(s numbers) []float64 {
	low, high := s.ends()
	if low == high {
		return equalWidth(low, high, 1)
	}
	n := s.size()
	width := (high - low) / (math.Log2(n) + 1)
	if fd := 2 * (s.quantile(0.75) - s.quantile(0.25)) / math.Cbrt(n); fd > 0 {
		width = min(width, fd)
	}
	return equalWidth(low, high, int(math.Ceil((high-low)/width)))
}

// histogram counts as numpy does into [edge, edge), the last bin closed.
func histogram(s numbers, edges []float64) []float64 {
	counts := make([]float64, len(edges)-1)
	before := s.below(edges[0])
	for i := range counts {
		upTo := s.below(edges[i+1])
		if i == len(counts)-1 {
			upTo = s.upTo(edges[i+1])
		}
		counts[i], before = max(upTo-before, 0), upTo
	}
	return counts
}

// inBins are the counts of both sides.
func inBins(ref, cur numbers, edges []float64) (a, b []float64) {
	return histogram(ref, edges), histogram(cur, edges)
}

// evidentlyBins are Evidently's: Sturges over both sides where the reference has more than 20
// distinct values, else the distinct values of both.
func evidentlyBins(_ options, ref, cur numbers) (a, b []float64) {
	if len(ref.distinct()) > 20 {
		low, high := union(ref, cur)
		return inBins(ref, cur, sturges(low, high, ref.size()+cur.size()))
	}
	return distinct(ref, cur)
}

// nannymlBins are NannyML's: Doane's bins of the reference, or its values where there are at most 50
// and a tenth of the rows; what the current side has outside of them is one more.
func nannymlBins(_ options, ref, cur numbers) (a, b []float64) {
	if values := float64(len(ref.distinct())); values > 50 || values > 0.1*ref.size() {
		edges := doane(ref)
		a, b = inBins(ref, cur, edges)
		if outside := cur.size() - sum(b); outside > 0 {
			a, b = append(a, 0), append(b, outside)
		}
		return a, b
	}
	return distinct(ref, cur)
}

// equalBins are the parameter bins of equal width over both sides.
func equalBins(o options, ref, cur numbers) (a, b []float64) {
	return inBins(ref, cur, both(ref, cur, max(int(o.number("bins")), 1)))
}

// deciles are the reference's, each bin with its upper edge (Scouter).
func deciles(o options, ref, cur numbers) (a, b []float64) {
	n := max(int(o.number("bins")), 1)
	var lastRef, lastCur float64
	for i := 1; i <= n; i++ {
		r, c := ref.size(), cur.size()
		if i < n {
			edge := ref.quantile(float64(i) / float64(n))
			r, c = ref.upTo(edge), cur.upTo(edge)
		}
		a, b = append(a, r-lastRef), append(b, c-lastCur)
		lastRef, lastCur = r, c
	}
	return a, b
}

// distinct counts each value of either side.
func distinct(ref, cur numbers) (a, b []float64) {
	r, c := ref.distinct(), cur.distinct()
	all := maps.Clone(r)
	maps.Copy(all, c)
	for _, v := range slices.Sorted(maps.Keys(all)) {
		a, b = append(a, r[v]), append(b, c[v])
	}
	return a, b
}

// grouped is a distance of shares: of categories, and of numbers in the tool's bins.
func grouped(bins func(o options, ref, cur numbers) (a, b []float64), f func(o options, p, q []float64) float64) definition {
	of := func(o options, a, b []float64) Result {
		r := distance(f(o, shares(a), shares(b)))
		r.cells = len(a)
		return r
	}
	d := definition{counts: of}
	if bins != nil {
		d.grouped = func(o options, ref, cur numbers) Result {
			a, b := bins(o, ref, cur)
			return of(o, a, b)
		}
	}
	return d
}

// categories is a distance of counts.
func categories(f func(o options, a, b []float64) float64) definition {
	return definition{counts: func(o options, a, b []float64) Result {
		r := distance(f(o, a, b))
		r.cells = len(a)
		return r
	}}
}

// ruled returns the definition with the tool's rule.
func (d definition) ruled(u rule) definition {
	d.rule = u
	return d
}

// with returns the definition with parameters.
func (d definition) with(parameters map[string]any) definition {
	d.parameters = parameters
	return d
}
