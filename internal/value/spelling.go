// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package value

import (
	"math"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/validtext"
)

// FormatFloat returns a finite number as a category: the shortest decimal that reads back as the
// same float64, as ECMAScript's Number::toString, and so JSON, writes it. 1 has no ".0", and only
// numbers below 1e-6 and from 1e21 have an exponent: 1e-7, 1e+21.
//
// Zero is "0" with either sign, as the two are equal. A number that was a float32 is spelt as the
// float64 that it has become (0.30000001192092896 for 0.3): who reads float32 from where they are
// marked as such, as the columns of a Parquet file are, passes on the shortest decimal of those.
func FormatFloat(v float64) string {
	var buf [32]byte
	return string(AppendFloat(buf[:0], v))
}

// AppendFloat appends what FormatFloat returns to buf.
func AppendFloat(buf []byte, v float64) []byte {
	abs := math.Abs(v)
	switch {
	case abs == 0:
		return append(buf, '0')
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(buf, v, 'f', -1, 64)
	}
	buf = strconv.AppendFloat(buf, v, 'e', -1, 64)
	if n := len(buf); padded(buf) {
		buf = append(buf[:n-2], buf[n-1])
	}
	return buf
}

// Category returns a string as a category: as it is, but for the digits of a number as they were
// spelt before, "1e-07" for 1e-7 and "-0" for 0. So baselines, cards, stored state and deltas of
// an older version, and what programs write that spell numbers as C does, mean the same category.
// U+FFFD stands for bytes that are no UTF-8: categories become attributes of metrics.
func Category(s string) string {
	s, _ = validtext.Of(s)
	switch {
	case s == "-0":
		return "0"
	case padded(s) && isOldSpelling(s):
		return s[:len(s)-2] + s[len(s)-1:]
	}
	return s
}

// longestSpelling is the most bytes of the shortest decimal of a float64.
const longestSpelling = 24

// padded is true for what ends in an exponent of one digit behind a zero: e-07, e-08, e-09.
func padded[T string | []byte](s T) bool {
	n := len(s)
	return n >= 5 && n <= longestSpelling && s[n-4] == 'e' && s[n-3] == '-' && s[n-2] == '0'
}

// isOldSpelling is true where s is exactly what was written for a number that has an exponent.
func isOldSpelling(s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(v) >= 1e-6 {
		return false
	}
	var buf [32]byte
	return string(strconv.AppendFloat(buf[:0], v, 'e', -1, 64)) == s
}
