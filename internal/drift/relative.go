// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// RelativeChange is the method that sees a rare share double: distances between distributions weigh
// a share by its size, so that a class that goes from 1 % to 2 % is nothing to them.
//
// Its score is the largest growth or fall of a share relative to the smaller of both, less two
// standard errors, so that it is 0 where chance explains it: 1 is a share that has doubled, or
// halved. Shares below half a percent count as that. The p-value is that of two proportions, times
// the number of shares (Bonferroni). Of numbers, the shares are those beyond the reference's ends
// and in its outermost percent; of categories, those of all; else, that of missing values.
const RelativeChange = "relative_change"

const (
	// defaultRelativeChange is its threshold: half as much again.
	defaultRelativeChange = 0.5
	// leastShare is what smaller shares count as.
	leastShare = 0.005
	// tailShare is the outermost part of numbers.
	tailShare = 0.01
)

// portion is a part of both sides' rows.
type portion struct{ ref, cur float64 }

// relativeChange compares parts of n rows of the reference and m of the window, which are worth
// effN and effM independent ones. point is the change of which nothing is taken off.
func relativeChange(parts []portion, n, m, effN, effM float64) (r stats.Result, point float64) {
	best, least := 0.0, 1.0
	for _, part := range parts {
		p, q := part.ref/n, part.cur/m
		pooled := (part.ref*effN/n + part.cur*effM/m) / (effN + effM)
		se := math.Sqrt(pooled * (1 - pooled) * (1/effN + 1/effM))
		difference := math.Abs(p - q)
		smaller := max(min(p, q), leastShare)
		best, point = max(best, (difference-2*se)/smaller), max(point, difference/smaller)
		least = min(least, proportions(p*effN, effN, q*effM, effM))
	}
	return stats.Result{Score: best, Effect: best, PValue: min(1, least*float64(len(parts)))}, point
}

// portions are the parts that a pair is judged by.
func portions(p *distribution.Pair) (parts []portion, n, m float64) {
	if !p.Numeric() {
		ref, cur := p.Samples(stats.Chi2)
		for i := range ref.Counts {
			n += ref.Counts[i]
			m += cur.Counts[i]
			parts = append(parts, portion{ref.Counts[i], cur.Counts[i]})
		}
		if len(parts) == 2 {
			parts = parts[:1] // the other one says the same
		}
		return parts, n, m
	}
	ref, cur := p.Samples(stats.KS)
	for i := range ref.Counts {
		n += ref.Counts[i]
		m += cur.Counts[i]
	}
	tail := func(from, step int) {
		var outer, beyond portion
		for i := from; i >= 0 && i < len(ref.Counts); i += step {
			if outer.ref+ref.Counts[i] > tailShare*n {
				break
			}
			outer.ref += ref.Counts[i]
			outer.cur += cur.Counts[i]
			if outer.ref == 0 {
				beyond.cur = outer.cur
			}
		}
		parts = append(parts, outer, beyond)
	}
	tail(0, 1)
	tail(len(ref.Counts)-1, -1)
	return parts, n, m
}

// relativeResult is the relative change of a pair whose rows are worth the given shares of their
// numbers.
func relativeResult(p *distribution.Pair, refDesign, curDesign float64) (r stats.Result, point float64) {
	parts, n, m := portions(p)
	if !(n > 0 && m > 0) {
		return stats.Result{PValue: 1}, 0
	}
	return relativeChange(parts, n, m, n/refDesign, m/curDesign)
}

// proportions is the p-value of two proportions, x of n and y of m: of the normal approximation, or
// where fewer than five are expected in a cell, of Fisher's exact test.
func proportions(x, n, y, m float64) float64 {
	all := x + y
	rest := n + m - all
	switch small := min(n, m) * min(all, rest) / (n + m); {
	case all <= 0 || rest <= 0:
		return 1
	case small < 5:
		return fisher(share{missing: whole(y), rows: whole(m)}, share{missing: whole(x), rows: whole(n)})
	}
	pooled := all / (n + m)
	z := (y/m - x/n) / math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// whole is a number of rows that effective ones are rounded to.
func whole(n float64) uint64 { return uint64(math.Round(n)) }
