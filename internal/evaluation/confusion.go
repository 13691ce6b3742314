// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Other is the class of all that found no room in a Confusion.
const Other = "_OTHER"

// mostClasses bounds what Decode allocates.
const mostClasses = 1000

// Confusion counts rows by actual and predicted class. The first classes that it sees have cells of
// their own, up to its limit; all others are one, Other, and are never taken for classes again, so
// that a row is found where it was put. Memory: 4 bytes times (classes+1)², and 24 for each cell that
// has had rows.
type Confusion struct {
	limit   int
	classes []string
	// index has the places of many classes.
	index map[string]int
	// places has a row for each actual class; the first row and column are Other. It says which of the
	// cells, from 1, has the rows; 0 is none.
	places []uint32
	cells  []cell
	// rightOther are rows of which both sides are Other and were the same class.
	rightOther cell
}

// NewConfusion returns an empty one of at most so many classes, 2 to 1000.
func NewConfusion(limit int) *Confusion {
	return &Confusion{limit: min(max(limit, 2), mostClasses), places: make([]uint32, 1)}
}

// Add counts a row. It returns false, and counts nothing, if the weight is not positive and finite.
func (c *Confusion) Add(actual, predicted string, weight float64) bool {
	return c.count(actual, predicted, weight, 1)
}

// Remove takes a row away that was added.
func (c *Confusion) Remove(actual, predicted string, weight float64) bool {
	return c.count(actual, predicted, weight, -1)
}

func (c *Confusion) count(actual, predicted string, weight float64, sign int64) bool {
	if !usable(weight) {
		return false
	}
	a, p := c.place(actual), c.place(predicted)
	c.cell(a, p).count(weight, sign)
	if a == 0 && p == 0 && actual == predicted {
		c.rightOther.count(weight, sign)
	}
	return true
}

// at returns the rows of a cell.
func (c *Confusion) at(actual, predicted int) cell {
	if i := c.places[actual*(len(c.classes)+1)+predicted]; i > 0 {
		return c.cells[i-1]
	}
	return cell{}
}

// cell returns a cell, which it makes if need be.
func (c *Confusion) cell(actual, predicted int) *cell {
	i := &c.places[actual*(len(c.classes)+1)+predicted]
	if *i == 0 {
		c.cells = append(c.cells, cell{})
		*i = uint32(len(c.cells))
	}
	return &c.cells[*i-1]
}

// clone has the rows of its own; what is known of classes is shared.
func (c *Confusion) clone() *Confusion {
	out := *c
	out.places, out.cells = slices.Clone(c.places), slices.Clone(c.cells)
	return &out
}

// manyClasses is the number from which on classes are found by a map.
const manyClasses = 8

// find returns the row or column of a class; false where it has none of its own.
func (c *Confusion) find(class string) (int, bool) {
	if c.index != nil {
		i, ok := c.index[class]
		return i, ok
	}
	i := slices.Index(c.classes, class) + 1
	return i, i > 0
}

// enter gives a class the last place, for which there are cells.
func (c *Confusion) enter(class string) {
	c.classes = append(c.classes, class)
	switch {
	case c.index != nil:
		c.index[class] = len(c.classes)
	case len(c.classes) >= manyClasses:
		c.index = make(map[string]int, 2*manyClasses)
		for i, name := range c.classes {
			c.index[name] = i + 1
		}
	}
}

// place returns the row or column of a class, which it makes where there is room.
func (c *Confusion) place(class string) int {
	if i, ok := c.find(class); ok {
		return i
	}
	if class == Other || len(c.classes) >= c.limit {
		return 0
	}
	n := len(c.classes) + 1
	wider := make([]uint32, (n+1)*(n+1))
	for i := range n {
		copy(wider[i*(n+1):], c.places[i*n:(i+1)*n])
	}
	c.places = wider
	c.enter(class)
	return n
}

// Merge adds all rows of another one. Rows that are Other there are Other here.
func (c *Confusion) Merge(o *Confusion) {
	places := make([]int, len(o.classes)+1)
	for i, class := range o.classes {
		places[i+1] = c.place(class)
	}
	for a, pa := range places {
		for p, pp := range places {
			v := o.at(a, p)
			if v == (cell{}) {
				continue
			}
			c.cell(pa, pp).add(v)
			// What is right there is right here, also where the class is Other now.
			if a == p && a > 0 && pa == 0 {
				c.rightOther.add(v)
			}
		}
	}
	c.rightOther.add(o.rightOther)
}

