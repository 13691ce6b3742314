// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package console is how the commands write to a terminal: tables, numbers, small histograms and a
// progress bar.
package console

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// Count writes an integer with commas: 33,600.
func Count[N int | int64 | uint64](n N) string { return humanize.Comma(int64(n)) }

// Plural writes a count with its noun: 1 row, 2 rows.
func Plural[N int | int64 | uint64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + one + "s"
}

// Number writes four digits, without an exponent where that is readable.
func Number(v float64) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v):
		return "-"
	case v == 0:
		return "0"
	case abs < 1e-4 || abs >= 1e9:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case abs >= 999.95:
		return Count(int64(math.Round(v)))
	default:
		digits := 3 - int(math.Floor(math.Log10(abs)))
		s := strconv.FormatFloat(v, 'f', min(max(digits, 0), 6), 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
}

// Percent writes a share, 0 to 1, as 1.2 %.
func Percent(share float64) string {
	switch p := share * 100; {
	case math.IsNaN(p):
		return "-"
	case p == 0:
		return "0 %"
	case p < 0.1:
		return "<0.1 %"
	case p < 10:
		return strings.TrimSuffix(strconv.FormatFloat(p, 'f', 1, 64), ".0") + " %"
	default:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
}

// PValue writes a probability with two digits, and tiny ones as < 1e-9.
func PValue(p float64) string {
	switch {
	case math.IsNaN(p):
		return "-"
	case p < 1e-9:
		return "< 1e-9"
	case p < 0.001:
		return strconv.FormatFloat(p, 'e', 0, 64)
	default:
		return strconv.FormatFloat(p, 'f', 3, 64)
	}
}

// Duration writes a duration with a sensible number of digits.
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// Clean makes a text from data safe for a terminal: control characters are escaped, and what is
// longer than width runes is cut.
func Clean(s string, width int) string {
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			clean = false
			break
		}
	}
	if !clean {
		q := strconv.Quote(s)
		s = q[1 : len(q)-1]
	}
	if s == "" {
		return `""`
	}
	if r := []rune(s); width > 1 && len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

var blocks = []rune("▁▂▃▄▅▆▇█")

// Spark draws weights as a row of blocks, the largest as high as a line; a blank is no weight.
func Spark(weights []float64) string {
	largest := 0.0
	for _, w := range weights {
		largest = max(largest, w)
	}
	var b strings.Builder
	for _, w := range weights {
		if w <= 0 || largest == 0 {
			b.WriteRune(' ')
			continue
		}
		b.WriteRune(blocks[min(int(w/largest*float64(len(blocks))), len(blocks)-1)])
	}
	return b.String()
}

// Bar draws a share, 0 to 1, of a bar of so many cells.
func Bar(share float64, cells int) string {
	full := int(math.Round(min(max(share, 0), 1) * float64(cells)))
	return strings.Repeat("█", full) + strings.Repeat("·", cells-full)
}

// Errorf writes "name: message" for the end of a command.
func Errorf(name string, err error) string {
	return fmt.Sprintf("%s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "\n  "))
}
