// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package figures writes numbers into sentences that people read at a glance: few digits, a unit.
package figures

import (
	"math"
	"strconv"
)

// Range writes a range of values, with as many digits as tell its ends apart. Infinite ends are
// open. Examples: "1.2k–5k", "41.878–41.881", "-3 to -1", "above 5k".
func Range(low, high float64) string {
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return "any value"
	case math.IsInf(low, -1):
		return "up to " + Short(high)
	case math.IsInf(high, 1):
		return "above " + Short(low)
	}
	l, h := Apart(low, high)
	if low < 0 {
		return l + " to " + h // a dash before a minus is hard to read
	}
	return l + "–" + h
}

// Apart writes two numbers with as many digits as tell them apart.
func Apart(a, b float64) (string, string) {
	x, y := Short(a), Short(b)
	for digits := 4; x == y && a != b && digits <= 17; digits++ {
		x, y = strconv.FormatFloat(a, 'g', digits, 64), strconv.FormatFloat(b, 'g', digits, 64)
	}
	return x, y
}

// Percent writes a share, 0 to 1, with two digits. Example: "0.5 %".
func Percent(share float64) string {
	p := 100 * share
	switch {
	case p >= 9.5 || p == 0:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	case p < 0.01:
		return "under 0.01 %"
	}
	return strconv.FormatFloat(p, 'g', 2, 64) + " %"
}

// Short writes a number with three digits, thousands as k and millions as M. Example: "1.2k".
func Short(v float64) string {
	unit := ""
	switch a := math.Abs(v); {
	case a >= 1e6 && a < 1e9:
		v, unit = v/1e6, "M"
	case a >= 1e4 || a >= 1e3 && a == math.Trunc(a/100)*100:
		if a < 1e6 {
			v, unit = v/1e3, "k"
		}
	case a >= 1e3:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + unit
}
