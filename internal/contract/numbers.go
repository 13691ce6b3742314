// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Numbers are the numbers of a feature as they were counted in bins, of which statistics are only
// known between bounds.
type Numbers struct {
	// N is how many there are, Effective how many independent ones they are worth. Excess is as in
	// RowsOf.
	N, Excess uint64
	Effective float64
	// Sum, Min and Max are NaN where they are not known.
	Sum, Min, Max float64
	// Counts are those of the bins: the i-th is above Bounds[i-1] and at most Bounds[i].
	Bounds []float64
	Counts []uint64
}

// Observe returns what a check bounds; false where bins do not say it.
func (n *Numbers) Observe(c *Check) (Observed, bool) {
	if n.N == 0 {
		return unknown(0), true
	}
	switch c.Statistic {
	case Mean:
		return n.mean(), true
	case Stdev:
		return n.stdev()
	case Median:
		return n.quantile(0.5), true
	case Quantile:
		return n.quantile(c.Quantile), true
	case Minimum:
		return n.end(n.Min, -1)
	case Maximum:
		return n.end(n.Max, 1)
	case Sum:
		return n.sum()
	case Distinct, DistinctShare:
		return n.distinct(c.Statistic), true
	}
	return unknown(n.N), false
}

// bin returns the ends of a bin, as far as the least and the largest value tell.
func (n *Numbers) bin(i int) (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if i > 0 {
		lo = n.Bounds[i-1]
	}
	if i < len(n.Bounds) {
		hi = n.Bounds[i]
	}
	if !(n.Min <= n.Max) {
		return lo, hi
	}
	if n.Min > lo && n.Min <= hi {
		lo = n.Min
	}
	if n.Max < hi && n.Max >= lo {
		hi = n.Max
	}
	return lo, hi
}

// over is the mean of a function of the values of each bin.
func (n *Numbers) over(f func(lo, hi float64) float64) float64 {
	sum := 0.0
	for i, count := range n.Counts {
		if count > 0 {
			lo, hi := n.bin(i)
			sum += float64(count) * f(lo, hi)
		}
	}
	return sum / float64(n.N)
}

// between is a figure between two numbers, widened on both sides.
func (n *Numbers) between(point, least, most, half float64) Observed {
	return Observed{Point: point, Lower: least - half, Upper: most + half, Samples: n.N, Effective: n.Effective}
}

func lowEnd(lo, _ float64) float64  { return lo }
func highEnd(_, hi float64) float64 { return hi }
func middle(lo, hi float64) float64 { return lo + (hi-lo)/2 }

// means are the mean, and between what it is: the same where the sum is known.
func (n *Numbers) means() (point, least, most float64) {
	if !math.IsNaN(n.Sum) {
		m := n.Sum / float64(n.N)
		return m, m, m
	}
	return n.over(middle), n.over(lowEnd), n.over(highEnd)
}

// farthest is the mean of a power of how far values may be from any number between two.
func (n *Numbers) farthest(least, most, power float64) float64 {
	return n.over(func(lo, hi float64) float64 { return math.Pow(max(hi-least, most-lo, 0), power) })
}

// nearest is the mean of the squares of how far values are from m at least.
func (n *Numbers) nearest(m float64) float64 {
	return n.over(func(lo, hi float64) float64 {
		d := max(lo-m, m-hi, 0)
		return d * d
	})
}

// mean is Student's interval with the largest variance that the bins allow.
func (n *Numbers) mean() Observed {
	point, least, most := n.means()
	if n.Effective <= 1 {
		return unknown(n.N)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n.Effective - 1}.Quantile(1 - tail)
	return n.between(point, least, most, t*math.Sqrt(n.farthest(least, most, 2)/(n.Effective-1)))
}

