// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derive

import (
	"unicode"
	"unicode/utf8"
)

// MaxText is the most bytes of a text that are looked at.
const MaxText = 1 << 16

// OfText is true for a measure of texts.
func (m Measure) OfText() bool { return m >= Characters }

// Text is what is measured of a text.
type Text struct{ characters, words, nonASCII, digits int }

// NewText measures a text: its first MaxText bytes.
func NewText(s string) Text {
	if len(s) > MaxText {
		s = s[:MaxText]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if len(s) > 0 && s[len(s)-1] >= utf8.RuneSelf {
			s = s[:len(s)-1] // the first byte of a character that was cut
		}
	}
	var t Text
	inWord := false
	for _, r := range s {
		t.characters++
		if r >= utf8.RuneSelf {
			t.nonASCII++
		}
		if r >= '0' && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r) {
			t.digits++
		}
		space := r == ' ' || r >= '\t' && r <= '\r' || r >= utf8.RuneSelf && unicode.IsSpace(r)
		if !space && !inWord {
			t.words++
		}
		inWord = !space
	}
	return t
}

// Measure returns a measure of the text, and false where it has none: shares of an empty text.
func (t *Text) Measure(m Measure) (float64, bool) {
	switch m {
	case Characters:
		return float64(t.characters), true
	case Words:
		return float64(t.words), true
	case NonASCII:
		return float64(t.nonASCII) / float64(t.characters), t.characters > 0
	case Digits:
		return float64(t.digits) / float64(t.characters), t.characters > 0
	default:
		return 0, false
	}
}
