// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"math/bits"
	"math/rand/v2"
)

// alias draws numbers of cells by their shares in constant time (Walker 1977, Vose 1991).
type alias struct {
	keep  []uint64 // a draw below it stays in its cell
	other []int32
}

// newAlias takes shares that need not add up to one.
func newAlias(shares []float64) *alias {
	n, sum := len(shares), 0.0
	for _, s := range shares {
		sum += s
	}
	a := &alias{keep: make([]uint64, n), other: make([]int32, n)}
	scaled := make([]float64, n)
	var small, large []int
	for i, s := range shares {
		scaled[i] = s / sum * float64(n)
		if scaled[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = uint64(scaled[s]*(1<<63))*2, int32(l)
		if scaled[l] -= 1 - scaled[s]; scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		a.keep[i], a.other[i] = ^uint64(0), int32(i)
	}
	return a
}

func (a *alias) draw(r *rand.Rand) int {
	i, rest := bits.Mul64(r.Uint64(), uint64(len(a.keep)))
	if rest < a.keep[i] {
		return int(i)
	}
	return int(a.other[i])
}
