// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

// Centroid adds up the vectors of one attribute.
type Centroid struct {
	// Rows is the number of vectors, Excess how much the squares of their weights add up to beyond
	// it.
	Rows, Excess uint64
	Sums         []float64
}

// add adds what adds up to sums, some times, and returns false where the dimensions are others.
func (c *Centroid) add(rows, excess uint64, sums []float64, times float64) bool {
	if c.Sums == nil {
		c.Sums = make([]float64, len(sums))
	}
	if len(c.Sums) != len(sums) {
		return false
	}
	c.Rows += rows
	c.Excess += excess
	for i, x := range sums {
		c.Sums[i] += x * times
	}
	return true
}

// centroidCost is what a Centroid counts for in the budget, in units of about 1 KB.
func centroidCost(c *Centroid) int64 { return int64(len(c.Sums)+127) / 128 }

// AddVector adds a vector to the i-th centroid of an accumulator of this table, and returns false
// where its dimensions are not those of the vectors before.
func (t *Table) AddVector(f *Features, i int, elements []float64, weight Weight) bool {
	f.Centroids = grow(f.Centroids, i+1)
	c := &f.Centroids[i]
	before := centroidCost(c)
	ok := c.add(uint64(weight.Rows), weight.Excess, elements, float64(weight.Rows))
	t.budget.live.Add(centroidCost(c) - before)
	return ok
}

// addCentroids adds centroids. Vectors of other dimensions than those before are left out: their
// sum would be none.
func addCentroids(to, from []Centroid) []Centroid {
	to = grow(to, len(from))
	for i := range from {
		if c := &from[i]; c.Rows > 0 {
			to[i].add(c.Rows, c.Excess, c.Sums, 1)
		}
	}
	return to
}
