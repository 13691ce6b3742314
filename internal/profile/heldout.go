// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// HeldOut counts the half of a categorical column's rows that had no say in which categories are
// told apart.
//
// A category that was chosen for its many rows has by chance more of them than it should, and what
// no row has is the one thing that the next sample is sure to have: counts of the rows that chose
// the categories make a p-value too small, with 200 categories by orders of magnitude. So each row
// is put into one of two halves at random. The most frequent categories of one half are chosen, and
// their counts in the other half are compared with. Rows are as good as independent draws, so that
// a category's rows in the held-out half are binomial given its count: the halves are drawn from
// the counts. The same counts give the same halves, and any other counts give others: one sequence
// of draws for all columns would favour the same half each time.
type HeldOut struct {
	// Count is the number of rows with a value.
	Count uint64 `json:"count"`
	// Counts are the rows of the first len(Counts) of Categories, those that were chosen. The rest
	// of Count is compared as one.
	Counts []uint64 `json:"counts"`
}

// settledCount is the number of rows that each value needs where all rows are compared with. Where
// no value is rarer, none was left out and few are missing: a value with a share of 5/n is absent
// from n rows with a probability of e⁻⁵.
const settledCount = 5

// settled says that the column lists all of its values and that none is rare, so that there was
// nothing to choose.
func (c *Column) settled() bool {
	return c.Other == 0 && !slices.ContainsFunc(c.Categories, func(c Category) bool { return c.Count < settledCount })
}

// half is a category with its rows in the half that chooses, and in the one that is held out.
type half struct {
	Category
	choosing, held uint64
}

// byChoosing is the order in which categories are chosen. Ties are not for the held-out half to
// decide.
func byChoosing(a, b half) int {
	return cmp.Or(cmp.Compare(b.choosing, a.choosing), cmp.Compare(a.Value, b.Value))
}

// holdOut chooses at most limit categories, those with the most rows in one half, but none with
// floor rows there or fewer, and counts the other half. all are in the order of Categories. Values
// that were not chosen are listed, too, where there is room. Count is set, and Other has the rows
// of values that are not in all.
func (c *Column) holdOut(all []Category, limit int, floor uint64) {
	c.Categories, c.HeldOut = all, nil
	if len(all) <= limit && c.settled() {
		return
	}
	coin := newCoin(c, all)
	halves := make([]half, len(all))
	total := coin.heads(c.Other)
	for i, category := range all {
		held := coin.heads(category.Count)
		halves[i] = half{category, category.Count - held, held}
		total += held
	}
	slices.SortFunc(halves, byChoosing)
	chosen := 0
	for chosen < min(limit, len(halves)) && halves[chosen].choosing > floor {
		chosen++
	}
	frequent := func(a, b half) int { return byCount(a.Category, b.Category) }
	slices.SortFunc(halves[:chosen], frequent)
	slices.SortFunc(halves[chosen:], frequent)
	c.Categories = nil
	held := &HeldOut{Count: total, Counts: make([]uint64, chosen)}
	for i, h := range halves {
		switch {
		case i >= limit:
			c.Other += h.Count
			continue
		case i < chosen:
			held.Counts[i] = h.held
		}
		c.Categories = append(c.Categories, h.Category)
	}
	if total > 0 {
		c.HeldOut = held
	}
}

// Fewer returns the column with at most limit of its categories told apart, which some rows chose
// and others count; it is c itself where it has no more.
func (c *Column) Fewer(limit int) *Column {
	if c.Type != Categorical || len(c.Categories) <= limit {
		return c
	}
	out := *c
	if c.HeldOut == nil {
		out.holdOut(c.Categories, limit, 0)
		return &out
	}
	chosen := make([]half, len(c.HeldOut.Counts))
	for i, held := range c.HeldOut.Counts {
		chosen[i] = half{c.Categories[i], c.Categories[i].Count - min(held, c.Categories[i].Count), held}
	}
	slices.SortFunc(chosen, byChoosing)
	chosen = chosen[:min(limit, len(chosen))]
	out.Categories, out.Other = make([]Category, 0, len(chosen)), c.Count
	out.HeldOut = &HeldOut{Count: c.HeldOut.Count}
	for _, h := range chosen {
		out.Categories = append(out.Categories, h.Category)
		out.HeldOut.Counts = append(out.HeldOut.Counts, h.held)
		out.Other -= h.Count
	}
	return &out
}

// holdOutListed makes up for a file of an older version, or from other hands, that does not hold
// out anything. Where it lists all values nothing is lost. Else a category is chosen if one half
// has more rows of it than the rarest of the list has in all: any such value is on the list,
// whatever the other half has of it.
func (c *Column) holdOutListed() {
	if c.Type != Categorical || c.HeldOut != nil || len(c.Categories) == 0 || c.settled() {
		return
	}
	floor := uint64(0)
	if c.Other > 0 {
		floor = math.MaxUint64
		for _, category := range c.Categories {
			floor = min(floor, category.Count)
		}
	}
	c.holdOut(c.Categories, len(c.Categories), floor)
}

// ToldApartLess returns the columns of a file of an older version of which not all categories that
// are listed are told apart where they are compared with.
func (p *Profile) ToldApartLess() (names []string) {
	if p.FormatVersion > 1 {
		return nil
	}
	for _, c := range p.columns() {
		if c.HeldOut != nil && c.Other > 0 && len(c.HeldOut.Counts) < len(c.Categories) {
			names = append(names, c.Name)
		}
	}
	return names
}

// AddOther adds rows of a categorical column whose values were not counted one by one.
func (c *Column) AddOther(rows uint64) {
	if rows == 0 {
		return
	}
	c.Count += rows
	c.Other += rows
	if c.HeldOut == nil {
		c.holdOut(c.Categories, len(c.Categories), 0)
		return
	}
	c.HeldOut.Count += newCoin(c, nil).heads(rows)
}

// coin draws halves.
type coin struct{ *rand.Rand }

func newCoin(c *Column, all []Category) coin {
	h := fnv.New64a()
	add := func(s string, n uint64) {
		_, _ = h.Write(binary.LittleEndian.AppendUint64(append([]byte(s), 0), n))
	}
	add(c.Name, c.Count)
	for _, category := range all {
		add(category.Value, category.Count)
	}
	return coin{rand.New(rand.NewPCG(0x6f74656c, h.Sum64()))}
}

// heads is the number of heads of n throws; above a million by the normal distribution.
func (c coin) heads(n uint64) uint64 {
	if n > 1e6 {
		half := float64(n) / 2
		return uint64(min(max(math.Round(half+math.Sqrt(half/2)*c.NormFloat64()), 0), float64(n)))
	}
	heads := 0
	for ; n >= 64; n -= 64 {
		heads += bits.OnesCount64(c.Uint64())
	}
	return uint64(heads + bits.OnesCount64(c.Uint64()&(1<<n-1)))
}
