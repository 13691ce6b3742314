// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package scalar reads the values of attributes, which may be of another type than the vocabulary
// says: numbers come as strings, ids as numbers. What can be read without a guess is.
package scalar

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Text returns a string, or an integer in decimal; empty for anything else.
func Text(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10)
	default:
		return ""
	}
}

// Integer reads 3, 3.0, "3" and "3.0".
func Integer(v pcommon.Value) (int64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int(), true
	case pcommon.ValueTypeStr:
		if n, err := strconv.ParseInt(strings.TrimSpace(v.Str()), 10, 64); err == nil {
			return n, true
		}
	default:
	}
	f, ok := Float(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 { // NaN is not equal to itself
		return 0, false
	}
	return int64(f), true
}

// Float reads 0.91, 1 and "0.91", also NaN and infinities.
func Float(v pcommon.Value) (float64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		return v.Double(), true
	case pcommon.ValueTypeInt:
		return float64(v.Int()), true
	case pcommon.ValueTypeStr:
		f, err := strconv.ParseFloat(strings.TrimSpace(v.Str()), 64)
		return f, err == nil
	default:
		return 0, false
	}
}

// Boolean reads true and "true".
func Boolean(v pcommon.Value) (value, ok bool) {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return v.Bool(), true
	case pcommon.ValueTypeStr:
		return strings.EqualFold(v.Str(), "true"), strings.EqualFold(v.Str(), "true") || strings.EqualFold(v.Str(), "false")
	default:
		return false, false
	}
}
