// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	spelling "github.com/otelcol-ml/otelcol-ml/internal/value"
)

// kind is what a value is, as far as counting goes.
type kind uint8

const (
	// unusable values are ignored; whatever made them so has been noted as malformed.
	unusable kind = iota
	// empty values are missing.
	empty
	integer
	number
	boolean
	text
	// list is an OTLP array, jsonList one in a JSON string; object is a map.
	list
	jsonList
	object
)

// value is an attribute's value, decoded once. num is set for integer, number and boolean (0 or 1).
type value struct {
	num  float64
	int  int64
	str  string
	raw  pcommon.Value
	kind kind
}

// set decodes v.
func (x *value) set(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		x.kind, x.num = number, v.Double()
	case pcommon.ValueTypeInt:
		x.int = v.Int()
		x.kind, x.num = integer, float64(x.int)
	case pcommon.ValueTypeStr:
		x.kind, x.str = text, v.Str()
		if x.str == "" {
			x.kind = empty
		}
	case pcommon.ValueTypeBool:
		x.setBool(v.Bool())
	case pcommon.ValueTypeEmpty:
		x.kind = empty
	case pcommon.ValueTypeSlice:
		x.kind, x.raw = list, v
	case pcommon.ValueTypeMap:
		x.kind, x.raw = object, v
	default: // bytes
		x.kind = unusable
	}
}

func (x *value) setBool(b bool) {
	x.kind, x.num = boolean, 0
	if b {
		x.num = 1
	}
}

// float returns a number: that of a numeric string too. missing is true for an empty value and for one that is not
// finite; both are false for a value that is no number.
func (x *value) float() (v float64, ok, missing bool) {
	switch x.kind {
	case integer, number, boolean:
		v = x.num
	case text:
		f, err := strconv.ParseFloat(x.str, 64)
		if err != nil && !math.IsInf(f, 0) {
			return 0, false, false
		}
		v = f
	case empty:
		return 0, false, true
	default:
		return 0, false, false
	}
	if v-v != 0 { // NaN or infinite
		return 0, false, true
	}
	return v, true, false
}

// category returns a value as a category, the digits of a number in buf.
func (x *value) category(buf []byte) (b []byte, s string, ok, missing bool) {
	switch x.kind {
	case text:
		return nil, spelling.Category(x.str), true, false
	case boolean:
		if x.num != 0 {
			return nil, "true", true, false
		}
		return nil, "false", true, false
	case integer:
		return strconv.AppendInt(buf, x.int, 10), "", true, false
	case number:
		if x.num-x.num != 0 {
			return nil, "", false, true
		}
		return spelling.AppendFloat(buf, x.num), "", true, false
	case empty:
		return nil, "", false, true
	default:
		return nil, "", false, false
	}
}
