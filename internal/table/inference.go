// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"hash/maphash"
	"math"
	"strings"
)

// maxDistinct is how many values of a column Infer tells apart.
const maxDistinct = 10_000

// inference is what may still be true of a column.
type inference struct {
	column  *Column
	numbers [numberFormats]bool // the formats that fit all values
	whole   [numberFormats]bool // the formats by which they are integers
	differ  bool                // one of them is another number with a decimal comma
	signed  bool                // Column.SignedNumbers
	boolean bool
	dates   dateFormat // those that fit all values
	dotted  bool       // there is a point in one of them
	digits  bool       // Column.DateDigits
	binary  bool
	words   int // values that do not mean a missing one
	seen    map[uint64]struct{}
	last    float64
}

// reset forgets what was counted.
func (f *inference) reset() {
	c := f.column
	c.Present, c.Unique, c.increasing, c.decreasing, c.Min, c.Max = 0, true, true, true, math.Inf(1), math.Inf(-1)
	f.seen, f.last = map[uint64]struct{}{}, math.Inf(-1)
}

// numeric says that the values may still be numbers.
func (f *inference) numeric() bool {
	return f.numbers[Plain] || f.numbers[ThousandsComma] || f.numbers[DecimalComma]
}

// add notes what a value says of its column's type, and counts it.
func (f *inference) add(c Cell, seed maphash.Seed) {
	switch {
	case c.Kind == Missing, c.Kind == Number && c.Float-c.Float != 0: // NaN and infinities are missing
		return
	case (c.Kind == Text || c.Kind == String) && MeansMissing(c.Text):
		if f.column.MeansMissing == nil {
			f.column.MeansMissing = map[string]int{}
		}
		if _, ok := f.column.MeansMissing[c.Text]; ok || len(f.column.MeansMissing) < 64 {
			f.column.MeansMissing[c.Text]++
		}
	default:
		f.words++
		if f.column.Example == "" {
			f.column.Example = c.Category()
		}
		f.look(c)
	}
	f.addValue(c, seed)
}

// look notes what a value can be taken for.
func (f *inference) look(c Cell) {
	if c.Kind != Text && c.Kind != Integer && c.Kind != Number {
		f.numbers = [numberFormats]bool{}
	}
	f.binary = f.binary || c.Kind == Bytes
	if c.Kind == Text {
		if f.numeric() || f.signed {
			f.lookNumber(c.Text)
		}
	} else {
		v, _ := c.Number()
		f.signed = false
		f.numbers[ThousandsComma], f.numbers[DecimalComma] = false, false
		f.whole[Plain] = f.whole[Plain] && isWhole(v)
	}
	if f.column.LongInteger == "" && isLong(c) {
		f.column.LongInteger = c.Category()
	}
	if f.boolean {
		_, f.boolean = c.Boolean()
	}
	if f.digits {
		_, f.digits = dateDigits.parse(c.Category())
	}
	switch {
	case f.dates == 0:
	case c.Kind == Time:
		f.dates &= dateISO
	case c.Kind == Text || c.Kind == String:
		for d := dateISO; d <= dateNamed; d <<= 1 {
			if f.dates&d != 0 {
				if _, ok := d.parse(c.Text); !ok {
					f.dates &^= d
				}
			}
		}
		f.dotted = f.dotted || strings.Contains(c.Text, ".")
	default:
		f.dates = 0
	}
}

// lookNumber notes which formats of numbers a string fits.
func (f *inference) lookNumber(s string) {
	if len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' { // 00123 is a code
		if _, ok := parseNumber(s); ok && f.column.LeadingZero == "" {
			f.column.LeadingZero = s
		}
		f.numbers, f.signed = [numberFormats]bool{}, false
		return
	}
	var v [numberFormats]float64
	for n := range numberFormats {
		if f.numbers[n] {
			v[n], f.numbers[n] = n.Parse(s)
			f.whole[n] = f.whole[n] && isWhole(v[n])
		}
	}
	f.differ = f.differ || f.numbers[ThousandsComma] && f.numbers[DecimalComma] && v[ThousandsComma] != v[DecimalComma]
	if f.signed {
		if number, ok := stripSign(s); ok {
			_, plain := ThousandsComma.Parse(number)
			_, comma := DecimalComma.Parse(number)
			f.signed = plain || comma
		} else {
			f.signed = false
		}
	}
}

