// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// Total variation and L∞ are of absolute differences, which do not add up as squares do: what chance
// adds to a large difference is nothing, and to none it is all there is.

// divergenceAbsolute is half the difference of a group's shares.
var divergenceAbsolute = divergence{term: termAbsolute, absolute: true}

func termAbsolute(p, q float64) float64 { return math.Abs(p-q) / 2 }

// unbiasedTotalVariation is ½ Σ|p−q| less what is expected without a difference, at least 0. From a
// group's difference of z of its standard deviations √5·exp(−2z²) of what is expected is taken,
// which is all of it on average where nothing has changed, and nothing where much has; of a shift of
// one standard deviation two thirds are left. Groups of few samples give all of it.
//
// The sizes are those of divergence.unbiased.
func unbiasedTotalVariation(ref, cur []float64, nRef, nCur, effRef, effCur float64) float64 {
	_ = cur[:len(ref):len(ref)]
	var c chance
	c.init(&divergenceAbsolute, shares{nRef: nRef, nCur: nCur}, nRef, nCur, effRef, effCur)
	var sum float64
	for i, r := range ref {
		k := r*c.ref.scale + cur[i]*c.cur.scale
		if k == 0 {
			continue
		}
		difference := termAbsolute(r/nRef, cur[i]/nCur)
		expected := c.expected(k)
		if variance := c.variance(k); k >= c.thin && variance > 0 {
			expected *= math.Sqrt(5) * math.Exp(-8*difference*difference/variance) // difference is half of p−q
		}
		sum += difference - expected
	}
	return min(max(sum, 0), 1)
}

// unbiasedLInfinity is the largest difference x of a share less m·exp(1−x/m), at least 0, where m is
// what it exceeds half of the time without a difference: the median of the largest of as many normal
// variables as there are groups but one, with their standard deviations.
func unbiasedLInfinity(ref, cur []float64, nRef, nCur, effRef, effCur float64) float64 {
	_ = cur[:len(ref):len(ref)]
	var c chance
	c.init(&divergenceAbsolute, shares{nRef: nRef, nCur: nCur}, nRef, nCur, effRef, effCur)
	var largest, widest, groups float64
	for i, r := range ref {
		largest = max(largest, 2*termAbsolute(r/nRef, cur[i]/nCur))
		if k := r*c.ref.scale + cur[i]*c.cur.scale; k > 0 {
			widest = max(widest, c.variance(k))
			groups++
		}
	}
	if largest == 0 || groups < 2 {
		return largest
	}
	// Bisection of P(all are below m) = ½; independent ones would be one group more.
	target := -math.Ln2 * groups / (groups - 1)
	low, high := 0.0, 8*math.Sqrt(widest)
	for range 12 {
		m, log := (low+high)/2, 0.0
		for i, r := range ref {
			if k := r*c.ref.scale + cur[i]*c.cur.scale; k > 0 {
				if z := m / math.Sqrt(2*c.variance(k)); z < 4 {
					log += math.Log(math.Erf(z))
				}
			}
			if log < target {
				break
			}
		}
		if log < target {
			low = m
		} else {
			high = m
		}
	}
	m := (low + high) / 2
	if !(largest > m) {
		return 0
	}
	return min(largest-m*math.Exp(1-largest/m), 1)
}
