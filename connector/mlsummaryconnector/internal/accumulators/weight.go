// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

// Weight is what is added to a count: Rows of them, each with the same adjusted count.
type Weight struct {
	// Rows is the number of rows that are counted, those that a sampler has left out among them.
	Rows uint32
	// Excess is how much the squares of the rows' adjusted counts add up to beyond Rows: 0 where
	// nothing was sampled, so that whole traffic costs no more than counting it.
	Excess uint64
}

// maxAdded is the most rows that are added at once: what is beyond could overflow an accumulator.
const maxAdded = 1 << 30

// Weigh returns the weight of rows that stand for adjusted rows each. fits is false where the weight
// is less, because they are too many.
func Weigh(rows, adjusted uint32) (w Weight, fits bool) {
	if adjusted == 1 {
		return Weight{Rows: rows}, true
	}
	fits = uint64(rows)*uint64(adjusted) <= maxAdded
	if !fits {
		adjusted = max(1, maxAdded/rows)
	}
	n := uint64(adjusted)
	return Weight{Rows: rows * adjusted, Excess: uint64(rows) * (n*n - n)}, fits
}

// Add adds another weight.
func (w *Weight) Add(o Weight) {
	w.Rows += o.Rows
	w.Excess += o.Excess
}

// addExcess adds to the i-th of a list that is as long as what was added.
func addExcess(list []uint64, i int, n uint64) []uint64 {
	list = grow(list, i+1)
	list[i] += n
	return list
}

// grow makes a list at least n long.
func grow[T any](list []T, n int) []T {
	if d := n - len(list); d > 0 {
		list = append(list, make([]T, d)...)
	}
	return list
}
