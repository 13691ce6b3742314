// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ownText is what a string of its own takes beside its bytes, about.
const ownText = 16

// Text reads the string that is next.
func (s *Scanner) Text() (string, error) {
	if s.Peek() != '"' {
		return "", s.fail()
	}
	text, escaped, err := s.raw()
	if err == nil && escaped {
		text = unescape(text)
		s.copied += len(text) + ownText
	}
	return text, err
}

// raw reads the string whose opening quote is next. It returns what is between the quotes, and
// whether it has escapes.
func (s *Scanner) raw() (text string, escaped bool, err error) {
	s.pos++
	start := s.pos
	for {
		s.pos += plain(s.text[s.pos:])
		if s.pos >= len(s.text) {
			return "", false, ErrTooShort
		}
		switch s.text[s.pos] {
		case '"':
			s.pos++
			return s.text[start : s.pos-1], escaped, nil
		case '\\':
			escaped = true
			if !s.escape() {
				return "", false, s.fail()
			}
		default:
			return "", false, ErrUnexpected
		}
	}
}

// The bytes of a word of eight, all the same, and the top bit of each.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// plain returns how many bytes there are before a quote, a backslash or a control character. It
// looks at eight at a time.
func plain(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quote, slash := w^ones*'"', w^ones*'\\'
		// A byte that is less than n has its top bit set in (w - n) &^ w. So may, wrongly, a byte
		// behind such a one, but none before.
		if found := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return i
}

// escape passes over what begins with a backslash. Where it is none, what is next is the byte that
// is wrong.
func (s *Scanner) escape() bool {
	if s.pos++; s.pos >= len(s.text) {
		return false
	}
	switch s.text[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return true
	case 'u':
	default:
		return false
	}
	s.pos++
	for range 4 {
		if s.pos >= len(s.text) || hex(s.text[s.pos]) < 0 {
			return false
		}
		s.pos++
	}
	return true
}

// unescape resolves the escapes of a string, which are all known.
func unescape(raw string) string {
	var b strings.Builder
	b.Grow(len(raw))
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 {
			b.WriteString(raw)
			return b.String()
		}
		b.WriteString(raw[:i])
		c := raw[i+1]
		raw = raw[i+2:]
		switch c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r := codeUnit(raw)
			raw = raw[4:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(raw, `\u`) {
					pair = utf16.DecodeRune(r, codeUnit(raw[2:]))
				}
				if r = pair; pair != utf8.RuneError {
					raw = raw[6:]
				}
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
		}
	}
}

// codeUnit returns what the first four hexadecimal digits say.
func codeUnit(digits string) rune {
	return hex(digits[0])<<12 | hex(digits[1])<<8 | hex(digits[2])<<4 | hex(digits[3])
}

// hex returns the value of a hexadecimal digit, -1 for another byte.
func hex(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	default:
		return -1
	}
}
