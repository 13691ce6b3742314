// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/figures"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Categorical are counts of the same categories on both sides.
type Categorical struct {
	// Names are the categories. Reference and Current have a count more: that of all others.
	Names              []string
	Reference, Current stats.Sample
	// Unlisted is the most frequent of the others in the current sample, as far as it is known, and
	// UnlistedShare its share of all values, 0 to 1.
	Unlisted      string
	UnlistedShare float64
}

const (
	// constantShare is the share of one value that leaves no room for others, and constantBefore the
	// most that the reference may have of it.
	constantShare, constantBefore = 0.995, 0.9
	// seen is how many rows are expected of a category that has vanished: chance has none of them
	// once in 20,000 times.
	seen = 10
	// listed is how many of the categories that have changed are named.
	listed = 3
)

// move is a category whose share has changed.
type move struct {
	cell         int
	name         string
	before, now  float64
	others, last bool // last is the cell of all others; others that it has no name
}

func (m *move) by() float64 { return m.now - m.before }

// Categories says how counts of categories have changed.
func Categories(c Categorical) Change {
	ref, cur := shares(c.Reference.Counts), shares(c.Current.Counts)
	if ref == nil || cur == nil || len(ref) != len(cur) || len(ref) != len(c.Names)+1 {
		return Change{}
	}
	n, m := effective(&c.Reference), effective(&c.Current)
	if !differ(ref, cur, n, m) {
		return Change{}
	}
	moves := make([]move, len(ref))
	for i := range ref {
		moves[i] = move{cell: i, before: ref[i], now: cur[i], last: i == len(c.Names)}
		if !moves[i].last {
			moves[i].name = strconv.Quote(c.Names[i])
		}
	}
	rest := &moves[len(moves)-1]
	rest.name, rest.others = "values that the reference does not list", true
	if c.Unlisted != "" && 2*c.UnlistedShare >= rest.now {
		rest.name, rest.others = strconv.Quote(c.Unlisted), false
		rest.before, rest.now = 0, max(c.UnlistedShare, rest.by())
	}
	slices.SortStableFunc(moves, func(a, b move) int { return cmp.Compare(math.Abs(b.by()), math.Abs(a.by())) })
	for i := range moves {
		if one := &moves[i]; one.now >= constantShare && one.before <= constantBefore && !one.others {
			return Change{Constant, "constant: nearly all values are " + one.name + ", was " + figures.Percent(one.before)}
		}
	}
	return kindOf(moves, ref, cur, n, m)
}

// kindOf tells categories that came or went from shares that have changed.
func kindOf(moves []move, ref, cur []float64, n, m float64) Change {
	total := distance(ref, cur)
	var came, gone []move
	var more, fewer float64
	for _, one := range moves {
		switch {
		case (one.last || one.before == 0) && one.by() > 0:
			came = append(came, one)
			more += one.by()
		case one.now == 0 && one.before*m >= seen:
			gone = append(gone, one)
			fewer += one.before
		}
	}
	switch {
	case more >= total/2 && more >= fewer:
		text := "new category: " + list(came)
		if fewer >= total/4 {
			text += "; gone: " + list(gone)
		}
		return Change{NewCategory, text}
	case fewer >= total/2:
		text := "category has vanished: " + list(gone)
		if more >= total/4 {
			text += "; new: " + list(came)
		}
		return Change{VanishedCategory, text}
	}
	if one := single(moves, ref, cur, n, m); one != nil && one.by() > 0 {
		return Change{Spike, "spike: " + list([]move{*one})}
	} else if one != nil {
		return Change{Gap, "gap: " + list([]move{*one})}
	}
	return Change{Other, "changed: " + list(moves)}
}

// single is the one category whose change explains all others', at whose cost or to whose good they
// have changed in proportion; nil if there is none. Of two, it is the rarer one.
func single(moves []move, ref, cur []float64, n, m float64) *move {
	var best *move
	for i := range moves[:min(2, len(moves))] {
		one := &moves[i]
		if alike(ref, cur, one.cell, n, m) && (best == nil || max(one.before, one.now) < max(best.before, best.now)) {
			best = one
		}
	}
	return best
}

// alike reports whether all categories but one have kept their shares among themselves.
func alike(ref, cur []float64, without int, n, m float64) bool {
	limit := distance(ref, cur) / 4
	a, b := slices.Delete(slices.Clone(ref), without, without+1), slices.Delete(slices.Clone(cur), without, without+1)
	a, b = shares(a), shares(b)
	if a == nil || b == nil {
		return true
	}
	n, m = n*(1-ref[without]), m*(1-cur[without])
	return distance(a, b) <= max(limit, 1.5*chance(a, n, m))
}

// list names the categories that have changed most; those that have changed by less than a tenth of
// the first are not worth a word.
func list(moves []move) string {
	var out []string
	more := 0
	for i := range moves {
		one := &moves[i]
		switch {
		case math.Abs(one.by()) < math.Abs(moves[0].by())/10 || one.before == one.now:
			continue
		case len(out) == listed:
			more++
			continue
		}
		verb := " is "
		if one.others {
			verb = " are "
		}
		out = append(out, one.name+verb+figures.Percent(one.now)+", was "+figures.Percent(one.before))
	}
	if more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(out, "; ")
}

// shares are counts over their sum; nil for none.
func shares(counts []float64) []float64 {
	total := sum(counts)
	if !(total > 0) || math.IsInf(total, 0) {
		return nil
	}
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = c / total
	}
	return out
}

func sum(counts []float64) (total float64) {
	for _, c := range counts {
		total += c
	}
	return total
}

// effective is the number of independent values of a sample.
func effective(s *stats.Sample) float64 {
	n := sum(s.Counts)
	if s.EffectiveN > 0 {
		return min(n, s.EffectiveN)
	}
	return n
}

// distance is the total variation of two distributions: the share of values that would have to be
// others.
func distance(a, b []float64) (d float64) {
	for i := range a {
		d += math.Abs(a[i]-b[i]) / 2
	}
	return d
}

// chance is the distance to expect of two samples of n and m values of one distribution.
func chance(p []float64, n, m float64) (d float64) {
	for _, share := range p {
		d += math.Sqrt(share * (1 - share) * (1/n + 1/m) / (2 * math.Pi)) // half of the mean of |normal|
	}
	return d
}

// differ reports whether two samples differ by more than chance: in all shares together (G-test at
// one in a thousand), or in one alone.
func differ(ref, cur []float64, n, m float64) bool {
	g, df := 0.0, -1.0
	for i := range ref {
		pooled := (ref[i]*n + cur[i]*m) / (n + m)
		if pooled == 0 {
			continue
		}
		df++
		for _, side := range [2]struct{ share, n float64 }{{ref[i], n}, {cur[i], m}} {
			if side.share > 0 {
				g += 2 * side.n * side.share * math.Log(side.share/pooled)
			}
		}
		se := math.Sqrt(pooled * (1 - pooled) * (1/n + 1/m))
		if math.Abs(cur[i]-ref[i]) > (4+1/math.Sqrt(pooled*min(n, m)))*se {
			return true // rare ones are not normal, and must differ by more
		}
	}
	// Wilson and Hilferty, The distribution of chi-square, 1931.
	if df < 1 {
		return false
	}
	h := 2 / (9 * df)
	return (math.Cbrt(g/df)-(1-h))/math.Sqrt(h) > 3.09
}
