// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package visible writes control characters so that they are seen and do nothing, in texts that
// people read: an escape sequence from telemetry moves the cursor of a terminal, a line break makes
// a line of a log that nobody has written, and a mark that turns the direction of text lets it say
// something else than it is. In their place stands what JSON has for them: \u001b.
//
// A backslash stays one, so that texts without control characters are as they were; a text that has
// the six characters \u001b in it cannot be told from one that had the control character.
package visible

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/validtext"
)

// Line returns a text as valid UTF-8 on one line without control characters: C0 with tabs and line
// breaks, DEL, C1, the separators of lines and paragraphs, and the marks that turn the direction of
// text. A text without any is returned as it is.
func Line(s string) string { return escape(s, hidden) }

// Text is Line, but leaves line feeds and tabs.
func Text(s string) string {
	return escape(s, func(c rune) bool { return c != '\n' && c != '\t' && hidden(c) })
}

// hidden is true for what is not to be seen as itself. The marks of direction are those of "Trojan
// Source" (CVE-2021-42574): embeddings, overrides and isolates.
func hidden(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069'
}

func escape(s string, hidden func(rune) bool) string {
	s, _ = validtext.Of(s)
	if plain(s) || strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for _, c := range s {
		if !hidden(c) {
			b.WriteRune(c)
			continue
		}
		const digits = "0123456789abcdef"
		b.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			b.WriteByte(digits[c>>shift&0xf])
		}
	}
	return b.String()
}

// plain is true for printable ASCII alone.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf-1 {
			return false
		}
	}
	return true
}