// isLong says that a cell is an integer of 2^53 or more, or below -2^53.
func isLong(c Cell) bool {
	if c.Kind != Integer && (c.Kind != Text || len(c.Text) < 16 || len(c.Text) > 40 || strings.Trim(c.Text, "0123456789") != "") {
		return false
	}
	v, ok := c.Number()
	return ok && math.Abs(v) >= 1<<53
}

func isWhole(v float64) bool { return v == math.Trunc(v) && math.Abs(v) < 1<<53 }

// addValue counts a value.
func (f *inference) addValue(c Cell, seed maphash.Seed) {
	v, isNumber := c.Number()
	if c.Kind == Missing || isNumber && v-v != 0 && c.Kind == Number {
		return
	}
	if c.Kind == String || c.Kind == Bool || c.Kind == Time {
		isNumber = false
	}
	f.column.Present++
	if isNumber && v-v == 0 {
		f.column.Min, f.column.Max = min(f.column.Min, v), max(f.column.Max, v)
		f.column.increasing = f.column.increasing && v > f.last
		f.column.decreasing = f.column.decreasing && (v < f.last || f.column.Present == 1)
		f.last = v
	} else {
		f.column.increasing, f.column.decreasing = false, false
	}
	if len(f.seen) < maxDistinct {
		var h uint64
		if isNumber && f.numbers[Plain] {
			h = maphash.Comparable(seed, v)
		} else {
			h = maphash.String(seed, c.Category())
		}
		if _, again := f.seen[h]; again {
			f.column.Unique = false
		}
		f.seen[h] = struct{}{}
	}
}

// finish decides on the type, and returns true where the values must be counted again for it.
func (f *inference) finish(rows int, o Options) bool {
	c := f.column
	switch {
	case f.words == 0:
		c.Type = TypeEmpty
	case f.numeric():
		f.format(o)
		c.Type = TypeNumber
		if f.whole[c.Numbers] {
			c.Type = TypeInteger
		}
		c.DateDigits = f.digits && c.Numbers == Plain
	case f.boolean:
		c.Type = TypeBool
	case f.dates != 0:
		c.Type = TypeTime
		f.decideDates(o)
	case f.binary:
		c.Type = TypeBytes
	default:
		c.Type = TypeString
		c.SignedNumbers = f.signed
	}
	if c.respelt() {
		f.reset()
		return true
	}
	f.count(rows)
	return false
}

// format picks the format of numbers.
func (f *inference) format(o Options) {
	c := f.column
	switch {
	case f.numbers[Plain]:
		return
	case f.numbers[ThousandsComma] && f.numbers[DecimalComma]:
		c.Numbers = ThousandsComma
		if o.DecimalComma != nil && *o.DecimalComma {
			c.Numbers = DecimalComma
		}
		c.AmbiguousNumbers = f.differ && o.DecimalComma == nil
	case f.numbers[DecimalComma]:
		c.Numbers = DecimalComma
	default:
		c.Numbers = ThousandsComma
	}
}

// decideDates picks the format of points in time.
func (f *inference) decideDates(o Options) {
	c := f.column
	for _, d := range []dateFormat{dateISO, dateNamed, dateDMY, dateMDY} {
		if f.dates&d != 0 {
			c.dates = d
			break
		}
	}
	if f.dates&dateDMY == 0 || f.dates&dateMDY == 0 || c.dates == dateISO {
		return
	}
	switch {
	case o.DateOrder != "":
		c.dates = map[string]dateFormat{OrderDMY: dateDMY, OrderMDY: dateMDY}[o.DateOrder]
	case !f.dotted: // dates with points begin with the day
		c.ambiguousDates = true
	}
}

// respelt says that values are not read as they stand there.
func (c *Column) respelt() bool { return c.Numbers != Plain || c.ReadsMissing() }

func (f *inference) count(rows int) {
	c := f.column
	c.Missing = rows - c.Present
	c.Distinct = len(f.seen)
	if !c.Type.Numeric() {
		c.Min, c.Max = 0, 0
	}
}
