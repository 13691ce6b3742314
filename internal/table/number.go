// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// NumberFormat is how the numbers of a column are spelt.
type NumberFormat uint8

// The formats of numbers.
const (
	// Plain numbers are as programs write them: 1234.5, 1e-3.
	Plain NumberFormat = iota
	// ThousandsComma groups digits by commas, blanks or apostrophes before a decimal point:
	// 1,234.5.
	ThousandsComma
	// DecimalComma has a comma before the decimals and groups digits by points, blanks or
	// apostrophes: 1.234,5.
	DecimalComma
	numberFormats
)

// Parse reads a number of the format.
func (f NumberFormat) Parse(s string) (float64, bool) {
	switch f {
	case ThousandsComma:
		return parseGrouped(s, '.', ",")
	case DecimalComma:
		return parseGrouped(s, ',', ".")
	}
	return parseNumber(s)
}

// String describes the format in an example.
func (f NumberFormat) String() string { return [...]string{"1234.5", "1,234.5", "1.234,5"}[f] }

// parseGrouped reads digits in groups of three that are set apart by one of separators, a blank or
// an apostrophe, all by the same.
func parseGrouped(s string, decimal byte, separators string) (float64, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return 0, false
	}
	var plain [64]byte
	out := plain[:0]
	if s != "" && (s[0] == '-' || s[0] == '+') {
		out, s = append(out, s[0]), s[1:]
	}
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	if len(s) > 1 && s[0] == '0' && s[1] != decimal { // 00123 is a code
		return 0, false
	}
	var separator string
	run := 0 // digits since the last separator
	i := 0
	for i < len(s) && s[i] != decimal {
		if s[i] >= '0' && s[i] <= '9' {
			out = append(out, s[i])
			run++
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		sep := s[i : i+size]
		if !strings.Contains(separators, sep) && !strings.ContainsRune(" \u00a0\u202f'\u2019", r) ||
			separator != "" && sep != separator || separator == "" && run > 3 || separator != "" && run != 3 {
			return 0, false
		}
		separator, run = sep, 0
		i += size
	}
	if separator != "" && run != 3 {
		return 0, false
	}
	if i < len(s) {
		if i+1 == len(s) {
			return 0, false
		}
		out = append(out, '.')
		for _, c := range []byte(s[i+1:]) {
			if c < '0' || c > '9' {
				return 0, false
			}
			out = append(out, c)
		}
	}
	v, err := strconv.ParseFloat(string(out), 64)
	return v, err == nil
}

// stripSign takes a currency's sign or a percent off a number.
func stripSign(s string) (number string, ok bool) {
	s = strings.TrimSpace(s)
	number = strings.TrimSpace(strings.TrimRight(s, "%€$£¥ "))
	negative := strings.HasPrefix(number, "-")
	number = strings.TrimLeft(strings.TrimPrefix(number, "-"), "€$£¥ ")
	if number == "" || number[0] < '0' || number[0] > '9' {
		return "", false
	}
	if negative {
		number = "-" + number
	}
	return number, len(number) < len(s)
}
