// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package value has one type for a scalar, and the one spelling of a scalar as a category.
//
// A scalar comes in four ways: as an attribute of a span, as a cell of a model server's body, as a
// cell of a data file, and as an allowed value of a card. Each becomes a Value, or at least uses
// AppendFloat and Category, so that the same value has the same name whichever way it came.
package value

import (
	"math"
	"strconv"
)

// Kind is what a value holds.
type Kind uint8

// The kinds.
const (
	// Missing is null, NaN and infinite.
	Missing Kind = iota
	// Int is an integer.
	Int
	// Float is a finite number.
	Float
	// Bool is true or false.
	Bool
	// Text is a string, which may be empty.
	Text
)

// Size is what a Value takes in memory, in bytes, without the bytes of a string.
const Size = 32

// Value is a scalar. The zero value is missing.
type Value struct {
	text string
	bits uint64
	kind Kind
}

// NewInt returns an integer.
func NewInt(v int64) Value { return Value{kind: Int, bits: uint64(v)} }

// NewFloat returns a number. One that is not finite is missing.
func NewFloat(v float64) Value {
	if v-v != 0 {
		return Value{}
	}
	return Value{kind: Float, bits: math.Float64bits(v)}
}

// NewBool returns a boolean.
func NewBool(v bool) Value {
	c := Value{kind: Bool}
	if v {
		c.bits = 1
	}
	return c
}

// NewText returns a string.
func NewText(s string) Value { return Value{kind: Text, text: s} }

// Kind returns what the value holds.
func (v Value) Kind() Kind { return v.kind }

// Int returns an integer, or 0 for another kind.
func (v Value) Int() int64 {
	if v.kind != Int {
		return 0
	}
	return int64(v.bits)
}

// Bool returns a boolean, or false for another kind.
func (v Value) Bool() bool { return v.kind == Bool && v.bits != 0 }

// Text returns a string as it came, or "" for another kind.
func (v Value) Text() string { return v.text }

// Number returns an integer or a number. ok is false for another kind.
func (v Value) Number() (f float64, ok bool) {
	switch v.kind {
	case Int:
		return float64(int64(v.bits)), true
	case Float:
		return math.Float64frombits(v.bits), true
	default:
		return 0, false
	}
}

// String returns a string as it came, and any other value as Category does.
func (v Value) String() string {
	if v.kind == Text {
		return v.text
	}
	return v.Category()
}

// Category returns the value as a category. A missing one is "".
func (v Value) Category() string {
	var buf [32]byte
	digits, s := v.AppendCategory(buf[:0])
	if digits != nil {
		return string(digits)
	}
	return s
}

// AppendCategory is Category without garbage: the digits of a number are appended to buf, which
// must not be nil, and anything else is returned as a string, beside digits that are nil.
func (v Value) AppendCategory(buf []byte) (digits []byte, s string) {
	switch v.kind {
	case Int:
		return strconv.AppendInt(buf, int64(v.bits), 10), ""
	case Float:
		return AppendFloat(buf, math.Float64frombits(v.bits)), ""
	case Bool:
		return nil, strconv.FormatBool(v.bits != 0)
	default:
		return nil, Category(v.text)
	}
}
