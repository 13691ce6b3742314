// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

// Grouping sums neighbouring bins into groups. It is immutable.
type Grouping struct {
	of     []uint16
	bounds []float64
}

// GroupByMass groups the bins with the given bounds into at most n groups of about equal reference
// mass, and one on either side for what the reference has nothing of: group k ends with the first
// bin at which the reference's cumulative share reaches k/n. The bins above the last one with
// reference mass are a group of their own, and so are those below the first, or, where the first
// bin of all has mass, that bin: of EqualMassBounds it is the smallest value alone. So what is out
// of the reference's range is not hidden among its tails. len(reference) must be len(bounds)+1.
func GroupByMass(bounds []float64, reference []uint64, n int) Grouping {
	var total uint64
	for _, c := range reference {
		total += c
	}
	last := len(reference) - 1
	var ends []int // the last bin of each group
	var sum uint64
	k := 1
	for i, c := range reference {
		if sum == 0 && c > 0 && last > 0 {
			ends = append(ends, max(i-1, 0))
		}
		sum += c
		if k <= n && total > 0 && sum*uint64(n) >= uint64(k)*total {
			if len(ends) == 0 || ends[len(ends)-1] < i {
				ends = append(ends, i)
			}
			for k <= n && sum*uint64(n) >= uint64(k)*total {
				k++
			}
		}
	}
	if len(ends) == 0 || ends[len(ends)-1] < last {
		ends = append(ends, last)
	}

	g := Grouping{of: make([]uint16, len(reference))}
	group := 0
	for i := range reference {
		g.of[i] = uint16(group)
		if i == ends[group] && i < last {
			g.bounds = append(g.bounds, bounds[i])
			group++
		}
	}
	return g
}

// Len returns the number of groups.
func (g Grouping) Len() int { return len(g.bounds) + 1 }

// Bounds returns the upper bounds of the groups but the last, which has none; they are a subset of
// the bins' bounds. The caller must not change them.
func (g Grouping) Bounds() []float64 { return g.bounds }

// Of returns the group of a bin.
func (g Grouping) Of(bin int) int { return int(g.of[bin]) }

// Sum adds the counts of the bins to dst, group by group, and returns dst; a nil or short dst is
// allocated anew. len(counts) must be the number of bins.
func Sum[C, D uint32 | uint64 | float64](g Grouping, counts []C, dst []D) []D {
	if len(dst) < g.Len() {
		dst = make([]D, g.Len())
	}
	dst = dst[:g.Len()]
	for i, c := range counts {
		dst[g.of[i]] += D(c)
	}
	return dst
}
