// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"slices"
)

// Rows that depend on each other are worth fewer than they are. How many fewer, the design effect
// (Kish, Survey Sampling, 1965), is estimated from the differences of pairs of windows a day apart:
// their chi² of homogeneity over its degrees of freedom, their Kolmogorov distance and the distance of
// their mean ranks are as many times larger than among independent rows. What a dependence adds
// differs by the statistic (of rows that follow each other closely, the mean has most of it), and
// the largest is taken. A difference does not see a shift that lasts, so that a
// drift does not hide itself, and the median over a week of pairs does not see its beginning.

// pairs are the ratios of the newest pairs, in steps of a sixteenth of a factor of two.
type pairs struct {
	// chi, ks and rank are rings of the same length; the latter two are empty for what has no order.
	chi, ks, rank []uint8
	rare          rare // of missing values
	next          int
	limit         int
}

// minPair is the number of rows that either side of a pair needs.
const minPair = 20

// logRatio is the code of a ratio: 0 is 2⁻⁴ and less, 255 is 2¹¹·⁹ and more.
func logRatio(r float64) uint8 {
	if !(r > 0) {
		return 0
	}
	return uint8(min(max(math.Round(16*math.Log2(r))+64, 0), 255))
}

func ratioOf(code float64) float64 { return math.Exp2((code - 64) / 16) }

// add takes two windows in the same cells; ordered cells are compared by their order, too.
// Where a side is too small or there is nothing to compare nothing is taken.
func (p *pairs) add(a, b []uint32, ordered bool) {
	var na, nb float64
	for i := range a {
		na += float64(a[i])
		nb += float64(b[i])
	}
	if na < minPair || nb < minPair {
		return
	}
	chi, dof := 0.0, -1.0
	far, cumA, cumB := 0.0, 0.0, 0.0
	below, meanA, meanB, ties := 0.0, 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if x+y == 0 {
			continue
		}
		dof++
		share := (x + y) / (na + nb)
		chi += (x-na*share)*(x-na*share)/(na*share) + (y-nb*share)*(y-nb*share)/(nb*share)
		cumA, cumB = cumA+x/na, cumB+y/nb
		far = max(far, math.Abs(cumA-cumB))
		middle := below + share/2
		below += share
		meanA, meanB = meanA+x/na*middle, meanB+y/nb*middle
		ties += share * share * share
	}
	code := logRatio(1)
	if dof > 0 {
		// The median of chi² is about dof·(1−2/(9·dof))³ (Wilson and Hilferty, 1931).
		median := dof * math.Pow(1-2/(9*dof), 3)
		code = logRatio(chi / median)
	}
	p.put(&p.chi, code)
	if ordered {
		d := far * math.Sqrt(na*nb/(na+nb)) / 0.8276 // the median of Kolmogorov's distribution
		p.put(&p.ks, logRatio(d*d))
		// The variance of ranks with ties, and the median of chi² with one degree of freedom.
		code := logRatio(1)
		if variance := (1 - ties) / 12; variance > 1e-9 {
			code = logRatio((meanA - meanB) * (meanA - meanB) / (variance * (1/na + 1/nb)) / 0.4549)
		}
		p.put(&p.rank, code)
	}
	p.next = (p.next + 1) % p.limit
}

func (p *pairs) put(ring *[]uint8, code uint8) {
	if len(*ring) < p.limit {
		*ring = append(*ring, code)
		return
	}
	(*ring)[p.next] = code
}

// design returns the design effect, at least 1, once there are enough pairs.
func (p *pairs) design(enough int) (float64, bool) {
	if len(p.chi) < enough {
		return 1, false
	}
	return max(1, median(p.chi), median(p.ks), median(p.rank)), true
}

