// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// numbers are a sample of numbers: the values themselves, or what bins tell of them.
type numbers interface {
	size() float64
	// ends are the smallest and the largest value.
	ends() (low, high float64)
	// below is the number of values below x, upTo that of those up to x.
	below(x float64) float64
	upTo(x float64) float64
	// quantile is that of numpy's method "linear", R's type 7.
	quantile(p float64) float64
	// distinct are the different values, or bins that have any, by their upper bounds.
	distinct() map[float64]float64
	// moments are mean, standard deviation (by n) and skewness.
	moments() (mean, sd, skew float64)
}

// raw are values, sorted.
type raw []float64

func newRaw(values []float64) raw { return slices.Sorted(slices.Values(values)) }

func (r raw) size() float64             { return float64(len(r)) }
func (r raw) ends() (low, high float64) { return r[0], r[len(r)-1] }

func (r raw) below(x float64) float64 {
	i, _ := slices.BinarySearch(r, x)
	return float64(i)
}

func (r raw) upTo(x float64) float64 { return r.below(math.Nextafter(x, math.Inf(1))) }

func (r raw) quantile(p float64) float64 {
	at := p * float64(len(r)-1)
	i := int(at)
	if i+1 >= len(r) {
		return r[len(r)-1]
	}
	part := at - float64(i)
	return r[i]*(1-part) + r[i+1]*part
}

func (r raw) distinct() map[float64]float64 {
	out := map[float64]float64{}
	for _, v := range r {
		out[v]++
	}
	return out
}

func (r raw) moments() (mean, sd, skew float64) {
	mean, sd = stat.PopMeanStdDev(r, nil)
	for _, v := range r {
		z := (v - mean) / sd
		skew += z * z * z / float64(len(r))
	}
	return mean, sd, skew
}

// binned spreads the values of a bin evenly over it; a bin of one value, (Nextafter(v, −∞), v], has
// them all at v. The outer bins end at the smallest and the largest value.
type binned struct {
	edges  []float64 // of the bins: the smallest value, the bounds, the largest value
	counts []float64
	total  float64
	sd     float64
	cut    []bool // bins that were asked for a part of
}

func newBinned(s *stats.Sample) *binned {
	b := &binned{counts: s.Counts, total: sum(s.Counts), sd: s.StdDev, cut: make([]bool, len(s.Counts))}
	low, high := s.Min, s.Max
	if n := len(s.Bounds); n > 0 {
		low, high = lower(low, s.Bounds[0]), -lower(-high, -s.Bounds[n-1])
	}
	b.edges = append(append([]float64{low}, s.Bounds...), high)
	return b
}

// lower is the end of an outer bin, beyond its bound and finite.
func lower(end, bound float64) float64 {
	if !(end < bound) || math.IsInf(end, 0) {
		return math.Nextafter(bound, math.Inf(-1))
	}
	return end
}

func (b *binned) size() float64 { return b.total }

func (b *binned) ends() (low, high float64) {
	first, last := 0, len(b.counts)-1
	for first < last && b.counts[first] == 0 {
		first++
	}
	for last > first && b.counts[last] == 0 {
		last--
	}
	low = b.edges[first]
	if b.atom(first) {
		low = b.edges[first+1]
	}
	return low, b.edges[last+1]
}

// atom says that a bin has one value, its upper bound.
func (b *binned) atom(i int) bool {
	return b.edges[i+1] <= math.Nextafter(b.edges[i], math.Inf(1))
}

func (b *binned) below(x float64) float64 { return b.count(x, false) }
func (b *binned) upTo(x float64) float64  { return b.count(x, true) }

func (b *binned) count(x float64, with bool) float64 {
	var n float64
	for i, c := range b.counts {
		low, high := b.edges[i], b.edges[i+1]
		switch {
		case c == 0:
		case b.atom(i):
			if high < x || with && high == x {
				n += c
			}
		case high <= x:
			n += c
		case low < x:
			n += c * ((x - low) / (high - low))
			b.cut[i] = true
		}
	}
	return n
}

// uncertain is the share of the values in bins of which a part was asked for.
func uncertain(s numbers) float64 {
	b, ok := s.(*binned)
	if !ok {
		return 0
	}
	var n float64
	for i, c := range b.counts {
		if b.cut[i] {
			n += c / b.total
		}
	}
	return n
}

func (b *binned) quantile(p float64) float64 {
	left := p * b.total
	for i, c := range b.counts {
		if c > 0 && left <= c {
			if b.atom(i) {
				return b.edges[i+1]
			}
			return b.edges[i] + (b.edges[i+1]-b.edges[i])*(left/c)
		}
		left -= c
	}
	_, high := b.ends()
	return high
}

func (b *binned) distinct() map[float64]float64 {
	out := map[float64]float64{}
	for i, c := range b.counts {
		if c > 0 {
			out[b.edges[i+1]] += c
		}
	}
	return out
}

// moments are those of evenly filled bins; a standard deviation that is known stands in.
func (b *binned) moments() (mean, sd, skew float64) {
	low, _ := b.ends()
	var m1, m2, m3 float64 // of the distances from the smallest value
	for i, c := range b.counts {
		middle, half := (b.edges[i+1]-low)/2+(b.edges[i]-low)/2, (b.edges[i+1]-b.edges[i])/2
		if b.atom(i) {
			middle, half = b.edges[i+1]-low, 0
		}
		w := c / b.total
		m1 += w * middle
		m2 += w * (middle*middle + half*half/3)
		m3 += w * (middle*middle*middle + middle*half*half)
	}
	variance := m2 - m1*m1
	sd = math.Sqrt(max(variance, 0))
	if sd > 0 {
		skew = (m3 - 3*m1*m2 + 2*m1*m1*m1) / (variance * sd)
	}
	if b.sd > 0 {
		sd = b.sd
	}
	return low + m1, sd, skew
}
