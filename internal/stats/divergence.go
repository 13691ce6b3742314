// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// shares turns counts into shares, with pseudo added to each count; nRef and nCur are the totals
// with that.
type shares struct{ pseudo, nRef, nCur float64 }

func total(counts []float64) float64 {
	var n float64
	for _, c := range counts {
		n += c
	}
	return n
}

// of returns the shares of one group.
func (s *shares) of(ref, cur float64) (p, q float64) {
	return (ref + s.pseudo) / s.nRef, (cur + s.pseudo) / s.nCur
}

// sumOf adds up what each group's shares make.
func sumOf(term func(p, q float64) float64, p, q []float64) float64 {
	_ = q[:len(p):len(p)]
	var v float64
	for i := range p {
		v += term(p[i], q[i])
	}
	return v
}

// PopulationStability is the population stability index Σ (q−p)·ln(q/p) of the reference's shares p
// and the current ones q. It is symmetric, at least 0, and +Inf where a group is empty on one side
// only.
//
// Source: Kullback and Leibler 1951 (their divergence J); the name and the folklore of 0.1 and 0.25
// are Siddiqi's, Credit Risk Scorecards, 2006.
func PopulationStability(p, q []float64) float64 { return sumOf(termPSI, p, q) }

// KullbackLeibler is Σ p·ln(p/q) in nats, the reference's shares p first. It is not symmetric, and
// +Inf where only the current group is empty.
func KullbackLeibler(p, q []float64) float64 {
	_ = q[:len(p):len(p)]
	var v float64
	for i := range p {
		if p[i] > 0 && p[i] != q[i] {
			v += p[i] * math.Log(p[i]/q[i])
		}
	}
	return v
}

// JensenShannonDivergence is the mean of both sides' divergence from their mean, to base 2, in
// [0, 1]: 1 when no group has samples of both sides. Its root is a metric (Endres and Schindelin
// 2003).
func JensenShannonDivergence(p, q []float64) float64 { return min(sumOf(termJS, p, q), 1) }

// HellingerDistance is √(½ Σ (√p−√q)²) of shares, in [0, 1].
func HellingerDistance(p, q []float64) float64 { return math.Sqrt(sumOf(termHellinger, p, q)) }

// LInfinityDistance is the largest difference of a share, in [0, 1].
func LInfinityDistance(p, q []float64) float64 {
	_ = q[:len(p):len(p)]
	var v float64
	for i := range p {
		v = max(v, math.Abs(p[i]-q[i]))
	}
	return v
}

// TotalVariationDistance is half the sum of the differences of the shares, in [0, 1]: the share of
// rows that would have to change group.
func TotalVariationDistance(p, q []float64) float64 { return sumOf(termAbsolute, p, q) }

// What a group adds to a sum, at least 0, and 0 where its shares p and q are equal.

func termPSI(p, q float64) float64 {
	if p == q {
		return 0
	}
	return (q - p) * math.Log(q/p)
}

// termKL has q−p beside p·ln(p/q), which is 0 in the sum.
func termKL(p, q float64) float64 {
	switch {
	case p == q:
		return 0
	case p == 0:
		return q
	}
	return max(p*math.Log(p/q)+q-p, 0)
}

func termJS(p, q float64) float64 {
	if p == q {
		return 0
	}
	var v float64
	m := (p + q) / 2
	if p > 0 {
		v += p * math.Log2(p/m)
	}
	if q > 0 {
		v += q * math.Log2(q/m)
	}
	return max(v/2, 0)
}

func termHellinger(p, q float64) float64 {
	d := math.Sqrt(p) - math.Sqrt(q)
	return d * d / 2
}

// termCramer sums up to the square of Cramér's V of the 2×B table with each side scaled to the same
// total, ½ Σ (p−q)²/(p+q), in [0, 1]. Cramér's V of the raw table shrinks as one side outgrows the
// other: the same shift in 200 rows gives about a fifth against a reference of 20,000 rows of what
// it gives against one of 200, so that no threshold would fit.
func termCramer(p, q float64) float64 {
	if p == q {
		return 0
	}
	return (p - q) / (p + q) * (p - q) / 2
}
