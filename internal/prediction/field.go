// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"fmt"
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// FieldKind is what a field holds.
type FieldKind uint8

// The kinds of fields.
const (
	// Unusable fields are ignored; whatever made them so has been noted as a flaw.
	Unusable FieldKind = iota
	// Empty fields are missing.
	Empty
	// Scalar fields hold a value.Value. A number that is not finite is one of no kind.
	Scalar
	// List is an OTLP array, JSONList one in a JSON string, Object a map.
	List
	JSONList
	Object
)

// Field is an attribute, or a part of one, decoded once.
type Field struct {
	// Value is a Scalar's. A JSONList keeps its text there.
	value.Value
	raw   pcommon.Value // of a List and an Object
	count int           // of a JSONList
	Kind  FieldKind
}

// longestNumber is the most bytes of a string that is read as a number: all digits of any float64,
// with sign, point and exponent, are fewer.
const longestNumber = 1100

// NewNumber returns a number as a field.
func NewNumber(v float64) Field { return Field{Kind: Scalar, Value: value.NewFloat(v)} }

// Put writes a scalar; a missing one leaves v as it is.
func Put(v pcommon.Value, x value.Value) {
	switch x.Kind() {
	case value.Int:
		v.SetInt(x.Int())
	case value.Float:
		number, _ := x.Number()
		v.SetDouble(number)
	case value.Bool:
		v.SetBool(x.Bool())
	case value.Text:
		v.SetStr(x.Text())
	}
}

// NewField returns a value as a field.
func NewField(v pcommon.Value) Field {
	var x Field
	x.set(v)
	return x
}

// set decodes v.
func (x *Field) set(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		x.Kind, x.Value = Scalar, value.NewFloat(v.Double())
	case pcommon.ValueTypeInt:
		x.Kind, x.Value = Scalar, value.NewInt(v.Int())
	case pcommon.ValueTypeStr:
		x.setText(v.Str())
	case pcommon.ValueTypeBool:
		x.Kind, x.Value = Scalar, value.NewBool(v.Bool())
	case pcommon.ValueTypeEmpty:
		x.Kind = Empty
	case pcommon.ValueTypeSlice:
		x.Kind, x.raw = List, v
	case pcommon.ValueTypeMap:
		x.Kind, x.raw = Object, v
	default: // bytes
		x.Kind = Unusable
	}
}

func (x *Field) setText(s string) {
	x.Kind, x.Value = Scalar, value.NewText(s)
	if s == "" {
		x.Kind = Empty
	}
}

// str returns the string of a field, "" for any other.
func (x *Field) str() string {
	if x.Kind != Scalar {
		return ""
	}
	return x.Text()
}

// isBool is true for a boolean.
func (x *Field) isBool() bool { return x.Kind == Scalar && x.Value.Kind() == value.Bool }

// Float returns a number: that of a string with one, too, and 0 or 1 of a boolean. missing is true
// for an empty field and for a number that is not finite. Both are false for what is not a number.
func (x *Field) Float() (v float64, ok, missing bool) {
	switch x.Kind {
	case Empty:
		return 0, false, true
	case Scalar:
	default:
		return 0, false, false
	}
	switch x.Value.Kind() {
	case value.Missing:
		return 0, false, true
	case value.Bool:
		if x.Bool() {
			v = 1
		}
		return v, true, false
	case value.Text:
		if len(x.Text()) > longestNumber {
			return 0, false, false
		}
		f, err := strconv.ParseFloat(x.Text(), 64)
		if err != nil && !math.IsInf(f, 0) {
			return 0, false, false
		}
		if f-f != 0 {
			return 0, false, true
		}
		return f, true, false
	default:
		v, _ = x.Number()
		return v, true, false
	}
}

// AppendCategory returns a field as a category: the digits of a number appended to buf, which must
// not be nil, or else a string beside digits that are nil.
func (x *Field) AppendCategory(buf []byte) (digits []byte, s string, ok, missing bool) {
	switch {
	case x.Kind == Empty, x.Kind == Scalar && x.Value.Kind() == value.Missing:
		return nil, "", false, true
	case x.Kind != Scalar:
		return nil, "", false, false
	}
	digits, s = x.Value.AppendCategory(buf)
	return digits, s, true, false
}

// Show returns the field as a person would write it.
func (x *Field) Show() string {
	if x == nil {
		return ""
	}
	switch x.Kind {
	case Scalar, JSONList:
		return x.String()
	case List:
		return fmt.Sprintf("an array of %d", x.raw.Slice().Len())
	case Object:
		return "a map"
	case Empty:
		return ""
	default:
		return "a value of another type"
	}
}

// Elements returns the number of elements of an array. ok is false for any other field.
func (x *Field) Elements() (n int, ok bool) {
	switch x.Kind {
	case List:
		return x.raw.Slice().Len(), true
	case JSONList:
		return x.count, true
	default:
		return 0, false
	}
}

// Raw returns the value of a List or an Object as pcommon.Value.AsRaw does; nil for any other field.
func (x *Field) Raw() any {
	if x.Kind != List && x.Kind != Object {
		return nil
	}
	return x.raw.AsRaw()
}
