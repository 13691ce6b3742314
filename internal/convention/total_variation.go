// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext/prng"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Total variation, ½ Σ|p−q|.
var totalVariationMethods = map[string]definition{
	"total_variation@plain": grouped(nil, totalVariation),
	"tvd@evidently":         grouped(nil, totalVariation),
	// What Evidently shows is the p-value of a permutation test (stattests/tvd_stattest.py).
	"tvd_permutation@evidently": {sides: permuted, parameters: map[string]any{"iterations": 1000., "seed": 0.}, rule: below(0.1)},
}

func totalVariation(_ options, p, q []float64) float64 { return stats.TotalVariationDistance(p, q) }

// maxPermuted is the largest number of values drawn in all.
const maxPermuted = 1e9

// permuted draws the reference anew from the rows of both sides without replacement, by numpy's
// legacy generator, so that p is Evidently's where the rows have the same order.
func permuted(o options, ref, cur Side) (Result, error) {
	n, m, iterations := len(ref.Rows), len(cur.Rows), int(o.number("iterations"))
	switch {
	case n == 0 || m == 0:
		return Result{}, errEmpty
	case iterations < 1 || float64(iterations)*float64(n+m) > maxPermuted:
		return Result{}, fmt.Errorf("iterations: %d times %d rows are more than %g", iterations, n+m, maxPermuted)
	}
	rows, categories := make([]int, 0, n+m), map[string]int{}
	total, counts := []float64(nil), []float64(nil)
	for i, row := range append(append([]string(nil), ref.Rows...), cur.Rows...) {
		at, ok := categories[row]
		if !ok {
			at = len(categories)
			categories[row] = at
			total, counts = append(total, 0), append(counts, 0)
		}
		rows = append(rows, at)
		total[at]++
		if i < n {
			counts[at]++
		}
	}
	distanceOf := func(counts []float64) float64 {
		var v float64
		for i, c := range counts {
			v += math.Abs(c/float64(n) - (total[i]-c)/float64(m))
		}
		return v / 2
	}
	observed, atLeast := distanceOf(counts), 0.0
	random := prng.NewMT19937()
	random.Seed(uint64(o.number("seed")))
	order := make([]int, n+m)
	for range iterations {
		for i := range order {
			order[i] = i
		}
		shuffle(random, order)
		clear(counts)
		for _, i := range order[:n] {
			counts[rows[i]]++
		}
		// As there, rounding decides ties.
		if observed <= distanceOf(counts) {
			atLeast++
		}
	}
	return test(observed, atLeast/float64(iterations)), nil
}

// shuffle is that of numpy.random.RandomState: Fisher and Yates from the end, each index drawn by
// rejection under the next power of two.
func shuffle(random *prng.MT19937, order []int) {
	for i := len(order) - 1; i > 0; i-- {
		mask := uint32(1)<<bitLen(i) - 1
		j := random.Uint32() & mask
		for j > uint32(i) {
			j = random.Uint32() & mask
		}
		order[i], order[j] = order[j], order[i]
	}
}

func bitLen(i int) int {
	n := 0
	for ; i > 0; i >>= 1 {
		n++
	}
	return n
}
