// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"math"
	"slices"
)

// outside counts numbers beyond a profile's smallest and largest one in intervals that grow with
// the distance, so that a column in another unit can be drawn. Statistics do not read it.
type outside struct {
	low, high     float64
	edges         []float64 // distances
	below, beyond []uint64
}

// outsideEdges is how many intervals there are: each is 1.5 times as wide as the one before, from a
// 64th of the profile's range on.
const outsideEdges = 60

func newOutside(low, high float64) *outside {
	o := &outside{low: low, high: high, below: make([]uint64, outsideEdges+1), beyond: make([]uint64, outsideEdges+1)}
	width := high - low
	if !(width > 0) {
		width = max(math.Abs(low), 1)
	}
	for d := width / 64; len(o.edges) < outsideEdges; d *= 1.5 {
		o.edges = append(o.edges, min(d, math.MaxFloat64/4))
	}
	return o
}

func (o *outside) add(v float64) { o.addSome(v, 1) }

func (o *outside) addSome(v float64, n uint64) {
	switch {
	case v < o.low:
		o.below[o.place(o.low-v)] += n
	case v > o.high:
		o.beyond[o.place(v-o.high)] += n
	}
}

func (o *outside) place(distance float64) int {
	i, _ := slices.BinarySearch(o.edges, distance)
	return i
}

// pieces calls yield for each interval that has values, with its ends.
func (o *outside) pieces(least, most float64, yield func(lo, hi float64, n uint64)) {
	edge := func(i int) float64 {
		if i == 0 {
			return 0
		}
		return o.edges[i-1]
	}
	for i, n := range o.below {
		if n > 0 {
			far := o.low - least
			if i < outsideEdges {
				far = min(far, o.edges[i])
			}
			yield(o.low-far, o.low-edge(i), n)
		}
	}
	for i, n := range o.beyond {
		if n > 0 {
			far := most - o.high
			if i < outsideEdges {
				far = min(far, o.edges[i])
			}
			yield(o.high+edge(i), o.high+far, n)
		}
	}
}
