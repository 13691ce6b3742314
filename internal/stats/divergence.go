// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// shares turns counts into shares, with pseudo added to each count; nRef and nCur are the totals
// with that.
type shares struct{ pseudo, nRef, nCur float64 }

func newShares(ref, cur []float64, pseudo float64) shares {
	_ = cur[:len(ref):len(ref)]
	b := float64(len(ref))
	return shares{pseudo: pseudo, nRef: total(ref) + pseudo*b, nCur: total(cur) + pseudo*b}
}

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

// sumOf adds up what the shares of each group make.
func sumOf(term func(p, q float64) float64, ref, cur []float64, pseudo float64) float64 {
	s := newShares(ref, cur, pseudo)
	var v float64
	for i, r := range ref {
		v += term(s.of(r, cur[i]))
	}
	return v
}

// populationStability is the population stability index Σ (q−p)·ln(q/p), p the reference's shares
// and q the current's, each with pseudo added to every count. It is symmetric, at least 0, and
// without pseudo +Inf where a group is empty on one side only. Both sides need a positive total.
//
// Source: Kullback and Leibler 1951 (their divergence J); the name and the folklore of 0.1 and 0.25
// are Siddiqi's, Credit Risk Scorecards, 2006.
func populationStability(ref, cur []float64, pseudo float64) float64 {
	return sumOf(termPSI, ref, cur, pseudo)
}

// kullbackLeibler is Σ p·ln(p/q) in nats, the reference's shares p first, with pseudo added to
// every count. It is not symmetric, and without pseudo +Inf where only the current group is empty.
// Both sides need a positive total.
func kullbackLeibler(ref, cur []float64, pseudo float64) float64 {
	s := newShares(ref, cur, pseudo)
	var v float64
	for i, r := range ref {
		if p, q := s.of(r, cur[i]); p > 0 && p != q {
			v += p * math.Log(p/q)
		}
	}
	return max(v, 0)
}

// jensenShannonDistance is the square root of the Jensen-Shannon divergence to base 2, in [0, 1]: 1
// when no group has samples of both sides and pseudo is 0. Both sides need a positive total.
//
// Source: Endres and Schindelin 2003, who show that the root is a metric.
func jensenShannonDistance(ref, cur []float64, pseudo float64) float64 {
	return math.Sqrt(min(sumOf(termJS, ref, cur, pseudo), 1))
}

// hellingerDistance is √(½ Σ (√p−√q)²), in [0, 1], with pseudo added to every count. Both sides
// need a positive total.
func hellingerDistance(ref, cur []float64, pseudo float64) float64 {
	return math.Sqrt(min(sumOf(termHellinger, ref, cur, pseudo), 1))
}

// lInfinityDistance is the largest difference of a share, in [0, 1]. Both sides need a positive
// total.
func lInfinityDistance(ref, cur []float64) float64 {
	s := newShares(ref, cur, 0)
	var v float64
	for i, r := range ref {
		p, q := s.of(r, cur[i])
		v = max(v, math.Abs(p-q))
	}
	return v
}

// totalVariationDistance is half the sum of the differences of the shares, in [0, 1]: the share of
// rows that would have to change group. Both sides need a positive total.
func totalVariationDistance(ref, cur []float64) float64 {
	s := newShares(ref, cur, 0)
	var v float64
	for i, r := range ref {
		p, q := s.of(r, cur[i])
		v += math.Abs(p - q)
	}
	return min(v/2, 1)
}

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

func termCramer(p, q float64) float64 {
	if p == q {
		return 0
	}
	return (p - q) / (p + q) * (p - q) / 2
}
