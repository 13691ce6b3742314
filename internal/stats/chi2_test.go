// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// With an even number of degrees of freedom it is a Poisson sum: exp(−x/2)·Σ_{k<dof/2} (x/2)^k/k!.
func TestChi2SF(t *testing.T) {
	for _, dof := range []int{2, 4, 10, 100, 1000} {
		for _, ratio := range []float64{0.1, 0.5, 0.9, 1, 1.1, 2, 5, 20} {
			half := ratio * float64(dof) / 2
			var want float64
			for k := range dof / 2 {
				log, _ := math.Lgamma(float64(k + 1))
				want += math.Exp(float64(k)*math.Log(half) - half - log)
			}
			if want > 1e-290 {
				assert.InEpsilon(t, want, chi2SF(2*half, dof), 1e-11, "x=%v dof=%d", 2*half, dof)
			}
		}
	}
	assert.InDelta(t, 0.05, chi2SF(3.841458820694124, 1), 1e-15)
	assert.InDelta(t, 0.05, chi2SF(16.918977604620448, 9), 1e-14)
	assert.Equal(t, 1.0, chi2SF(0, 3))
	assert.Equal(t, 1.0, chi2SF(5, 0))
	assert.Equal(t, 0.0, chi2SF(math.Inf(1), 3))
}

// The binomial tail against its sum, and on either side.
func TestExcess(t *testing.T) {
	for _, c := range []struct{ ref, cur, nRef, nCur float64 }{
		{3, 2, 90, 10},
		{0, 20, 10000, 200},
		{230, 20, 10000, 200},
		{190000, 12, 1e9, 20000},
		{40, 3, 5000, 50},
	} {
		k, share := c.ref+c.cur, c.nCur/(c.nRef+c.nCur)
		var want float64
		for x := c.cur; x <= min(k, c.cur+200); x++ {
			a, _ := math.Lgamma(k + 1)
			b, _ := math.Lgamma(x + 1)
			d, _ := math.Lgamma(k - x + 1)
			want += math.Exp(a - b - d + x*math.Log(share) + (k-x)*math.Log1p(-share))
		}
		assert.InEpsilon(t, want, column{c.ref, c.cur}.excess(c.nRef, c.nCur), 1e-8)
		assert.InEpsilon(t, want, column{c.cur, c.ref}.excess(c.nCur, c.nRef), 1e-8)
	}
	assert.Equal(t, 1.0, column{100, 1}.excess(10000, 200))
}
