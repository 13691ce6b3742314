// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package wildcard compares texts with patterns in which * is any text.
package wildcard

import "strings"

// Any stands for any text, an empty one, too.
const Any = "*"

// Match reports whether a text is the pattern with some text in place of each wildcard.
func Match(pattern, text string) bool {
	first, rest, open := strings.Cut(pattern, Any)
	if !open {
		return pattern == text
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for {
		part, after, more := strings.Cut(rest, Any)
		if !more {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(part):], after
	}
}
