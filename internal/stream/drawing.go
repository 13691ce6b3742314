// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/mathext/prng"
)

// pythonDrawing draws as random.Random(seed).sample(range(n), k) of CPython: a new place by
// getrandbits and rejection, and where n is small, from a list from which what was drawn is taken.
type pythonDrawing struct {
	source *prng.MT19937
	pool   []int
	drawn  []bool
}

func newPythonDrawing(seed uint32) drawing {
	d := &pythonDrawing{source: prng.NewMT19937()}
	d.source.SeedFromKeys([]uint32{seed})
	return d
}

// below returns a random number below n.
func (d *pythonDrawing) below(n int) int {
	width := bits.Len(uint(n))
	for {
		if v := int(d.source.Uint32() >> (32 - width)); v < n {
			return v
		}
	}
}

func (d *pythonDrawing) draw(n int, places []int) {
	k := len(places)
	small := 21
	if k > 5 { // a set of k would take more memory than a list of n
		small += int(math.Pow(4, math.Ceil(math.Log(float64(3*k))/math.Log(4))))
	}
	if n <= small {
		d.pool = upTo(d.pool, n)
		for i := range places {
			j := d.below(n - i)
			places[i] = d.pool[j]
			d.pool[j] = d.pool[n-i-1]
		}
		return
	}
	if len(d.drawn) < n {
		d.drawn = make([]bool, n)
	}
	clear(d.drawn)
	for i := range places {
		j := d.below(n)
		for d.drawn[j] {
			j = d.below(n)
		}
		d.drawn[j] = true
		places[i] = j
	}
}

// numpyDrawing draws as numpy.random.seed(seed); numpy.random.choice(n, k, replace=False): the first
// places of a shuffled list.
type numpyDrawing struct {
	source *prng.MT19937
	list   []int
}

func newNumpyDrawing(seed uint32) drawing {
	d := &numpyDrawing{source: prng.NewMT19937()}
	d.source.Seed(uint64(seed))
	return d
}

func (d *numpyDrawing) draw(n int, places []int) {
	d.list = upTo(d.list, n)
	for i := n - 1; i > 0; i-- {
		mask := uint32(1)<<bits.Len(uint(i)) - 1
		j := d.source.Uint32() & mask
		for j > uint32(i) {
			j = d.source.Uint32() & mask
		}
		d.list[i], d.list[j] = d.list[j], d.list[i]
	}
	copy(places, d.list)
}

// upTo returns 0 to n-1 in list, if it has room.
func upTo(list []int, n int) []int {
	list = list[:0]
	for i := range n {
		list = append(list, i)
	}
	return list
}
