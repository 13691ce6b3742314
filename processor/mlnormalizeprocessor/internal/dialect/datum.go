// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// kind is what a value is.
type kind uint8

const (
	none kind = iota
	text
	integer
	double
	boolean
	// list is several values; those of a target are strings.
	list
	// structure is a JSON object or array as text.
	structure
	// other is an OTLP map, array or bytes.
	other
)

// datum is what was read from a span, on its way to another attribute.
type datum struct {
	kind  kind
	text  string
	int   int64
	float float64
	bool  bool
	list  []datum
	other pcommon.Value
}

func textValue(s string) datum { return datum{kind: text, text: s} }

// fromAttribute decodes an attribute's value. An empty one is none.
func fromAttribute(v pcommon.Value) datum {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if v.Str() == "" {
			return datum{}
		}
		return datum{kind: text, text: v.Str()}
	case pcommon.ValueTypeInt:
		return datum{kind: integer, int: v.Int()}
	case pcommon.ValueTypeDouble:
		return datum{kind: double, float: v.Double()}
	case pcommon.ValueTypeBool:
		return datum{kind: boolean, bool: v.Bool()}
	case pcommon.ValueTypeEmpty:
		return datum{}
	default:
		return datum{kind: other, other: v}
	}
}

// string returns a scalar as text.
func (v *datum) string() (string, bool) {
	switch v.kind {
	case text, structure:
		return v.text, true
	case integer:
		return strconv.FormatInt(v.int, 10), true
	case double:
		return value.FormatFloat(v.float), true
	case boolean:
		return strconv.FormatBool(v.bool), true
	default:
		return "", false
	}
}

// maxCopied is the number of bytes that a string that is copied may have.
const maxCopied = 1024

// strings makes strings of a list's scalars; what is none, or too long, is left out.
func (v *datum) texts() []datum {
	out := v.list[:0]
	for i := range v.list {
		if text, ok := v.list[i].string(); ok && text != "" && len(text) <= maxCopied && v.list[i].kind != structure {
			out = append(out, textValue(text))
		}
	}
	return out
}

// number returns a finite number, that of a numeric text too.
func (v *datum) number() (float64, bool) {
	f := v.float
	switch v.kind {
	case integer:
		return float64(v.int), true
	case double:
	case text:
		var err error
		if f, err = strconv.ParseFloat(strings.TrimSpace(v.text), 64); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return f, !math.IsNaN(f) && !math.IsInf(f, 0)
}

// percentage returns the share that a string like "87.5%" says.
func (v *datum) percentage() (float64, bool) {
	if v.kind != text {
		return 0, false
	}
	percent, ok := strings.CutSuffix(strings.TrimSpace(v.text), "%")
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
	return f / 100, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// whole returns an integer, that of a numeric text too.
func (v *datum) whole() (int64, bool) {
	switch v.kind {
	case integer:
		return v.int, true
	case text:
		if i, err := strconv.ParseInt(strings.TrimSpace(v.text), 10, 64); err == nil {
			return i, true
		}
	}
	f, ok := v.number()
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// plus adds a number that is not negative to v, which is one; false for what is none. A sum is
// whole as long as its parts are.
func (v *datum) plus(other *datum) bool {
	f, ok := other.number()
	if !ok || f < 0 {
		return false
	}
	if n, whole := other.whole(); whole && v.kind == integer && n <= math.MaxInt64-v.int {
		v.int += n
		return true
	}
	if v.kind == integer {
		*v = datum{kind: double, float: float64(v.int)}
	}
	v.float += f
	return true
}

func (v *datum) truth() (bool, bool) {
	switch v.kind {
	case boolean:
		return v.bool, true
	case text:
		switch strings.ToLower(v.text) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	case integer:
		if v.int == 0 || v.int == 1 {
			return v.int == 1, true
		}
	}
	return false, false
}

// class is the kind that a rule's accept speaks of: the kind of a number for a numeric text.
func (v *datum) class() kind {
	if v.kind != text {
		return v.kind
	}
	if _, err := strconv.ParseInt(strings.TrimSpace(v.text), 10, 64); err == nil {
		return integer
	}
	if _, ok := v.number(); ok {
		return double
	}
	return text
}

// characters counts those of a string.
func characters(s string) int { return utf8.RuneCountInString(s) }

// collector takes the values that a source gives.
type collector struct {
	// want says what is kept: the first value, all of them, or how many they are and how long.
	want  want
	first datum
	n     int
	chars int
	// sum is that of the numbers, misfit a value that is none.
	sum, misfit datum
	// list has the values of all lists of a span, one after the other; that at hand begins at
	// start.
	list  []datum
	start int
	// names are the members of an object that are in the sum.
	names []string
}

type want uint8

const (
	wantFirst want = iota
	wantList
	wantCount
	wantLength
	// wantSum adds up numbers, none of which is negative.
	wantSum
)

// maxItems is the number of values that a list keeps.
const maxItems = 1024

// begin forgets the values of the span before.
func (c *collector) begin() { c.list, c.start = c.list[:0], 0 }

// reset makes room for the values of another source; the lists before stay as they are.
func (c *collector) reset(w want) {
	c.want, c.n, c.chars, c.start = w, 0, 0, len(c.list)
	if w == wantSum {
		c.sum, c.misfit = datum{kind: integer}, datum{}
	}
}

// undo takes back what came since a copy was made.
func (c *collector) undo(before *collector) {
	c.first, c.n, c.chars, c.sum, c.list = before.first, before.n, before.chars, before.sum, c.list[:len(before.list)]
}

// forget keeps nothing of a request alive.
func (c *collector) forget() {
	if cap(c.list) > keptEntries {
		c.list = nil
	}
	clear(c.list[:cap(c.list)])
	clear(c.names[:cap(c.names)])
	c.begin()
	c.first, c.misfit = datum{}, datum{}
}

// keeps is true where values are kept, not only measured.
func (c *collector) keeps() bool { return c.want == wantFirst || c.want == wantList }

// once is true for the first member of its name in a sum, of which an object has a few.
func (c *collector) once(name string) bool {
	if c.want != wantSum {
		return true
	}
	if len(c.names) == maxItems || slices.Contains(c.names, name) {
		return false
	}
	c.names = append(c.names, name)
	return true
}

// add takes one value; true says that no more is needed.
func (c *collector) add(v datum) bool {
	if c.want == wantSum && (v.kind == structure || v.kind == other) {
		return false // the parts of another number
	}
	if v.kind == none || c.want == wantLength && v.kind != text || c.want == wantSum && !c.plus(&v) {
		return false
	}
	c.n++
	switch c.want {
	case wantFirst:
		if c.n == 1 {
			c.first = v
		}
		return true
	case wantList:
		if len(c.list)-c.start < maxItems {
			c.list = append(c.list, v)
		}
	case wantLength:
		c.chars += characters(v.text)
	}
	return false
}

// plus adds to the sum.
func (c *collector) plus(v *datum) bool {
	if c.sum.plus(v) {
		return true
	}
	c.misfit = *v
	return false
}

// result returns what was collected.
func (c *collector) result() datum {
	if c.n == 0 {
		return datum{}
	}
	switch c.want {
	case wantCount:
		return datum{kind: integer, int: int64(c.n)}
	case wantLength:
		return datum{kind: integer, int: int64(c.chars)}
	case wantSum:
		return c.sum
	case wantList:
		return datum{kind: list, list: c.list[c.start:len(c.list):len(c.list)]}
	default:
		return c.first
	}
}
