// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package stats compares two distributions and says how likely the difference is by chance: pure
// functions over counts of the same bins or categories, or over whole samples.
//
// Counts are []float64, so that merged, scaled and decayed counts work; they are finite and not
// negative, and index i is the same bin or category on both sides. Compare checks its input; the
// single functions trust it, and panic when the two slices differ in length. None of them keeps,
// changes or, unless it says so, allocates anything.
//
//	reference counts ──┐             ┌─► Score, Effect: how different (against a threshold)
//	                   ├─► Compare ──┤
//	current counts ────┘             └─► Statistic, PValue: could it be chance
package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Errors that Compare returns, wrapped; test with errors.Is.
var (
	// errNoSamples: the reference or the current counts add up to zero, or to so little (decayed
	// counts) that nothing can be divided by it.
	errNoSamples = errors.New("no samples")
	// errShape: reference and current are not counts of the same bins.
	errShape = errors.New("reference and current have different bins")
	// errNoBounds: the method needs ordered bins and there are only categories.
	errNoBounds = errors.New("the method needs numeric bins, not categories")

	// Ready-made, because an empty window is an everyday thing.
	errNoReference = fmt.Errorf("reference: %w", errNoSamples)
	errNoCurrent   = fmt.Errorf("current: %w", errNoSamples)
)

// maxTotal is the largest number of samples that Compare takes: above it a float64 can no longer
// count by one.
const maxTotal = 1 << 53

// minTotal is the least number of samples that Compare takes for any: far below what decayed counts
// mean, and far above where quotients of counts leave the range of a float64.
const minTotal = 1e-100

// pseudoCount is what Compare adds to each group before it computes PSI, Jensen-Shannon, KL and
// Hellinger (the Jeffreys prior), so that an empty group gives a finite and moderate value:
// (c+½)/(n+½B).
const pseudoCount = 0.5

// Sample is one side of a comparison.
type Sample struct {
	// Counts per bin or category.
	Counts []float64
	// Bounds are the upper-inclusive bounds of the bins as in an OTLP histogram, finite and
	// strictly increasing: bin i is (Bounds[i-1], Bounds[i]], the first one has no lower bound, the
	// last one no upper. len(Counts) == len(Bounds)+1. Nil for categories.
	Bounds []float64
	// Min and Max are the smallest and largest value, the outer edges of the first and last bin.
	// Only Wasserstein reads them; one inside the bounds, or not finite, counts as the bound
	// itself.
	Min, Max float64
	// StdDev is the standard deviation of the values. Only Wasserstein reads the reference's.
	StdDev float64
	// Sum is that of the values where HasSum says so. Only Wasserstein reads it: it tells where
	// the values of the outer bins lie.
	Sum    float64
	HasSum bool
	// EffectiveN is how many independent samples the counts are worth, where samples depend on each
	// other: PValue and Effect take it for the number of samples. 0, or more than there are, means
	// that all are independent.
	EffectiveN float64
	// Rows is how many samples were seen, where each counts for several (sampled traces): Score
	// takes it for the number of samples. 0, or more than the counts, means that each counts once.
	Rows float64
}

// atMost is n, or less of it where that is known.
func atMost(n, less float64) float64 {
	if less > 0 && less < n {
		return less
	}
	return n
}

// Result of a comparison. All fields are finite.
type Result struct {
	// Score is the value of the method, 0 for identical distributions. All but KS,
	// Wasserstein and Chi2 are less what is expected of two samples of one distribution (see
	// unbiased), of rows that do not depend on each other: it can be computed again from the counts
	// alone.
	Score float64
	// Effect is what a threshold is compared with: Score, with what is expected of so many rows as
	// EffectiveN says; for Chi2, whose score grows with the number of samples, Cramér's V (see
	// termCramer), less what is expected, too.
	Effect float64
	// PValue is the probability of a difference at least this large between two samples of one
	// distribution: of D for KS (see ksPValue), of the distance between the bounds for Wasserstein
	// (see wassersteinPValue), of Pearson's chi² of homogeneity for the others (see homogeneity).
	// Rows are taken as independent but for EffectiveN.
	PValue float64
	// Statistic is the test statistic that PValue belongs to: D for KS, √(nm/(n+m)) times the
	// distance by the range of the bounds for Wasserstein, else the chi² of the pooled table.
	Statistic float64
	// Error is how far Score may be from that of the values themselves, as KS and Wasserstein are of
	// bins: Score − Error to Score + Error has it (KS is never above Score + Error, nor below
	// Score). The others are defined on the groups that they are computed on: 0. It is the largest
	// float64 where nothing is known, as the end of an outer bin is not.
	Error float64
}