// rare adds up pairs of shares, with weights that fade: of what is rare, most windows have none, and
// the median of ratios sees nothing. The design effect is how much the shares of pairs differ, over
// how much those of independent rows would. The two largest differences are left out, as a drift
// begins with one, or within a window with two. The windows of these pairs follow each other: of
// those a day apart, a whole day of pairs would see a drift begin.
type rare struct {
	squares, variance float64    // of differences: seen, and of a share of one half's rows
	largest           [2]float64 // of the squares, in falling order
	missing, rows     float64
	pairs             float64 // of which there are; they fade, too
}

// add takes a pair of missing and present rows; limit is how many pairs are remembered.
func (r *rare) add(a, b []uint32, limit int) {
	x, n := float64(a[stripMissing]), float64(a[stripMissing])+float64(a[stripPresent])
	y, m := float64(b[stripMissing]), float64(b[stripMissing])+float64(b[stripPresent])
	if n < minPair || m < minPair {
		return
	}
	keep := 1 - 1/float64(limit)
	d := (x/n - y/m) * (x/n - y/m)
	r.squares = r.squares*keep + d
	first, second := r.largest[0]*keep, r.largest[1]*keep
	r.largest = [2]float64{max(first, d), max(second, min(first, d))}
	r.variance = r.variance*keep + 1/n + 1/m
	r.missing = r.missing*keep + x + y
	r.rows = r.rows*keep + n + m
	r.pairs = r.pairs*keep + 1
}

// design returns the design effect, at least 1.
func (r *rare) design() float64 {
	left := r.pairs - float64(len(r.largest))
	if r.rows == 0 || r.missing == 0 || r.missing == r.rows || left <= 0 {
		return 1
	}
	p := r.missing / r.rows
	squares := r.squares - r.largest[0] - r.largest[1]
	return max(1, squares/(p*(1-p)*r.variance*left/r.pairs))
}

// sums are what a snapshot has of it.
func (r *rare) sums() [7]*float64 {
	return [7]*float64{&r.squares, &r.variance, &r.largest[0], &r.largest[1], &r.missing, &r.rows, &r.pairs}
}

// enoughMissing is the number of independent missing values whose pairs say how much they depend on
// each other: their share's error is a quarter then.
const enoughMissing = 40

// few reports whether pairs have had too few missing values to say how much these depend on each
// other, if as much as a design effect says. Then they are taken to depend on each other as much as
// the feature's values: a user who sends the same row twenty times lacks a value twenty times.
func (r *rare) few(design float64) bool {
	return min(r.missing, r.rows-r.missing) < enoughMissing*design
}

func median(codes []uint8) float64 {
	if len(codes) == 0 {
		return 0
	}
	var counts [256]int
	for _, c := range codes {
		counts[c]++
	}
	n := len(codes)
	return ratioOf((float64(ranked(&counts, (n-1)/2)) + float64(ranked(&counts, n/2))) / 2)
}

// ranked is the code that so many others come before, of all that are counted.
func ranked(counts *[256]int, before int) int {
	for code, n := range counts {
		if before -= n; before < 0 {
			return code
		}
	}
	return len(counts) - 1
}

func (e *encoder) pairs(p *pairs) {
	e.Uvarint(uint64(p.next))
	for _, ring := range [][]uint8{p.chi, p.ks, p.rank} {
		e.String(string(ring))
	}
	for _, sum := range p.rare.sums() {
		e.Float64(*sum)
	}
}

func (d *decoder) pairs(p *pairs) {
	p.next = int(d.UvarintTo(uint64(p.limit - 1)))
	p.chi, p.ks, p.rank = slices.Clone(d.Bytes()), slices.Clone(d.Bytes()), slices.Clone(d.Bytes())
	for _, sum := range p.rare.sums() {
		*sum = d.Float64()
		if !(*sum >= 0) {
			d.Fail()
		}
	}
	if len(p.chi) > p.limit {
		d.Fail()
	}
	if len(p.chi) < p.limit && p.next != len(p.chi)%p.limit || len(p.rank) != len(p.ks) || len(p.ks) > 0 && len(p.ks) != len(p.chi) {
		d.Fail()
	}
}