// Classes are the classes with cells of their own, sorted.
func (c *Confusion) Classes() []string { return slices.Sorted(slices.Values(c.classes)) }

// Total is the number of rows, and the sum of their weights.
func (c *Confusion) Total() (rows int64, weight float64) {
	all := sum(c.cells...)
	return all.rows, all.weight
}

// Weight is the sum of the weights of the rows of a cell; both may be Other.
func (c *Confusion) Weight(actual, predicted string) float64 {
	a, okA := c.find(actual)
	p, okP := c.find(predicted)
	if !okA && actual != Other || !okP && predicted != Other {
		return 0
	}
	return c.at(a, p).weight
}

// Number is that of a cell that has had rows, from 1 in the order in which they came; both classes may be
// Other. It is 0 where there were none.
func (c *Confusion) Number(actual, predicted string) int {
	a, _ := c.find(actual)
	p, _ := c.find(predicted)
	return int(c.places[a*(len(c.classes)+1)+p])
}

// Cells yields the sums of the weights of the cells that have rows, by actual and predicted class;
// both may be Other.
func (c *Confusion) Cells(yield func(actual, predicted string, weight float64)) {
	name := func(place int) string {
		if place == 0 {
			return Other
		}
		return c.classes[place-1]
	}
	for a := range len(c.classes) + 1 {
		for p := range len(c.classes) + 1 {
			if v := c.at(a, p); v.rows != 0 || v.weight > 0 {
				yield(name(a), name(p), v.weight)
			}
		}
	}
}

// right are the rows whose predicted class is the actual one.
func (c *Confusion) right() cell {
	all := c.rightOther
	for i := range c.classes {
		all = sum(all, c.at(i+1, i+1))
	}
	return all
}

// Counts are those of one class against all others.
func (c *Confusion) Counts(positive string) Counts {
	at, known := c.find(positive)
	if !known && positive != Other {
		at = -1
	}
	var out Counts
	for a := range len(c.classes) + 1 {
		for p := range len(c.classes) + 1 {
			v := c.at(a, p)
			switch {
			case a == at && p == at:
				out.truePositive = sum(out.truePositive, v)
			case p == at:
				out.falsePositive = sum(out.falsePositive, v)
			case a == at:
				out.falseNegative = sum(out.falseNegative, v)
			default:
				out.trueNegative = sum(out.trueNegative, v)
			}
		}
	}
	return out
}

// Counts are rows by whether a class was predicted and whether it was the actual one.
type Counts struct{ truePositive, falsePositive, falseNegative, trueNegative cell }

// Weights are the sums of the weights of true positives, false positives, false negatives and true
// negatives.
func (c Counts) Weights() (tp, fp, fn, tn float64) {
	return c.truePositive.weight, c.falsePositive.weight, c.falseNegative.weight, c.trueNegative.weight
}

// Encode writes the counts.
func (c *Confusion) Encode(e *wire.Encoder) {
	e.Uvarint(uint64(c.limit))
	e.Uvarint(uint64(len(c.classes)))
	for _, class := range c.classes {
		e.String(class)
	}
	for a := range len(c.classes) + 1 {
		for p := range len(c.classes) + 1 {
			c.at(a, p).encode(e)
		}
	}
	c.rightOther.encode(e)
}

// DecodeConfusion reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeConfusion(d *wire.Decoder) *Confusion {
	c := NewConfusion(int(d.UvarintTo(mostClasses)))
	n := int(d.UvarintTo(uint64(c.limit)))
	// Each cell takes two bytes at least.
	if d.Len() < 2*(n+1)*(n+1) {
		d.Fail()
		return c
	}
	for range n {
		class := d.String()
		if _, twice := c.find(class); twice || class == Other {
			d.Fail()
			return NewConfusion(c.limit)
		}
		c.enter(class)
	}
	c.places = make([]uint32, (n+1)*(n+1))
	for i := range c.places {
		if v := decodeCell(d); v != (cell{}) {
			c.cells = append(c.cells, v)
			c.places[i] = uint32(len(c.cells))
		}
	}
	c.rightOther = decodeCell(d)
	return c
}
