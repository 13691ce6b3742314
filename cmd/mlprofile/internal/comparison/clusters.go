// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import "hash/fnv"

const (
	// clusterGroups is how many groups of clusters are counted: the memory does not depend on the
	// number of clusters.
	clusterGroups = 1024
	// minClusters is how many a design effect can be estimated from.
	minClusters = 10
	// clusterCategories are told apart, the others are one.
	clusterCategories = 15
	// missingCell counts missing values.
	missingCell = -1
)

// clusters count a column by clusters of rows that depend on each other, such as those of one user.
// Clusters are put into groups at random: groups of whole clusters are as independent of each other
// as clusters are ("random groups"; Wolter, Introduction to Variance Estimation, 2007).
type clusters struct {
	cells   int
	ordered bool
	counts  []uint32 // by group, its cells and then missing values
}

func newClusters(cells int, ordered bool) *clusters {
	return &clusters{cells: cells, ordered: ordered, counts: make([]uint32, clusterGroups*(cells+1))}
}

// add counts a value of a group; nothing without clusters.
func (c *clusters) add(group, cell int) {
	if c == nil {
		return
	}
	if cell == missingCell {
		cell = c.cells
	}
	c.counts[group*(c.cells+1)+cell]++
}

// clusterOf is the hash of a cluster, of which the group is the remainder.
func clusterOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	x := h.Sum64()
	// The low bits of FNV follow the last bytes; this spreads all bits (Stafford, 2011).
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// groupCounts are the counts of a column by group, in cells.
type groupCounts [][]float64

// of returns the counts of the groups that have any, in the given cells.
func (c *clusters) of(cells int, cellOf func(i int) int) (out groupCounts) {
	for g := range clusterGroups {
		row := make([]float64, cells)
		found := false
		for i, n := range c.counts[g*(c.cells+1) : (g+1)*(c.cells+1)] {
			if at := cellOf(i); at >= 0 && n > 0 {
				row[at] += float64(n)
				found = true
			}
		}
		if found {
			out = append(out, row)
		}
	}
	return out
}

// values is the design effect of the values: by how many times fewer independent values they are
// worth. It is the largest one that a statistic sees: of the cells, Rao and Scott's mean (1981); of
// numbers, that of the cumulative shares, weighted by F(1-F), and that of the mean rank, too.
func (c *clusters) values() float64 {
	groups := c.of(c.cells, func(i int) int {
		if i == c.cells {
			return -1
		}
		return i
	})
	shares := groups.shares()
	out := max(1, groups.raoScott(shares))
	if !c.ordered {
		return out
	}
	ranks := make([]float64, c.cells)
	var seen, expected, below float64
	for i, share := range shares {
		ranks[i] = below + share/2
		below += share
		step := make([]float64, c.cells)
		for j := range i + 1 {
			step[j] = 1
		}
		seen += groups.variance(shares, step)
		expected += below * (1 - below)
	}
	if expected > 1e-9 {
		out = max(out, seen/expected)
	}
	mean, square := 0.0, 0.0
	for i, share := range shares {
		mean += share * ranks[i]
		square += share * ranks[i] * ranks[i]
	}
	if v := square - mean*mean; v > 1e-9 {
		out = max(out, groups.variance(shares, ranks)/v)
	}
	return out
}

// missing is the design effect of the share of missing values.
func (c *clusters) missing() float64 {
	groups := c.of(2, func(i int) int {
		if i == c.cells {
			return 1
		}
		return 0
	})
	shares := groups.shares()
	return max(1, groups.raoScott(shares))
}

// shares are those of the cells in all groups.
func (g groupCounts) shares() (out []float64) {
	total := 0.0
	for _, row := range g {
		if out == nil {
			out = make([]float64, len(row))
		}
		for i, n := range row {
			out[i] += n
			total += n
		}
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// variance is that of the mean score of a value, times the number of values: the score of a value
// is that of its cell, and the values of a group may depend on each other. It is the variance of a
// ratio, linearized (Cochran, Sampling Techniques, 1977, section 6.3).
func (g groupCounts) variance(shares, score []float64) float64 {
	if len(g) < 2 {
		return 0
	}
	mean, sum, n := 0.0, 0.0, 0.0
	for i, share := range shares {
		mean += share * score[i]
	}
	for _, row := range g {
		z := 0.0
		for i, count := range row {
			z += count * (score[i] - mean)
			n += count
		}
		sum += z * z
	}
	return sum / n * float64(len(g)) / float64(len(g)-1)
}

// raoScott is the mean design effect of the shares, each weighted by one less its share. Cells are
// K, of which the mean has one less.
func (g groupCounts) raoScott(shares []float64) float64 {
	sum, cells := 0.0, -1.0
	for i, share := range shares {
		if share <= 0 {
			continue
		}
		cells++
		one := make([]float64, len(shares))
		one[i] = 1
		sum += g.variance(shares, one) / share // (1-p) · variance / (p·(1-p))
	}
	if cells < 1 {
		return 1
	}
	return sum / cells
}
