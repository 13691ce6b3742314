// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// cell is rows that are counted as one.
type cell struct {
	rows            int64
	weight, squares float64
}

// usable says whether a row's weight can be counted.
func usable(weight float64) bool { return weight > 0 && !math.IsInf(weight, 1) }

// count adds (sign 1) or takes away (sign −1) a row.
func (c *cell) count(weight float64, sign int64) {
	c.rows += sign
	c.weight += float64(sign) * weight
	c.squares += float64(sign) * weight * weight
	c.settle()
}

func (c *cell) add(o cell) {
	c.rows += o.rows
	c.weight += o.weight
	c.squares += o.squares
	c.settle()
}

// settle takes what rounding leaves of rows that are all gone.
func (c *cell) settle() {
	if c.rows == 0 {
		c.weight, c.squares = 0, 0
	}
}

// n is the number of rows of weight 1 that these are worth (Kish).
func (c cell) n() float64 {
	if !(c.squares > 0) {
		return 0
	}
	return c.weight / c.squares * c.weight
}

func sum(cells ...cell) cell {
	var all cell
	for _, c := range cells {
		all.rows += c.rows
		all.weight += c.weight
		all.squares += c.squares
	}
	return all
}

// encode writes whole rows of weight 1 in few bytes.
func (c cell) encode(e *wire.Encoder) {
	plain := c.weight == float64(c.rows) && c.squares == c.weight
	e.Bool(plain)
	e.Varint(c.rows)
	if !plain {
		e.Float64(c.weight)
		e.Float64(c.squares)
	}
}

func decodeCell(d *wire.Decoder) cell {
	plain := d.Bool()
	c := cell{rows: d.Varint()}
	c.weight = float64(c.rows)
	c.squares = c.weight
	if !plain {
		c.weight, c.squares = d.Float64(), d.Float64()
	}
	return c
}
