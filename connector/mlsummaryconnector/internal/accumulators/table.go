// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package accumulators holds the accumulators between two flushes.
//
// A shard adds to the accumulators of its own Table, one accumulator per Key. A flush takes the
// accumulators out of all tables (Table.Take) and adds them up in Sums, which the encoder reads. A
// Budget that all tables share bounds how many accumulators there are; folding makes room while
// nothing can be flushed.
package accumulators

import (
	"math"
	"sync/atomic"
)

// Budget bounds the accumulators (series times minutes) of all tables.
type Budget struct {
	limit int64
	live  atomic.Int64
}

// NewBudget returns a budget for limit accumulators.
func NewBudget(limit int) *Budget { return &Budget{limit: int64(limit)} }

// Live returns the number of accumulators.
func (b *Budget) Live() int64 { return b.live.Load() }

// Spent is true where the limit is reached. What one span needs is added on top.
func (b *Budget) Spent() bool { return b.live.Load() >= b.limit }

// Tight is true where less than an eighth of the limit is left.
func (b *Budget) Tight() bool { return b.live.Load() > b.limit-b.limit/8 }

// Table holds the accumulators of one shard. It is not safe for concurrent use.
type Table struct {
	// Exemplars puts Extremes on histograms.
	Exemplars bool

	budget *Budget
	taken  Taken
}

// Taken is what a Table held.
type Taken struct {
	predictions map[Key]*Prediction
	features    map[Key]*Features
	// Accumulators that were full while their minute went on.
	fullPredictions []fullAccumulator[*Prediction]
	fullFeatures    []fullAccumulator[*Features]
}

type fullAccumulator[C any] struct {
	key         Key
	accumulator C
}

// NewTable returns an empty table.
func NewTable(budget *Budget, exemplars bool) *Table {
	return &Table{
		Exemplars: exemplars, budget: budget,
		taken: Taken{predictions: make(map[Key]*Prediction), features: make(map[Key]*Features)},
	}
}

// predictionCost is what a Prediction counts for in the budget beside its calls: class, confidence
// or value.
const predictionCost = 2

// featuresCost is what a Features counts for in the budget: one for each numeric feature, one for
// the rest, and centroids by their dimensions.
func featuresCost(f *Features) int64 {
	cost := int64(1 + len(f.Numeric))
	for i := range f.Centroids {
		cost += centroidCost(&f.Centroids[i])
	}
	return cost
}

// Prediction returns the accumulator of a key to add to.
func (t *Table) Prediction(key Key) *Prediction {
	p := t.taken.predictions[key]
	if p != nil && p.Full() {
		t.taken.fullPredictions = append(t.taken.fullPredictions, fullAccumulator[*Prediction]{key, p})
		p = nil
	}
	if p == nil {
		p = new(Prediction)
		t.taken.predictions[key] = p
		t.budget.live.Add(predictionCost)
	}
	return p
}

// Features returns the accumulator of a key to add to.
func (t *Table) Features(key Key) *Features {
	f := t.taken.features[key]
	if f != nil && f.Full() {
		t.taken.fullFeatures = append(t.taken.fullFeatures, fullAccumulator[*Features]{key, f})
		f = nil
	}
	if f == nil {
		f = newFeatures(key, t.Exemplars)
		t.taken.features[key] = f
		t.budget.live.Add(featuresCost(f))
	}
	return f
}

// Grow makes room in an accumulator of this table.
func (t *Table) Grow(f *Features, n int) {
	if d := n - len(f.Numeric); d > 0 {
		f.Grow(n)
		t.budget.live.Add(int64(d))
	}
}

// Take empties the table: of everything, or of predictions alone.
func (t *Table) Take(features bool) Taken {
	taken := t.taken
	t.taken.predictions = make(map[Key]*Prediction)
	t.taken.fullPredictions = nil
	if features {
		t.taken.features = make(map[Key]*Features)
		t.taken.fullFeatures = nil
	} else {
		taken.features, taken.fullFeatures = nil, nil
	}
	cost := int64(0)
	for _, p := range taken.predictions {
		cost += predictionCostOf(p)
	}
	for _, e := range taken.fullPredictions {
		cost += predictionCostOf(e.accumulator)
	}
	for _, f := range taken.features {
		cost += featuresCost(f)
	}
	for _, e := range taken.fullFeatures {
		cost += featuresCost(e.accumulator)
	}
	t.budget.live.Add(-cost)
	return taken
}

// Fold adds the accumulators of the oldest minute to those of the next one that the table has, and
// returns how many accumulators that were: 0 where there is one minute only.
func (t *Table) Fold() int {
	oldest, next := int64(math.MaxInt64), int64(math.MaxInt64)
	see := func(minute int64) {
		switch {
		case minute < oldest:
			oldest, next = minute, oldest
		case minute > oldest && minute < next:
			next = minute
		}
	}
	for k := range t.taken.predictions {
		see(k.Minute)
	}
	for k := range t.taken.features {
		see(k.Minute)
	}
	if next == math.MaxInt64 {
		return 0
	}
	return foldMinute(t, t.taken.predictions, &t.taken.fullPredictions, predictionCostOf, oldest, next) +
		foldMinute(t, t.taken.features, &t.taken.fullFeatures, featuresCost, oldest, next)
}

// folded is an accumulator that another one of its key can be added to.
type folded[A any] interface {
	comparable
	rows() uint64
	merge(A)
}

// foldMinute adds the accumulators of a minute to those of another one, and returns how many they
// were. One that would be too full goes to full.
func foldMinute[A folded[A]](
	t *Table, of map[Key]A, full *[]fullAccumulator[A], cost func(A) int64, oldest, next int64,
) (n int) {
	var none A
	for k, a := range of {
		if k.Minute != oldest {
			continue
		}
		n++
		delete(of, k)
		k.Minute = next
		switch o := of[k]; {
		case o == none:
			of[k] = a
		case a.rows()+o.rows() > maxRows:
			*full = append(*full, fullAccumulator[A]{k, a})
		default:
			before := cost(a) + cost(o)
			o.merge(a)
			t.budget.live.Add(cost(o) - before)
		}
	}
	return n
}