// Compare computes one method on two samples of the same bins. Grouping bins (10 groups for all but
// KS and Wasserstein, which want every bin) is the caller's.
//
// PSI, Jensen-Shannon, KL and Hellinger add half a count to each group first; the others use raw
// shares. Wasserstein is divided by the reference's StdDev; a reference that is constant or whose
// StdDev is unknown (not above what rounds its largest bound, see rounding) has no such scale,
// and the distance is divided by the range of both samples together instead: 1 when one constant
// becomes another, the share of moved rows when they all move to one other value.
//
// The error wraps errNoSamples, errShape or errNoBounds, or names the count that is negative or not
// finite. Compare does not allocate unless it fails.
func Compare(m Method, ref, cur Sample) (Result, error) {
	if len(ref.Counts) != len(cur.Counts) || (ref.Bounds == nil) != (cur.Bounds == nil) || !sameBounds(ref.Bounds, cur.Bounds) {
		return Result{}, errShape
	}
	if ref.Bounds != nil && len(ref.Counts) != len(ref.Bounds)+1 {
		return Result{}, fmt.Errorf("%d counts need %d bounds, not %d: %w", len(ref.Counts), len(ref.Counts)-1, len(ref.Bounds), errShape)
	}
	if m.Ordered() && ref.Bounds == nil {
		return Result{}, errNoBounds
	}
	nRef, nCur := sum(ref.Counts), sum(cur.Counts)
	if !(nRef >= 0 && nRef <= maxTotal && nCur >= 0 && nCur <= maxTotal) {
		return Result{}, errors.Join(checkCounts("reference", ref.Counts), checkCounts("current", cur.Counts))
	}
	if nRef < minTotal {
		return Result{}, errNoReference
	}
	if nCur < minTotal {
		return Result{}, errNoCurrent
	}

	effRef, effCur := atMost(nRef, ref.EffectiveN), atMost(nCur, cur.EffectiveN)
	rowsRef, rowsCur := atMost(nRef, ref.Rows), atMost(nCur, cur.Rows)
	unbiased := func(d *divergence) (score, effect float64) {
		score = d.unbiased(ref.Counts, cur.Counts, nRef, nCur, rowsRef, rowsCur)
		if effRef == rowsRef && effCur == rowsCur {
			return score, score
		}
		return score, d.unbiased(ref.Counts, cur.Counts, nRef, nCur, effRef, effCur)
	}
	var r Result
	switch m {
	case PSI:
		r.Score, r.Effect = unbiased(&divergencePSI)
	case JensenShannon:
		r.Score, r.Effect = roots(unbiased(&divergenceJS))
	case KL:
		r.Score, r.Effect = unbiased(&divergenceKL)
	case Hellinger:
		r.Score, r.Effect = roots(unbiased(&divergenceHellinger))
	case LInfinity:
		r.Score = unbiasedLInfinity(ref.Counts, cur.Counts, nRef, nCur, rowsRef, rowsCur)
		r.Effect = unbiasedLInfinity(ref.Counts, cur.Counts, nRef, nCur, effRef, effCur)
	case TotalVariation:
		r.Score = unbiasedTotalVariation(ref.Counts, cur.Counts, nRef, nCur, rowsRef, rowsCur)
		r.Effect = unbiasedTotalVariation(ref.Counts, cur.Counts, nRef, nCur, effRef, effCur)
	case Chi2:
		r.Score, _ = chi2Homogeneity(ref.Counts, cur.Counts, nRef, nCur)
		_, r.Effect = roots(unbiased(&divergenceCramer))
	case KS:
		r.Score = ksBins(ref.Counts, cur.Counts)
		r.Statistic = r.Score
		r.Error = ksBinError(&ref, &cur, nRef, nCur, r.Score)
	case Wasserstein:
		if !increasing(ref.Bounds) {
			return Result{}, errors.New("bounds: must be finite and strictly increasing")
		}
		scale := ref.StdDev
		if !(scale > rounding(ref.Bounds)) || math.IsInf(scale, 0) {
			scale = width(wassersteinRange(ref, cur))
		}
		if d := WassersteinBins(ref, cur); d > 0 {
			r.Score = d / scale
		}
		if e := wassersteinBinError(&ref, &cur, nRef, nCur); e > 0 {
			r.Error = min(e/scale, math.MaxFloat64)
		}
		r.Statistic, r.PValue = wassersteinPValue(ref.Counts, cur.Counts, ref.Bounds, nRef, nCur, effRef, effCur)
	default:
		_, err := ParseMethod(string(m))
		return Result{}, err
	}
	switch m {
	case KS, Wasserstein:
		r.Effect = r.Score
	}
	switch m {
	case Wasserstein:
	case KS:
		r.PValue = ksPValue(r.Statistic, effRef, effCur)
	default:
		r.Statistic, r.PValue = homogeneity(ref.Counts, cur.Counts, effRef/nRef, effCur/nCur, effRef, effCur)
	}
	r.Score = min(r.Score, math.MaxFloat64)
	r.Effect = min(r.Effect, math.MaxFloat64)
	return r, nil
}

// roots are those of both, at most 1.
func roots(score, effect float64) (rootOfScore, rootOfEffect float64) {
	return math.Sqrt(min(score, 1)), math.Sqrt(min(effect, 1))
}

// checkCounts names the first count that is negative or not finite, or says that there are too many
// samples.
func checkCounts(side string, counts []float64) error {
	for i, c := range counts {
		if !(c >= 0) || math.IsInf(c, 0) {
			return fmt.Errorf("%s: counts[%d] = %v: must be finite and not negative", side, i, c)
		}
	}
	if n := sum(counts); n > maxTotal {
		return fmt.Errorf("%s: %v samples are more than %d", side, n, int64(maxTotal))
	}
	return nil
}

// sum returns NaN when a count is negative, so that one pass does for adding and checking.
func sum(counts []float64) float64 {
	var n, low float64
	for _, c := range counts {
		n += c
		low = min(low, c)
	}
	if low < 0 {
		return math.NaN()
	}
	return n
}

// sameBounds is true at once for a shared slice, the usual case: both sides take the baseline's.
func sameBounds(a, b []float64) bool {
	if len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] {
		return true
	}
	return slices.Equal(a, b)
}

// rounding is how large the computed standard deviation of a constant may be: two units in the last
// place of the largest bound.
func rounding(bounds []float64) float64 {
	if len(bounds) == 0 {
		return 0
	}
	return 0x1p-51 * max(math.Abs(bounds[0]), math.Abs(bounds[len(bounds)-1]))
}

func increasing(bounds []float64) bool {
	last := math.Inf(-1)
	for _, b := range bounds {
		if !(b > last) {
			return false
		}
		last = b
	}
	return !math.IsInf(last, 1)
}
