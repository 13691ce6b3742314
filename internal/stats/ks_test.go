// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every arrangement of n and m values, counted.
func TestExactKSAgainstEnumeration(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 6}, {2, 3}, {4, 4}, {4, 6}, {5, 5}, {6, 9}, {5, 10}, {7, 8}, {3, 12}} {
		n, m := size[0], size[1]
		lcm := n / int(gcd(int64(n), int64(m))) * m
		atLeast := make([]float64, lcm+1)
		var all float64
		for set := range uint(1) << (n + m) {
			if bits.OnesCount(set) != n {
				continue
			}
			var i, j, h int
			for k := range n + m {
				if set>>k&1 == 1 {
					i++
				} else {
					j++
				}
				h = max(h, i*(lcm/n)-j*(lcm/m), j*(lcm/m)-i*(lcm/n))
			}
			all++
			for d := range h + 1 {
				atLeast[d]++
			}
		}
		for h := 1; h <= lcm; h++ {
			assert.InDelta(t, atLeast[h]/all, exactP(n, m, h), 1e-14, "%d %d %d", n, m, h)
		}
	}
}

func exactP(n, m, h int) float64 {
	g := int(gcd(int64(n), int64(m)))
	if n == m {
		return pathsOutsideSquare(n, h)
	}
	return pathsOutside(max(n, m)/g, min(n, m)/g, g, h)
}

// The figures in the comment of ksPValue.
func TestKSPValueAgainstExact(t *testing.T) {
	for _, c := range []struct {
		n, m      int
		low, high float64
	}{
		{50, 50, 0.98, 1.21},
		{50, 75, 0.98, 1.21},
		{50, 100, 0.98, 1.21},
		{50, 1000, 0.98, 1.21},
		{50, 4999, 0.98, 1.21},
		{200, 200, 0.99, 1.061},
		{200, 300, 0.99, 1.061},
		{200, 3001, 0.99, 1.061},
		{2000, 3000, 0.99, 1.061},
		{50, 51, 0.88, 1.53},
		{200, 201, 0.88, 1.53},
		{1000, 1001, 0.88, 1.53},
	} {
		lcm := c.n / int(gcd(int64(c.n), int64(c.m))) * c.m
		checked := 0
		for z := 0.8; z < 2.3; z += 0.02 {
			h := int(math.Round(z * math.Sqrt(1/float64(c.n)+1/float64(c.m)) * float64(lcm)))
			exact := exactP(c.n, c.m, h)
			if exact < 1e-4 || exact > 0.5 {
				continue
			}
			checked++
			p := ksPValue(float64(h)/float64(lcm), float64(c.n), float64(c.m))
			assert.Equal(t, p, ksPValue(float64(h)/float64(lcm), float64(c.m), float64(c.n)))
			assert.Greater(t, p/exact, c.low, "%d %d %d: %v", c.n, c.m, h, exact)
			assert.Less(t, p/exact, c.high, "%d %d %d: %v", c.n, c.m, h, exact)
		}
		assert.Greater(t, checked, 20)
	}
	// Counts that are not whole: never below the value of their neighbours with a fine lattice.
	assert.GreaterOrEqual(t, ksPValue(0.15, 200.5, 301.5), ksPValue(0.15, 200, 301))
	assert.Equal(t, 1.0, ksPValue(0, 10, 10))
	assert.Equal(t, 1.0, ksPValue(1e-9, 10, 10))
	assert.Less(t, ksPValue(1, 1000, 1000), 1e-300)
}

func TestKSTwoSF(t *testing.T) {
	// Marsaglia, Tsang and Wang 2003: Pr(D₁₀ < 0.274).
	assert.InDelta(t, 1-0.6284796154565, KSTwoSF(0.274, 10), 1e-13)
	// n = 1: D = max(u, 1−u).
	assert.InDelta(t, 0.5, KSTwoSF(0.75, 1), 1e-15)
	// n = 2, 1/4 ≤ d ≤ 1/2: 1 − 2(2d−½)².
	assert.InDelta(t, 1-2*0.3*0.3, KSTwoSF(0.4, 2), 1e-14)
	assert.InDelta(t, 1, KSTwoSF(0.25, 2), 1e-15)
	// n = 2, d ≥ ½: 2(1−d)².
	assert.InDelta(t, 2*0.3*0.3, KSTwoSF(0.7, 2), 1e-15)

	// Neighbouring methods agree where they meet, and p falls with d.
	for _, n := range []int{5, 20, 100, 140, 141, 1000, 50000, 200000, 3000000} {
		last := 1.0
		for z := 0.2; z < 6; z += 0.05 {
			d := z / math.Sqrt(float64(n))
			if d > 1 {
				break
			}
			p := KSTwoSF(d, n)
			assert.LessOrEqual(t, p, last+2e-6, "n=%d z=%v", n, z)
			last = p
		}
	}
	for _, d := range []float64{0.05, 0.08, 0.1, 0.12} {
		assert.InEpsilon(t, 1-matrixCDF(d, 150), KSTwoSF(d, 150), 3e-5, "Pelz and Good, d=%v", d)
	}
	assert.InEpsilon(t, 1-matrixCDF(0.15, 140), 2*smirnovSF(0.15, 140), 1e-6)
	// For a large n all tend to Kolmogorov's limit.
	for _, z := range []float64{0.5, 0.9, 1.3, 1.6, 2.2} {
		for _, n := range []int{99999, 1000000, 100000000} {
			assert.InEpsilon(t, kolmogorovSF(z+1/(6*math.Sqrt(float64(n)))), KSTwoSF(z/math.Sqrt(float64(n)), n), 1e-4, "n=%d z=%v", n, z)
		}
	}
	assert.True(t, math.IsNaN(KSTwoSF(0.5, 0)))
	assert.True(t, math.IsNaN(KSTwoSF(math.NaN(), 5)))
	assert.Equal(t, 1.0, KSTwoSF(-1, 5))
	assert.Equal(t, 0.0, KSTwoSF(1, 5))
}

// Both expansions of the limit, to the last digits, where they meet.
func TestKolmogorovSF(t *testing.T) {
	for _, z := range []float64{0.9, 0.99999, 1, 1.00001, 1.1} {
		var series float64
		for k := 100; k >= 1; k-- {
			series += 2 * (2*float64(k%2) - 1) * math.Exp(-2*float64(k*k)*z*z)
		}
		assert.InDelta(t, series, kolmogorovSF(z), 1e-15, fmt.Sprint(z))
	}
	assert.Equal(t, 0.0, kolmogorovSF(40))
	assert.Equal(t, 1.0, kolmogorovSF(math.Inf(-1)))
	assert.Equal(t, 0.0, kolmogorovSF(math.Inf(1)))
}

// The asymptotic branch: above 10,000 values p is that of the one-sample distribution, close to
// ksPValue's.
func TestKSTwoSampleLarge(t *testing.T) {
	x, y := make([]float64, 20000), make([]float64, 12000)
	for i := range x {
		x[i] = float64(i) / float64(len(x))
	}
	for i := range y {
		y[i] = float64(i)/float64(len(y)) + 0.015
	}
	d, p := KSTwoSample(x, y)
	assert.InDelta(t, 0.015, d, 2e-4)
	assert.InEpsilon(t, ksPValue(d, 20000, 12000), p, 0.05)
	assert.Equal(t, KSTwoSF(d, 7500), p)
	d, p = KSTwoSample(nil, y)
	assert.True(t, math.IsNaN(d) && math.IsNaN(p))
}
