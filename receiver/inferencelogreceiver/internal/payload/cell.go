// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"math"
	"strconv"
)

// Kind is what a cell holds.
type Kind uint8

// The kinds. Missing is null, NaN and infinite.
const (
	Missing Kind = iota
	Int
	Float
	Bool
	Text
)

// cellSize is what a cell takes, in bytes.
const cellSize = 32

// Cell is one value. The zero value is missing.
type Cell struct {
	text string
	bits uint64
	kind Kind
}

// NewInt returns a whole number.
func NewInt(v int64) Cell { return Cell{kind: Int, bits: uint64(v)} }

// NewFloat returns a number; one that is not finite is missing.
func NewFloat(v float64) Cell {
	if v-v != 0 {
		return Cell{}
	}
	return Cell{kind: Float, bits: math.Float64bits(v)}
}

// NewBool returns a truth value.
func NewBool(v bool) Cell {
	c := Cell{kind: Bool}
	if v {
		c.bits = 1
	}
	return c
}

// NewText returns a text.
func NewText(s string) Cell { return Cell{kind: Text, text: s} }

// Kind returns what the cell holds.
func (c Cell) Kind() Kind { return c.kind }

// Int returns the value of an Int, or 0.
func (c Cell) Int() int64 {
	if c.kind != Int {
		return 0
	}
	return int64(c.bits)
}

// Bool returns the value of a Bool, or false.
func (c Cell) Bool() bool { return c.kind == Bool && c.bits != 0 }

// Number returns the value of an Int or a Float.
func (c Cell) Number() (float64, bool) {
	switch c.kind {
	case Int:
		return float64(int64(c.bits)), true
	case Float:
		return math.Float64frombits(c.bits), true
	default:
		return 0, false
	}
}

// String returns the value as text: a whole Float without a fraction, a missing one as the empty string.
func (c Cell) String() string {
	switch c.kind {
	case Int:
		return strconv.FormatInt(int64(c.bits), 10)
	case Float:
		f := math.Float64frombits(c.bits)
		if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
		return strconv.FormatFloat(f, 'f', -1, 64)
	case Bool:
		return strconv.FormatBool(c.bits != 0)
	default:
		return c.text
	}
}
