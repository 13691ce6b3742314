// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Histogram is one with buckets of its own, as TFDV's statistics have them.
type Histogram struct {
	Buckets []Bucket
	// NaN is the number of values that are not a number.
	NaN float64
}

// Bucket has Count values from Low to High; where the two are one all values are that one.
type Bucket struct{ Low, High, Count float64 }

// Total is the number of values.
func (h *Histogram) Total() float64 {
	n := h.NaN
	for _, b := range h.Buckets {
		n += b.Count
	}
	return n
}

// standardHistogram is TFDV's STANDARD: ten buckets of equal width over the side's own range.
func standardHistogram(s numbers) *Histogram {
	low, high := s.ends()
	if low == high {
		return &Histogram{Buckets: []Bucket{{low, high, s.size()}}}
	}
	edges := equalWidth(low, high, 10)
	h := &Histogram{}
	for i, n := range histogram(s, edges) {
		h.Buckets = append(h.Buckets, Bucket{edges[i], edges[i+1], n})
	}
	return h
}

// histogramJSD is TFDV's divergence of two histograms: buckets are cut at the edges of both sides and
// spread evenly; those of one value are compared value by value; infinite ones and values that are
// no number are on neither side what they are on the other (anomalies/metrics.cc, AlignHistograms).
func histogramJSD(ref, cur *Histogram) Result {
	var edges []float64
	points := map[float64]bool{}
	for _, h := range []*Histogram{ref, cur} {
		for _, b := range h.Buckets {
			switch {
			case math.IsInf(b.Low, 0) || math.IsInf(b.High, 0):
			case b.Low == b.High:
				points[b.Low] = true
			default:
				edges = append(edges, b.Low, b.High)
			}
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	a, b := ref.spread(edges, points), cur.spread(edges, points)
	// What is incomparable is a group of each side's own.
	a, b = append(a, ref.incomparable(), 0), append(b, 0, cur.incomparable())
	r := distance(stats.JensenShannonDivergence(shares(a), shares(b)))
	r.cells = len(a)
	return r
}

func (h *Histogram) incomparable() float64 {
	n := h.NaN
	for _, b := range h.Buckets {
		if math.IsInf(b.Low, 0) || math.IsInf(b.High, 0) {
			n += b.Count
		}
	}
	return n
}

// spread counts between the edges, and at the points in their order.
func (h *Histogram) spread(edges []float64, points map[float64]bool) []float64 {
	out := make([]float64, max(len(edges)-1, 0))
	at := map[float64]float64{}
	for _, b := range h.Buckets {
		switch {
		case math.IsInf(b.Low, 0) || math.IsInf(b.High, 0):
		case b.Low == b.High:
			at[b.Low] += b.Count
		default:
			first, _ := slices.BinarySearch(edges, b.Low)
			for i := first; i+1 < len(edges) && edges[i+1] <= b.High; i++ {
				out[i] += b.Count * ((edges[i+1] - edges[i]) / (b.High - b.Low))
			}
		}
	}
	for _, v := range sortedKeys(points) {
		out = append(out, at[v])
	}
	return out
}

func sortedKeys(set map[float64]bool) []float64 {
	out := make([]float64, 0, len(set))
	for v := range set {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}
