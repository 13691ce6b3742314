// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package validtext makes strings valid UTF-8. OTLP says that its strings are, and back ends that
// check it refuse a whole request for one that is not; a sender that writes Latin-1 need not know.
package validtext

import (
	"strings"
	"unicode/utf8"
)

// Replacement stands for bytes that are no UTF-8: U+FFFD, one for each run of them.
const Replacement = "\uFFFD"

// Of returns s as valid UTF-8, and whether it was none. Strings that differ only in bytes that are
// no UTF-8 become the same one. A valid one, which costs no allocation, is returned as it is.
func Of(s string) (valid string, replaced bool) {
	if Is(s) {
		return s, false
	}
	return strings.ToValidUTF8(s, Replacement), true
}

// Is reports whether s is valid UTF-8. It is utf8.ValidString, but in a fraction of the time for
// the short texts of ASCII that nearly all strings of telemetry are.
func Is(s string) bool { return ascii(s) || utf8.ValidString(s) }

// ascii looks at eight bytes, or at four, at a time: at the first and, again where there are others
// before them, at the last.
func ascii(s string) bool {
	const high = 0x8080808080808080
	switch n := len(s); {
	case n >= 8:
		bits := word(s[n-8:])
		for len(s) > 8 {
			bits |= word(s)
			s = s[8:]
		}
		return bits&high == 0
	case n >= 4:
		return (half(s)|half(s[n-4:]))&(high&0xFFFFFFFF) == 0
	case n > 0: // the first, the one in the middle and the last
		return s[0]|s[n/2]|s[n-1] < utf8.RuneSelf
	default:
		return true
	}
}

// word is the first eight bytes of s, half the first four.
func word(s string) uint64 { return uint64(half(s)) | uint64(half(s[4:]))<<32 }

func half(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
