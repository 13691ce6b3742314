// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// chi2SF is the probability that a chi² variable with dof degrees of freedom exceeds x: 1 for dof <
// 1 or x ≤ 0.
func chi2SF(x float64, dof int) float64 {
	switch {
	case dof < 1 || !(x > 0):
		return 1
	case math.IsInf(x, 1):
		return 0
	case dof == 1:
		return math.Erfc(math.Sqrt(x / 2))
	}
	return min(max(mathext.GammaIncRegComp(float64(dof)/2, x/2), 0), 1)
}

// column is a column of a 2×B contingency table.
type column struct{ ref, cur float64 }

func (c column) sum() float64 { return c.ref + c.cur }

func (c column) plus(d column) column { return column{c.ref + d.ref, c.cur + d.cur} }

// sides are the parts of all samples that the reference and the current side have. Each is computed
// for itself: the smaller one may be less than what rounding leaves of one minus the other.
type sides struct{ ref, cur float64 }

func newSides(nRef, nCur float64) sides { return sides{nRef / (nRef + nCur), nCur / (nRef + nCur)} }

// chi2 is what both cells add to Pearson's statistic, (O−E)²/E summed: both differ from their
// expectation by the same number of samples. It is written in shares of the column, so that no
// product of small counts underflows.
func (c column) chi2(s sides) float64 {
	k := c.sum()
	d := c.ref/k*s.cur - c.cur/k*s.ref
	return k * (d / s.ref) * (d / s.cur)
}

// Chi2Homogeneity is Pearson's test that two samples have one distribution, on the 2×B table of
// their counts: columns that are empty on both sides are left out, there is no continuity
// correction (scipy's chi2_contingency has one by default for two columns), and small expected
// counts are not pooled (see homogeneity). p is 1 with fewer than two columns. Both sides need a
// positive total.
func Chi2Homogeneity(ref, cur []float64) (statistic float64, dof int, p float64) {
	statistic, dof = chi2Homogeneity(ref, cur, total(ref), total(cur))
	return statistic, dof, chi2SF(statistic, dof)
}

func chi2Homogeneity(ref, cur []float64, nRef, nCur float64) (statistic float64, dof int) {
	_ = cur[:len(ref):len(ref)]
	parts := newSides(nRef, nCur)
	columns := 0
	for i, r := range ref {
		if c := (column{r, cur[i]}); c.sum() > 0 {
			statistic += c.chi2(parts)
			columns++
		}
	}
	return statistic, max(columns-1, 0)
}

// Chi2GoodnessOfFit takes the reference's shares for exact and tests whether the current counts
// come from them: scipy.stats.chisquare with the expected counts scaled to the current total.
// Groups that are empty on both sides are left out; samples in a group that the reference does not
// have give +Inf and p = 0. Both sides need a positive total.
//
// With a reference that is itself a sample it rejects too often (twice the variance when both are
// of one size): Compare uses homogeneity.
func Chi2GoodnessOfFit(ref, cur []float64) (statistic float64, dof int, p float64) {
	scale := total(cur) / total(ref)
	groups := 0
	for i, r := range ref {
		expected := r * scale
		if expected == 0 && cur[i] == 0 {
			continue
		}
		groups++
		d := cur[i] - expected
		statistic += d / expected * d
	}
	dof = max(groups-1, 0)
	if math.IsInf(statistic, 1) {
		return statistic, dof, 0
	}
	return statistic, dof, chi2SF(statistic, dof)
}