// stdev is that of the sample. The variance is between the least and the largest that bins allow, and
// has the error √((m₄ - s⁴)/n) beside (Cramér, Mathematical Methods of Statistics, 1946, 27.4).
func (n *Numbers) stdev() (Observed, bool) {
	if math.IsNaN(n.Sum) {
		return unknown(n.N), false
	}
	if n.Effective <= 1 {
		return unknown(n.N), true
	}
	m, _, _ := n.means()
	least, most := n.nearest(m), n.farthest(m, m, 2)
	point := min(max(n.over(func(lo, hi float64) float64 { d := middle(lo, hi) - m; return d * d }), least), most)
	half := z * math.Sqrt(max(n.farthest(m, m, 4)-least*least, 0)/n.Effective)
	toSample := 1.0
	if n.N > 1 {
		toSample = float64(n.N) / float64(n.N-1)
	}
	root := func(variance float64) float64 { return math.Sqrt(max(variance, 0) * toSample) }
	return Observed{Point: root(point), Lower: root(least - half), Upper: root(most + half), Samples: n.N, Effective: n.Effective}, true
}

// quantile is between the last edge of a bin of which the share of values below is surely under q, and
// the first of which it is surely not (the interval of ShareOf, turned about). An end beyond the least
// or the largest value is infinite: there are too few.
func (n *Numbers) quantile(q float64) Observed {
	o := unknown(n.N)
	o.Effective = n.Effective
	at := func(edge, share float64) {
		lower, upper := clopperPearson(share, n.Effective)
		if upper < q {
			o.Lower = edge
		}
		if lower >= q && math.IsInf(o.Upper, 1) {
			o.Upper = edge
		}
	}
	below := uint64(0)
	target := q * float64(n.N)
	for i, count := range n.Counts {
		if count == 0 {
			continue
		}
		lo, hi := n.bin(i)
		if below == 0 && !math.IsInf(lo, -1) {
			at(lo, 0)
		}
		if math.IsNaN(o.Point) && float64(below+count) >= target {
			o.Point = lo + (hi-lo)*(target-float64(below))/float64(count)
		}
		below += count
		if !math.IsInf(hi, 1) {
			at(hi, float64(below)/float64(n.N))
		}
	}
	return o
}

// end is the least or the largest value. It is one of those that were seen; rows that a sampler has
// left out may be beyond it.
func (n *Numbers) end(v, direction float64) (Observed, bool) {
	if math.IsNaN(v) {
		return unknown(n.N), false
	}
	o := Exactly(v, n.N)
	switch {
	case n.Excess == 0:
	case direction < 0:
		o.Lower = math.Inf(-1)
	default:
		o.Upper = math.Inf(1)
	}
	return o, true
}

// sum is exact where no row was sampled; else its variance is estimated as in RowsOf, by the largest
// mean square that bins allow.
func (n *Numbers) sum() (Observed, bool) {
	if math.IsNaN(n.Sum) {
		return unknown(n.N), false
	}
	o := Exactly(n.Sum, n.N)
	if n.Excess > 0 {
		half := z * math.Sqrt(float64(n.Excess)*n.farthest(0, 0, 2))
		o = n.between(n.Sum, n.Sum, n.Sum, half)
	}
	return o, true
}

// distinct is between the number of bins that have values and the number of values.
func (n *Numbers) distinct(statistic string) Observed {
	least := uint64(0)
	for _, count := range n.Counts {
		if count > 0 {
			least++
		}
	}
	return distinct(statistic, least, n.N, n.N, n.Excess)
}

// distinct is the number of different values, or its share, between two numbers. What a sampler has
// left out may be others.
func distinct(statistic string, least, most, n, excess uint64) Observed {
	o := Observed{Point: float64(least), Lower: float64(least), Upper: float64(most), Samples: n, Effective: float64(n)}
	if excess > 0 {
		o.Upper = float64(n)
	}
	if statistic == DistinctShare {
		o.Point, o.Lower, o.Upper = o.Point/float64(n), o.Lower/float64(n), o.Upper/float64(n)
	}
	return o
}
