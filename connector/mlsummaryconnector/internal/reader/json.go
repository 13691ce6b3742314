// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/json"
	"strconv"
	"strings"
)

// scanner reads a JSON text without garbage: keys and strings are parts of it, unless they have escapes. NaN and
// Infinity, which Python writes, are numbers.
type scanner struct {
	s string
	i int
}

func (p *scanner) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// take skips white space and, where it is next, c.
func (p *scanner) take(c byte) bool {
	p.space()
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// end is true where only white space is left.
func (p *scanner) end() bool {
	p.space()
	return p.i == len(p.s)
}

// text reads a string whose opening quote is next.
func (p *scanner) text() (string, bool) {
	if !p.take('"') {
		return "", false
	}
	start := p.i
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			p.i++
			return p.s[start : p.i-1], true
		case '\\':
			return p.escaped(start)
		}
		p.i++
	}
	return "", false
}

// escaped reads on from the first backslash of the string that starts at start.
func (p *scanner) escaped(start int) (string, bool) {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '\\':
			p.i++
		case '"':
			p.i++
			var s string
			err := json.Unmarshal([]byte(p.s[start-1:p.i]), &s)
			return s, err == nil
		}
		p.i++
	}
	return "", false
}

// word skips w where it is next.
func (p *scanner) word(w string) bool {
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

// value reads any value into x. An array of plain values becomes a jsonList, x.str its text without brackets and
// x.int its length; an object or a deeper array is skipped and unusable.
func (p *scanner) value(x *value) bool {
	p.space()
	if p.i == len(p.s) {
		return false
	}
	switch c := p.s[p.i]; {
	case c == '"':
		s, ok := p.text()
		x.kind, x.str = text, s
		if s == "" {
			x.kind = empty
		}
		return ok
	case c == '[':
		return p.array(x)
	case c == '{':
		x.kind = unusable
		return p.skip()
	case p.word("null"):
		x.kind = empty
		return true
	case p.word("true"):
		x.setBool(true)
		return true
	case p.word("false"):
		x.setBool(false)
		return true
	case p.word("NaN"), p.word("Infinity"), p.word("-Infinity"):
		x.kind = empty
		return true
	default:
		return p.number(x)
	}
}

func (p *scanner) number(x *value) bool {
	start := p.i
	whole := true
	for p.i < len(p.s) {
		c := p.s[p.i]
		switch {
		case c >= '0' && c <= '9', c == '-':
		case c == '.', c == 'e', c == 'E', c == '+':
			whole = false
		default:
			goto done
		}
		p.i++
	}
done:
	digits := p.s[start:p.i]
	if whole {
		if i, err := strconv.ParseInt(digits, 10, 64); err == nil {
			x.kind, x.int, x.num = integer, i, float64(i)
			return true
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	x.kind, x.num = number, f
	return err == nil || f != 0 && f-f != 0 // out of range reads as infinite
}

func (p *scanner) array(x *value) bool {
	p.i++
	start := p.i
	n := int64(0)
	flat := true
	if !p.take(']') {
		for {
			p.space()
			if p.i < len(p.s) && (p.s[p.i] == '[' || p.s[p.i] == '{') {
				flat = false
				if !p.skip() {
					return false
				}
			} else {
				var element value
				if !p.value(&element) {
					return false
				}
			}
			n++
			if p.take(']') {
				break
			}
			if !p.take(',') {
				return false
			}
		}
	}
	x.kind, x.str, x.int = jsonList, p.s[start:p.i-1], n
	if !flat {
		x.kind = unusable
	}
	return true
}

// skip skips the object or array that is next; what is inside is not looked at beyond strings and brackets.
func (p *scanner) skip() bool {
	depth := 0
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			if _, ok := p.text(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				p.i++
				return true
			}
		}
		p.i++
	}
	return false
}
