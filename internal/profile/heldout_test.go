// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// uniform draws rows of n values, all of them equally likely.
func uniform(n, rows int, r *rand.Rand) map[string]uint64 {
	counts := make(map[string]uint64, n)
	for range rows {
		counts[fmt.Sprintf("v%03d", r.IntN(n))]++
	}
	return counts
}

// Where each value has many rows there is nothing to choose, and all rows are compared with.
func TestNothingIsHeldOutOfFrequentValues(t *testing.T) {
	c := NewCategorical("c", map[string]uint64{"a": 5, "b": 900}, 3, 2)
	assert.Nil(t, c.HeldOut)
	assert.NotNil(t, NewCategorical("c", map[string]uint64{"a": 4, "b": 900}, 3, 2).HeldOut, "a is rare")
	assert.NotNil(t, NewCategorical("c", map[string]uint64{"a": 5, "b": 900}, 3, 1).HeldOut, "a is left out")
	c.AddOther(10)
	assert.Equal(t, uint64(915), c.Count)
	assert.NotNil(t, c.HeldOut, "values were not told apart")
}

// The rows that choose the categories are not among those that are compared with: the chosen are
// not over-represented there, though by far they are among all rows.
func TestHeldOutRowsHaveNoSayInTheChoice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var all, held, draws float64
	for range 50 {
		c := NewCategorical("c", uniform(400, 4000, r), 0, 100)
		require.Len(t, c.Categories, 100)
		require.Len(t, c.HeldOut.Counts, 100)
		require.NoError(t, (&Profile{FormatVersion: 2, Features: []*Column{c}}).Validate())
		for i, n := range c.HeldOut.Counts {
			all += float64(c.Categories[i].Count)
			held += float64(n)
		}
		draws += float64(c.HeldOut.Count) / float64(c.Count)
	}
	assert.InDelta(t, 0.5, draws/50, 0.01, "a half")
	assert.InDelta(t, 5, held/5000, 0.15, "as many rows as any value has in a half")
	assert.Greater(t, all/5000, 12.0, "chosen for their rows")
}

// The same counts are split in the same way, other counts independently.
func TestHalvesAreDrawnFromTheCounts(t *testing.T) {
	counts := map[string]uint64{"a": 1000, "b": 1000, "c": 3, "d": 1}
	first, second := NewCategorical("x", counts, 0, 10), NewCategorical("x", counts, 0, 10)
	assert.Equal(t, first, second)
	assert.NotEqual(t, NewCategorical("x", counts, 0, 10).HeldOut, NewCategorical("y", counts, 0, 10).HeldOut)
	var sum float64
	for i := range 400 {
		counts["b"] = 1000 + uint64(i)
		c := NewCategorical("x", counts, 0, 10)
		require.Equal(t, "a", c.Categories[min(i, 1)].Value)
		sum += float64(c.HeldOut.Counts[min(i, 1)])
	}
	assert.InDelta(t, 500, sum/400, 4, "five standard deviations of the mean")
}

// A file of version 1 holds nothing out. One that lists all values loses nothing by it; of one that
// does not, categories are chosen that would be on the list whatever the held-out half had.
func TestReadHoldsOut(t *testing.T) {
	read := func(categories string, count, other int) *Column {
		p, err := Read(strings.NewReader(fmt.Sprintf(
			`{"format_version": 1, "rows": %d, "features": [{"name": "c", "type": "categorical", "count": %d, "missing": 0, "categories": [%s], "other": %d}]}`,
			count, count, categories, other)))
		require.NoError(t, err)
		require.NoError(t, p.Validate())
		return p.Features[0]
	}
	listed := read(`{"value": "a", "count": 90}, {"value": "b", "count": 8}, {"value": "c", "count": 2}`, 100, 0)
	assert.Equal(t, NewCategorical("c", map[string]uint64{"a": 90, "b": 8, "c": 2}, 0, 200), listed)
	assert.NotNil(t, listed.HeldOut)
	assert.Nil(t, read(`{"value": "a", "count": 90}, {"value": "b", "count": 10}`, 100, 0).HeldOut)

	cut := read(`{"value": "a", "count": 900}, {"value": "b", "count": 300}, {"value": "c", "count": 52}, {"value": "d", "count": 50}`, 2000, 698)
	assert.Len(t, cut.Categories, 4)
	assert.Len(t, cut.HeldOut.Counts, 2, "half of c are fewer than d has in all")
	assert.InDelta(t, 1000, cut.HeldOut.Count, 100)
}

func TestHeldOutIsWrittenAndChecked(t *testing.T) {
	c := NewCategorical("c", map[string]uint64{"a": 90, "b": 8, "c": 2}, 0, 2)
	p := &Profile{FormatVersion: FormatVersion, Rows: 100, Features: []*Column{c}}
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	assert.Contains(t, b.String(), fmt.Sprintf(`"counts": [%d, %d]`, c.HeldOut.Counts[0], c.HeldOut.Counts[1]))
	got, err := Read(&b)
	require.NoError(t, err)
	assert.Equal(t, p, got)

	for want, change := range map[string]func(h *HeldOut){
		"count: 101 is not between 1 and the column's count 100": func(h *HeldOut) { h.Count = 101 },
		"count: 0 is not between":                                func(h *HeldOut) { h.Count = 0 },
		"counts: 3 of them are more than the 2 categories":       func(h *HeldOut) { h.Counts = append(h.Counts, 0) },
		"counts[1]: 9 is more than the category's count 8":       func(h *HeldOut) { h.Counts[1] = 9 },
		"counts: their sum is more than count, 10":               func(h *HeldOut) { h.Count = 10 },
	} {
		h := HeldOut{Count: c.HeldOut.Count, Counts: []uint64{c.HeldOut.Counts[0], 4}}
		change(&h)
		changed := *c
		changed.HeldOut = &h
		err := (&Profile{FormatVersion: 2, Features: []*Column{&changed}}).Validate()
		assert.ErrorContains(t, err, "features[0] (c).held_out."+want)
	}
	numeric := NewNumeric("n", []float64{1}, 0, 1)
	numeric.HeldOut = &HeldOut{Count: 1}
	assert.ErrorContains(t, (&Profile{FormatVersion: 2, Features: []*Column{numeric}}).Validate(), "a numeric column has none")
}

// Throws above a million are drawn from the normal distribution.
func TestHeads(t *testing.T) {
	c := newCoin(&Column{}, nil)
	for _, n := range []uint64{0, 1, 63, 64, 65, 1_000_000, 1_000_001, 1 << 60} {
		heads := c.heads(n)
		assert.LessOrEqual(t, heads, n)
		assert.InDelta(t, float64(n)/2, float64(heads), 5*math.Sqrt(float64(n)/4)+0.5)
	}
}

// Fewer categories are chosen by rows that are not compared with either, whether rows were held out
// before or each value has many.
func TestFewerAreChosenByOtherRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, values := range map[string]int{"held out": 400, "settled": 100} {
		var all, held float64
		for range 50 {
			c := NewCategorical("c", uniform(values, 10*values, r), 0, 200)
			few := c.Fewer(40)
			require.Len(t, few.Categories, 40, name)
			require.NoError(t, (&Profile{FormatVersion: 2, Features: []*Column{few}}).Validate())
			assert.Same(t, few, few.Fewer(40))
			for i, n := range few.HeldOut.Counts {
				all += float64(few.Categories[i].Count)
				held += float64(n)
			}
		}
		assert.InDelta(t, 5, held/2000, 0.2, "%s: as many rows as any value has in a half", name)
		assert.Greater(t, all/2000, 11.5, "%s: chosen for their rows", name)
	}
}
