// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// minExpected is the least expected count for which the chi² distribution is trusted: Cochran's
// rule (Some methods for strengthening the common χ² tests, Biometrics 10, 1954).
const minExpected = 5

// plentyExpected is the least expected count from which on the chi² distribution is trusted as far
// out as 0.001.
const plentyExpected = 25

// thinError is the part of the error that thin columns have which are tested on their own.
const thinError = 0.2

// homogeneity tests whether two samples have one distribution: Pearson's chi² on the 2×B table of
// counts, with thin columns pooled until each expected count is at least 5.
//
// A column thick enough stands alone. Thin ones are added up in the order of the index until a pool
// is thick enough; what is left joins the last pool. Pooling looks at column totals only, so the
// test stays valid given them, as long as neither side's counts had a say in which columns there
// are and in their order: the most frequent values of the reference, in the order of its counts,
// are columns that the reference happens to have too much of, and pools that it has too much of. A
// pool's expected count stays below 15, so that a rare or new category that grows is not drowned in
// a common one. Where all thin columns together are too thin for a pool they join the thinnest
// column, where a new category could hide; therefore they are also tested on their own, by the
// binomial probability that the smaller side has at least so many of their samples. They get a
// fifth of the error: p is the smaller one of 5/4 of the first p-value and five times the second
// (Bonferroni's bound). p is 1 when there is nothing to compare: fewer than two columns, or none
// thick enough. Where an expected count is below 25, p is the larger one of chi²'s and of that of a
// distribution with the statistic's own moments (see moments): with eight pools of five beside all
// the rest, chi²'s is at most 0.001 twice as often as it says.
//
// The statistic is the pooled table's chi². The counts are taken times scaleRef and scaleCur, with
// which their totals are nRef and nCur, above 0: what they are worth where samples depend on each
// other (Rao and Scott, JASA 76, 1981: the statistic divided by the mean design effect).
func homogeneity(ref, cur []float64, scaleRef, scaleCur, nRef, nCur float64) (statistic, p float64) {
	n := nRef + nCur
	parts := newSides(nRef, nCur)
	// A column with this total has an expected count of minExpected on the smaller side.
	thick := minExpected * n / min(nRef, nCur)

	var rest, pool, thinnest column
	var m moments
	groups, pools := 0, 0
	for i, r := range ref {
		c := column{r * scaleRef, cur[i] * scaleCur}
		switch k := c.sum(); {
		case k == 0:
		case k >= thick:
			if groups == pools || k < thinnest.sum() {
				thinnest = c
			}
			statistic += c.chi2(parts)
			m.add(k)
			groups++
		default:
			if rest = rest.plus(c); rest.sum() >= thick {
				pool, rest = rest, column{}
				statistic += pool.chi2(parts)
				m.add(pool.sum())
				groups++
				pools++
			}
		}
	}
	if rest.sum() == 0 || groups == 0 {
		return statistic, m.tail(statistic, parts)
	}
	joined := pool
	if pools == 0 {
		joined = thinnest
	}
	statistic = max(statistic-joined.chi2(parts)+joined.plus(rest).chi2(parts), 0)
	m.remove(joined.sum())
	m.add(joined.sum() + rest.sum())
	p = m.tail(statistic, parts)
	if pools > 0 {
		return statistic, p
	}
	alone := rest.excess(nRef, nCur)
	if groups > 1 {
		alone = min(1, p/(1-thinError), alone/thinError)
	}
	return statistic, alone
}

// moments gathers what the moments of the statistic are computed from: the totals t of the groups.
type moments struct {
	groups        int
	all, one, two float64 // Σ t, Σ 1/t, Σ 1/t²
	smallest      float64
}

func (m *moments) add(t float64) {
	if m.groups == 0 || t < m.smallest {
		m.smallest = t
	}
	m.groups++
	m.all, m.one, m.two = m.all+t, m.one+1/t, m.two+1/(t*t)
}

// remove takes a total back that was added; the smallest one stays what it was.
func (m *moments) remove(t float64) {
	m.groups--
	m.all, m.one, m.two = m.all-t, m.one-1/t, m.two-1/(t*t)
}

// tail is the probability of a statistic of at least x: of the gamma distribution (Pearson's type
// III) that has its cumulants, as of Mielke and Berry, Psychometrika 50, 1985.
func (m *moments) tail(x float64, s sides) float64 {
	p := chi2SF(x, m.groups-1)
	if m.groups < 2 || m.smallest*min(s.ref, s.cur) >= plentyExpected || !(x > 0) || math.IsInf(x, 1) {
		return p
	}
	mean, variance, third := m.cumulants(s)
	if !(variance > 0 && third > 0) {
		return p
	}
	// A gamma variable of this shape, moved and scaled.
	shape := 4 * variance * variance * variance / (third * third)
	y := shape + (x-mean)*math.Sqrt(shape/variance)
	if !(y > 0) {
		return 1
	}
	return min(max(p, mathext.GammaIncRegComp(shape, y)), 1)
}

// cumulants are the mean, the variance and the third cumulant of Pearson's statistic, given the
// totals of both sides and of k groups, N in all. The first two are known: N(k−1)/(N−1), and for
// the variance Haldane, Biometrika 31, 1940 (as in Lewis, Saunders and Westcott, Biometrika 71,
// 1984). The third is taken for that of independent binomial counts, less what their sum, which is
// fixed, explains of them.
func (m *moments) cumulants(s sides) (mean, variance, third float64) {
	n, k, v, skew := m.all, float64(m.groups), s.ref*s.cur, s.ref-s.cur
	w1, w2 := (1/v-4)/(n-2), (n*m.one-k*k)/(n-2)
	beta := k * skew / (n * v)
	mean = n * (k - 1) / (n - 1)
	variance = 2*n/(n-3)*((n-2)/(n-1)-w1)*((k-1)*(n-k)/(n-1)-w2) + n*n/(n-1)*w1*w2
	third = 8*k + (22-112*v)*m.one/v + (1-30*v+120*v*v)*m.two/(v*v) -
		3*beta*skew*(8*k+(1-12*v)*m.one/v) +
		3*beta*beta*(2*n*v+k*(1-6*v)) -
		beta*beta*beta*n*v*skew - 8
	return mean, variance, third
}

// excess is the binomial probability that the smaller side has at least as many of the column's
// samples as it has. Given the totals the count is hypergeometric, which is less spread than the
// binomial: the value errs on the safe side.
func (c column) excess(nRef, nCur float64) float64 {
	x, share := c.cur, nCur/(nRef+nCur)
	if nRef < nCur {
		x, share = c.ref, nRef/(nRef+nCur)
	}
	if x <= c.sum()*share {
		return 1
	}
	return min(max(mathext.RegIncBeta(x, c.sum()-x+1, share), 0), 1)
}
