// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"math"
	"strconv"
)

// rangeName writes a range of values, with as many digits as tell its ends apart. Examples:
// "1.2k–5k", "41.878–41.881", "-3 to -1".
func rangeName(low, high float64) string {
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return "any value"
	case math.IsInf(low, -1):
		return "up to " + short(high)
	case math.IsInf(high, 1):
		return "above " + short(low)
	}
	l, h := short(low), short(high)
	for digits := 4; l == h && digits <= 17; digits++ {
		l, h = strconv.FormatFloat(low, 'g', digits, 64), strconv.FormatFloat(high, 'g', digits, 64)
	}
	if low < 0 {
		return l + " to " + h // a dash before a minus is hard to read
	}
	return l + "–" + h
}

func quoted(s string) string { return strconv.Quote(s) }

// percent writes a share with two digits. Example: "0.5 %".
func percent(share float64) string {
	p := 100 * share
	switch {
	case p >= 9.5 || p == 0:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	case p < 0.01:
		return "under 0.01 %"
	}
	return strconv.FormatFloat(p, 'g', 2, 64) + " %"
}

// short writes a number with three digits, thousands as k and millions as M. Example: "1.2k".
func short(v float64) string {
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

func float(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
