// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package words

import (
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
)

// Rows writes a number of rows that may be the mean of two.
func Rows(n float64) string { return humanize.Comma(int64(math.Round(min(n, 1<<62)))) }

// Number writes a number with so many significant digits, trailing zeros left out. Example:
// "0.7234".
func Number(v float64, digits int) string {
	switch {
	case !Finite(v):
		return strconv.FormatFloat(v, 'g', -1, 64) // NaN, +Inf, -Inf
	case math.Abs(v) >= 1e4 && math.Abs(v) < 1e15 && digits <= 6:
		return humanize.Comma(int64(math.Round(v)))
	}
	s := strconv.FormatFloat(v, 'g', digits, 64)
	if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) >= 1e-4 && math.Abs(f) < 1e15 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}

// Pair writes two numbers with as many digits as it takes to tell them apart, four at least.
func Pair(a, b float64) (string, string) {
	for digits := 4; digits < 17; digits += 3 {
		if x, y := Number(a, digits), Number(b, digits); x != y || a == b {
			return x, y
		}
	}
	return Number(a, 17), Number(b, 17)
}

// Percent writes a share. Example: "25 %".
func Percent(share float64) string { return Number(share*100, 3) + " %" }

// Percents writes two shares so that they can be told apart.
func Percents(a, b float64) (string, string) {
	if x, y := Percent(a), Percent(b); x != y {
		return x, y
	}
	x, y := Pair(a*100, b*100)
	return x + " %", y + " %"
}

// Exact writes a number for a machine.
func Exact(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Finite reports whether a number is neither NaN nor infinite.
func Finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
