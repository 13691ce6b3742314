// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import "gonum.org/v1/gonum/mathext"

// minExpected is the least expected count for which the chi² distribution is trusted: Cochran's
// rule (Some methods for strengthening the common χ² tests, Biometrics 10, 1954).
const minExpected = 5

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
// thick enough.
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
			groups++
		default:
			if rest = rest.plus(c); rest.sum() >= thick {
				pool, rest = rest, column{}
				statistic += pool.chi2(parts)
				groups++
				pools++
			}
		}
	}
	if rest.sum() == 0 || groups == 0 {
		return statistic, chi2SF(statistic, groups-1)
	}
	joined := pool
	if pools == 0 {
		joined = thinnest
	}
	statistic = max(statistic-joined.chi2(parts)+joined.plus(rest).chi2(parts), 0)
	p = chi2SF(statistic, groups-1)
	if pools > 0 {
		return statistic, p
	}
	alone := rest.excess(nRef, nCur)
	if groups > 1 {
		alone = min(1, p/(1-thinError), alone/thinError)
	}
	return statistic, alone
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
