// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"encoding/json"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxDepth is how deep JSON, and an attribute's value, may be nested.
const maxDepth = 64

// any as a step of a path matches every item of an array, or every member of an object.
const anyStep = "*"

// walkJSON gives the values at a path of a JSON text to c; an empty path is the text's own value. It reads the text once and
// allocates for the texts that c keeps, and for those with escapes. It returns false, and c is not to be used, where the text is not
// JSON or nested too deep.
func walkJSON(s string, path []string, c *collector) bool {
	p := scanner{s: s, c: c}
	p.space()
	if !p.value(path, true, 0) {
		return false
	}
	p.space()
	return p.i == len(p.s)
}

type scanner struct {
	s string
	i int
	c *collector
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

func (p *scanner) take(b byte) bool {
	p.space()
	if p.i < len(p.s) && p.s[p.i] == b {
		p.i++
		return true
	}
	return false
}

// value reads one value. wanted is true where the path has matched so far; rest is what is left of it.
func (p *scanner) value(rest []string, wanted bool, depth int) bool {
	p.space()
	if p.i >= len(p.s) || depth > maxDepth {
		return false
	}
	emit := wanted && len(rest) == 0
	start := p.i
	switch b := p.s[p.i]; b {
	case '{':
		p.i++
		if !p.object(rest, wanted && !emit, depth) {
			return false
		}
		if emit {
			p.c.add(value{kind: structure, text: p.s[start:p.i]})
		}
		return true
	case '[':
		p.i++
		if !p.array(rest, wanted && !emit, depth) {
			return false
		}
		if emit {
			p.c.add(value{kind: structure, text: p.s[start:p.i]})
		}
		return true
	case '"':
		raw, escaped, ok := p.text()
		if !ok {
			return false
		}
		if emit {
			if escaped {
				if raw, ok = unescape(raw); !ok {
					return false
				}
			} else if p.c.keeps() {
				raw = strings.Clone(raw) // it shall not keep the whole JSON text alive
			}
			if raw != "" {
				p.c.add(textValue(raw))
			}
		}
		return true
	case 't':
		return p.literal("true", emit, value{kind: boolean, bool: true})
	case 'f':
		return p.literal("false", emit, value{kind: boolean})
	case 'n':
		return p.literal("null", false, value{})
	default:
		return p.number(emit)
	}
}

func (p *scanner) literal(word string, emit bool, v value) bool {
	if !strings.HasPrefix(p.s[p.i:], word) {
		return false
	}
	p.i += len(word)
	if emit {
		p.c.add(v)
	}
	return true
}

func (p *scanner) object(rest []string, wanted bool, depth int) bool {
	if p.take('}') {
		return true
	}
	found := false // of members of the same key, the first counts
	for {
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return false
		}
		key, escaped, ok := p.text()
		if !ok || !p.take(':') {
			return false
		}
		inside, below := false, rest
		if wanted {
			if escaped {
				if key, ok = unescape(key); !ok {
					return false
				}
			}
			inside = isMember(rest[0], key) && !found
			found = found || inside && rest[0] == key
			below = rest[1:]
		}
		if !p.value(below, inside, depth+1) {
			return false
		}
		if p.take('}') {
			return true
		}
		if !p.take(',') {
			return false
		}
	}
}

func (p *scanner) array(rest []string, wanted bool, depth int) bool {
	if p.take(']') {
		return true
	}
	for i := 0; ; i++ {
		inside, below := false, rest
		if wanted {
			inside = isItem(rest[0], i)
			below = rest[1:]
		}
		if !p.value(below, inside, depth+1) {
			return false
		}
		if p.take(']') {
			return true
		}
		if !p.take(',') {
			return false
		}
	}
}

// text reads a JSON string and returns what is between its quotes.
func (p *scanner) text() (raw string, escaped, ok bool) {
	p.i++
	start := p.i
	for p.i < len(p.s) {
		switch b := p.s[p.i]; {
		case b == '"':
			raw = p.s[start:p.i]
			p.i++
			return raw, escaped, true
		case b == '\\':
			escaped = true
			if !p.escape() {
				return "", false, false
			}
		case b < 0x20:
			return "", false, false
		default:
			p.i++
		}
	}
	return "", false, false
}

// escape reads what begins with a backslash.
func (p *scanner) escape() bool {
	if p.i++; p.i >= len(p.s) {
		return false
	}
	b := p.s[p.i]
	p.i++
	if b != 'u' {
		return strings.IndexByte(`"\/bfnrt`, b) >= 0
	}
	for range 4 {
		if p.i >= len(p.s) || strings.IndexByte("0123456789abcdefABCDEF", p.s[p.i]) < 0 {
			return false
		}
		p.i++
	}
	return true
}

// unescape resolves the escapes of a JSON string.
func unescape(raw string) (string, bool) {
	var s string
	err := json.Unmarshal([]byte(`"`+raw+`"`), &s)
	return s, err == nil
}

// number reads a number; one that is too large for a double is no JSON where it is wanted.
func (p *scanner) number(emit bool) bool {
	start := p.i
	if p.i < len(p.s) && p.s[p.i] == '-' {
		p.i++
	}
	first := p.i
	if !p.digits() || p.s[first] == '0' && p.i > first+1 {
		return false
	}
	whole := true
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if whole = false; !p.digits() {
			return false
		}
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if whole = false; !p.digits() {
			return false
		}
	}
	if !emit {
		return true
	}
	raw := p.s[start:p.i]
	if whole {
		if i, err := strconv.ParseInt(raw, 10, 64); err == nil {
			p.c.add(value{kind: integer, int: i})
			return true
		}
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return false
	}
	p.c.add(value{kind: double, float: f})
	return true
}

// digits reads one digit or more.
func (p *scanner) digits() bool {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i > start
}

// isMember is true where a step of a path is the member of an object with a key; a * at its end is any text.
func isMember(step, key string) bool {
	if step[len(step)-1] == '*' {
		return strings.HasPrefix(key, step[:len(step)-1])
	}
	return step == key
}

// isItem is true where a step of a path is the item of an array at an index.
func isItem(step string, index int) bool {
	if step == anyStep {
		return true
	}
	n := 0
	for i := range len(step) {
		if step[i] < '0' || step[i] > '9' || n > index {
			return false
		}
		n = 10*n + int(step[i]-'0')
	}
	return n == index && step != "" && (step[0] != '0' || len(step) == 1)
}

// walkValue is walkJSON for an attribute that is a map or an array.
func walkValue(v pcommon.Value, path []string, c *collector, depth int) {
	if depth > maxDepth {
		return
	}
	if len(path) == 0 {
		c.add(fromAttribute(v))
		return
	}
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for k, item := range v.Map().All() {
			if isMember(path[0], k) {
				walkValue(item, path[1:], c, depth+1)
			}
		}
	case pcommon.ValueTypeSlice:
		for i, item := range v.Slice().All() {
			if isItem(path[0], i) {
				walkValue(item, path[1:], c, depth+1)
			}
		}
	}
}
