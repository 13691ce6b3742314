// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// share is how many of n rows lacked a value. excess is by how much the sum of the squares of the
// rows' weights is above that of the weights: 0 unless traces are sampled.
type share struct{ missing, rows, excess uint64 }

func (s share) ratio() float64 {
	if s.rows == 0 {
		return 0
	}
	return float64(s.missing) / float64(s.rows)
}

// weighting is the design effect of the weights of sampled rows (Kish, Survey Sampling, 1965).
func weighting(excess, rows uint64) float64 {
	if rows == 0 {
		return 1
	}
	return 1 + float64(excess)/float64(rows)
}

// addShare adds another share.
func (s *share) addShare(o share) {
	s.missing += o.missing
	s.rows += o.rows
	s.excess += o.excess
}

// compareShares tests whether two samples have the same share of missing values. The effect, and
// score, is the absolute difference of the shares, which is the L∞ distance over {missing,
// present}. The p-value is that of Pearson's chi² test with one degree of freedom, or where fewer
// than five are expected in a cell, of Fisher's exact test: twice the smaller tail, at most 1. The
// rows are worth as many times fewer independent ones as the designs say.
func compareShares(ref, cur share, refDesign, curDesign float64) (stats.Result, bool) {
	if ref.rows == 0 || cur.rows == 0 {
		return stats.Result{}, false
	}
	effect := math.Abs(cur.ratio() - ref.ratio())
	n, m := float64(ref.rows)/refDesign, float64(cur.rows)/curDesign
	p := proportions(ref.ratio()*n, n, cur.ratio()*m, m)
	return stats.Result{Score: effect, Effect: effect, PValue: p, Statistic: effect}, true
}

// fisher returns twice the smaller tail of the hypergeometric distribution of a's missing rows, at
// most 1.
func fisher(a, b share) float64 {
	n, m := float64(a.rows), float64(b.rows)
	missing := float64(a.missing + b.missing)
	k := float64(a.missing)
	choose := func(n, k float64) float64 {
		x, _ := math.Lgamma(n + 1)
		y, _ := math.Lgamma(k + 1)
		z, _ := math.Lgamma(n - k + 1)
		return x - y - z
	}
	lo, hi := max(0, missing-m), min(missing, n)
	tail := func(step float64) float64 {
		term := math.Exp(choose(n, k) + choose(m, missing-k) - choose(n+m, missing))
		sum := term
		for i := k; i+step >= lo && i+step <= hi && term > sum*1e-17; i += step {
			if step > 0 {
				term *= (n - i) * (missing - i) / ((i + 1) * (m - missing + i + 1))
			} else {
				term *= i * (m - missing + i) / ((n - i + 1) * (missing - i + 1))
			}
			sum += term
		}
		return sum
	}
	return min(1, 2*min(tail(1), tail(-1)))
}

func (e *encoder) share(s share) {
	e.Uvarint(s.missing)
	e.Uvarint(s.rows)
	e.Uvarint(s.excess)
}

func (d *decoder) share() share {
	s := share{missing: d.Uvarint(), rows: d.Uvarint()}
	if d.Version >= 4 {
		s.excess = d.Uvarint()
	}
	return s
}
