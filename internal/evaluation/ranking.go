// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Ranking sums how well lists are ordered, each by its first K items.
type Ranking struct {
	k         int
	gain      moments
	hit, miss cell
}

// NewRanking returns an empty one that looks at the first k items, at least one.
func NewRanking(k int) *Ranking { return &Ranking{k: max(k, 1)} }

// K is the number of items that it looks at.
func (r *Ranking) K() int { return r.k }

// Add counts a list: the relevance of its items in the order in which they were shown, and the
// relevances of all items that were relevant, in any order; nil says that those of the list are
// all. It returns false, and counts nothing, where nothing is relevant, a relevance is negative or
// not finite, or the weight not positive and finite.
func (r *Ranking) Add(ranked, relevant []float64, weight float64) bool {
	return r.count(ranked, relevant, weight, 1)
}

// Remove takes a list away that was added.
func (r *Ranking) Remove(ranked, relevant []float64, weight float64) bool {
	return r.count(ranked, relevant, weight, -1)
}

func (r *Ranking) count(ranked, relevant []float64, weight float64, sign int64) bool {
	if relevant == nil {
		relevant = ranked
	}
	gain, ok := ndcg(ranked, relevant, r.k)
	if !ok || !usable(weight) {
		return false
	}
	r.gain.count(gain, weight, sign)
	if slices.ContainsFunc(ranked[:min(r.k, len(ranked))], func(v float64) bool { return v > 0 }) {
		r.hit.count(weight, sign)
	} else {
		r.miss.count(weight, sign)
	}
	return true
}

// ndcg is the discounted gain of the first k items over that of the best order.
func ndcg(ranked, relevant []float64, k int) (v float64, ok bool) {
	for _, list := range [][]float64{ranked, relevant} {
		for _, v := range list {
			if !(v >= 0) || math.IsInf(v, 1) {
				return 0, false
			}
		}
	}
	best := slices.Sorted(slices.Values(relevant))
	slices.Reverse(best)
	ideal := discounted(best, k)
	if !(ideal > 0) || math.IsInf(ideal, 1) {
		return 0, false
	}
	return min(discounted(ranked, k)/ideal, 1), true
}

func discounted(relevances []float64, k int) (sum float64) {
	for i, v := range relevances[:min(k, len(relevances))] {
		sum += v / math.Log2(float64(i+2))
	}
	return sum
}

// Merge adds all lists of another one; false, and nothing is added, where it looks at another number
// of items.
func (r *Ranking) Merge(o *Ranking) bool {
	if r.k != o.k {
		return false
	}
	r.gain.merge(o.gain)
	r.hit.add(o.hit)
	r.miss.add(o.miss)
	return true
}

// Encode writes the sums.
func (r *Ranking) Encode(e *wire.Encoder) {
	e.Uvarint(uint64(r.k))
	r.gain.encode(e)
	r.hit.encode(e)
	r.miss.encode(e)
}

// DecodeRanking reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeRanking(d *wire.Decoder) *Ranking {
	return &Ranking{k: max(int(d.UvarintTo(math.MaxInt32)), 1), gain: decodeMoments(d), hit: decodeCell(d), miss: decodeCell(d)}
}
