// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// maxDepth bounds how deep arrays and objects may nest.
const maxDepth = 64

// scanner reads JSON from left to right. Texts are parts of the body unless they have escapes. NaN and Infinity, which
// Python writes, are missing values. What is skipped is checked for its brackets and quotes only.
type scanner struct {
	s string
	i int
	// own is what texts take that are no parts of the body, in bytes.
	own int
}

// ownText is what a text of its own takes beside its bytes, about.
const ownText = 16

// fail returns the error of a body that is no JSON.
func (p *scanner) fail() error {
	if p.i >= len(p.s) {
		return failf(BadPayload, "the JSON ends too early, at byte %d", len(p.s))
	}
	return failf(BadPayload, "no JSON at byte %d, %q", p.i, p.s[p.i:min(len(p.s), p.i+8)])
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

// peek returns the next byte that is not white space, 0 at the end.
func (p *scanner) peek() byte {
	p.space()
	if p.i == len(p.s) {
		return 0
	}
	return p.s[p.i]
}

// take skips c where it is next.
func (p *scanner) take(c byte) bool {
	if p.peek() == c && c != 0 {
		p.i++
		return true
	}
	return false
}

// text reads a string whose opening quote is next.
func (p *scanner) text() (string, error) {
	if !p.take('"') {
		return "", p.fail()
	}
	start := p.i
	escaped := false
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			raw := p.s[start:p.i]
			p.i++
			if !escaped {
				return raw, nil
			}
			var s string
			if err := json.Unmarshal([]byte(p.s[start-1:p.i]), &s); err != nil {
				p.i = start
				return "", p.fail()
			}
			p.own += len(s) + ownText
			return s, nil
		case c == '\\':
			escaped = true
			p.i++
		case c < ' ':
			return "", p.fail()
		}
		p.i++
	}
	return "", p.fail()
}

// word skips w where it is next.
func (p *scanner) word(w string) bool {
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

// scalar reads a number, a text, a truth value or null.
func (p *scanner) scalar() (value.Value, error) {
	switch c := p.peek(); {
	case c == '"':
		s, err := p.text()
		return value.NewText(s), err
	case c >= '0' && c <= '9', c == '-':
		return p.number()
	case p.word("null"), p.word("NaN"), p.word("Infinity"):
		return value.Value{}, nil
	case p.word("true"):
		return value.NewBool(true), nil
	case p.word("false"):
		return value.NewBool(false), nil
	default:
		return value.Value{}, p.fail()
	}
}

// value reads a scalar that is a cell. The texts that protobuf's JSON mapping has for numbers that JSON cannot write are missing values, as
// the bare words are.
func (p *scanner) value() (value.Value, error) {
	c, err := p.scalar()
	if c.Kind() == value.Text {
		switch c.Text() {
		case "NaN", "Infinity", "-Infinity":
			c = value.Value{}
		}
	}
	return c, err
}

func (p *scanner) number() (value.Value, error) {
	if p.word("-Infinity") {
		return value.Value{}, nil
	}
	start := p.i
	whole := true
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c >= '0' && c <= '9', c == '-' && p.i == start:
		case c == '.', c == 'e', c == 'E', c == '+', c == '-':
			whole = false
		default:
			return p.parse(start, whole)
		}
		p.i++
	}
	return p.parse(start, whole)
}

func (p *scanner) parse(start int, whole bool) (value.Value, error) {
	digits := p.s[start:p.i]
	if whole {
		if v, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return value.NewInt(v), nil
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil && v-v == 0 { // a number out of range is infinite and thus missing
		p.i = start
		return value.Value{}, p.fail()
	}
	return value.NewFloat(v), nil
}

// skip passes over any value.
func (p *scanner) skip() error {
	switch p.peek() {
	case '{', '[':
	default:
		_, err := p.scalar()
		return err
	}
	var open [maxDepth]byte
	depth := 0
	for {
		switch c := p.peek(); c {
		case 0:
			return p.fail()
		case '"':
			if _, err := p.text(); err != nil {
				return err
			}
			continue
		case '{', '[':
			if depth == maxDepth {
				return failf(BadPayload, "the JSON nests deeper than %d", maxDepth)
			}
			open[depth] = c + 2 // the closing bracket, in ASCII
			depth++
		case '}', ']':
			if open[depth-1] != c {
				return p.fail()
			}
			depth--
			if depth == 0 {
				p.i++
				return nil
			}
		}
		p.i++
	}
}

// object calls member for each key of the object that is next; member reads the value.
func (p *scanner) object(member func(key string) error) error {
	if !p.take('{') {
		return p.fail()
	}
	if p.take('}') {
		return nil
	}
	for {
		key, err := p.text()
		if err != nil {
			return err
		}
		if !p.take(':') {
			return p.fail()
		}
		if err := member(key); err != nil {
			return err
		}
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return p.fail()
		}
	}
}

// array calls element for each element of the array that is next; element reads it.
func (p *scanner) array(element func(i int) error) error {
	if !p.take('[') {
		return p.fail()
	}
	if p.take(']') {
		return nil
	}
	for i := 0; ; i++ {
		if err := element(i); err != nil {
			return err
		}
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return p.fail()
		}
	}
}

// end fails unless only white space is left.
func (p *scanner) end() error {
	if p.peek() != 0 || p.i < len(p.s) {
		return p.fail()
	}
	return nil
}
