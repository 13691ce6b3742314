// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Type is what the values of a column have in common.
type Type string

// The types of columns.
const (
	// TypeEmpty is a column without a value.
	TypeEmpty Type = "empty"
	// TypeInteger is whole numbers.
	TypeInteger Type = "integer"
	// TypeNumber is numbers.
	TypeNumber Type = "number"
	// TypeBool is true and false.
	TypeBool Type = "bool"
	// TypeTime is points in time that are not plain numbers.
	TypeTime Type = "time"
	// TypeBytes is bytes that are no text.
	TypeBytes Type = "bytes"
	// TypeString is anything else.
	TypeString Type = "string"
)

// Numeric says whether the values are numbers.
func (t Type) Numeric() bool { return t == TypeInteger || t == TypeNumber }

// Category returns the name of the category that a cell of a column of this type belongs to, the same whether the cell
// comes from a CSV file or, as an attribute of its type, from a span: 1.0 is "1" in a numeric column, True is "true"
// in one of booleans.
func (t Type) Category(c Cell) string {
	if c.Kind == Text {
		switch t {
		case TypeInteger, TypeNumber:
			if i, err := strconv.ParseInt(c.Text, 10, 64); err == nil {
				return strconv.FormatInt(i, 10) // a float64 may not tell it from the next integer
			}
			if v, ok := c.Number(); ok {
				return value.FormatFloat(v)
			}
		case TypeBool:
			if v, ok := c.Boolean(); ok {
				return strconv.FormatBool(v)
			}
		}
	}
	return c.Category()
}

// maxDistinct is how many values of a column Infer tells apart.
const maxDistinct = 10_000

// Column is what Infer found out about a column.
type Column struct {
	Name string
	Type Type
	// Present and Missing are the rows with and without a value; what is no finite number counts as missing in a numeric column.
	Present, Missing int
	// Distinct is the number of values, at most 10,000.
	Distinct int
	// Unique says that no value came twice among the first 10,000.
	Unique bool
	// Increasing says that each number is above the one before.
	Increasing bool
	// Min and Max bound the numbers of a numeric column.
	Min, Max float64

	// Numbers is how the numbers of a numeric column are spelt.
	Numbers NumberFormat
	// AmbiguousNumbers says that they could be the other format's as well, and other numbers then: 18,456.
	AmbiguousNumbers bool
	// Dates is how the points in time are spelt, of a column of points in time.
	Dates DateFormat
	// AmbiguousDates says that day and month could be the other way round in every one of them.
	AmbiguousDates bool
	// DateDigits says that each value is a whole number such as 20261130.
	DateDigits bool
	// SignedNumbers says that all are texts that would be numbers without a percent or a currency's sign.
	SignedNumbers bool
	// MeansMissing are rows by texts that mean a missing value elsewhere (see MeansMissing). They are missing values
	// in a column of numbers, booleans or points in time, and values in one of strings.
	MeansMissing map[string]int
	// LeadingZero is a value that would be a number but for the zero it begins with, such as 00123; empty if there is none.
	LeadingZero string
	// Example is the first value.
	Example string

	signed    bool // AsNumbers
	timestamp bool // AsTimestamp
}

// ReadsMissing says that texts that mean a missing value elsewhere are read as that.
func (c *Column) ReadsMissing() bool { return len(c.MeansMissing) > 0 && c.Type != TypeString }

// IDLike says that a column tells rows apart instead of describing them: all strings differ, or it counts
// upwards. A file of fewer than 20 rows does not show it.
func (c *Column) IDLike() bool {
	if c.Present < 20 || !c.Unique {
		return false
	}
	return c.Type == TypeString || c.Type == TypeInteger && c.Increasing
}

// Constant says that all values are the same.
func (c *Column) Constant() bool { return c.Distinct == 1 }

// Schema is what Infer found out about a set of files.
type Schema struct {
	// Columns are in the order of the first file, with what later files add at the end.
	Columns []*Column
	Rows    int
	// Skipped are columns of lists, which are left out.
	Skipped []string
	// Notes say, a line each, how the files were read where that was not said: another encoding, another delimiter.
	Notes []string

	index   map[string]*Column
	options Options
}

// Column returns the column with the name, or nil.
func (s *Schema) Column(name string) *Column { return s.index[name] }

// Names returns the names of the columns.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}

// inference is what may still be true of a column.
type inference struct {
	column  *Column
	numbers [numberFormats]bool // the formats that fit all values
	whole   [numberFormats]bool // the formats by which they are whole numbers
	differ  bool                // one of them is another number with a decimal comma
	signed  bool                // Column.SignedNumbers
	boolean bool
	dates   DateFormat // those that fit all values
	dotted  bool       // there is a point in one of them
	digits  bool       // Column.DateDigits
	binary  bool
	words   int // values that do not mean a missing one
	seen    map[uint64]struct{}
	last    float64
}

// Infer reads files of the same layout from end to end and says what their columns are: numeric if every present
// value is a number, bool if each is true or false, time if each is one. Strings in JSON and Parquet stay strings. Texts that
// mean a missing value, such as NA, are no values in columns of numbers, booleans and times.
//
// Columns whose values are not spelt as programs do are read a second time, as numbers.
func Infer(ctx context.Context, paths []string, o Options) (*Schema, error) {
	in := &inferrer{schema: &Schema{index: map[string]*Column{}, options: o}, byName: map[string]*inference{}, seed: maphash.MakeSeed()}
	for _, path := range paths {
		if err := in.file(ctx, path, o); err != nil {
			return nil, err
		}
	}
	again := false
	if in.semicolons && o.DecimalComma == nil { // where commas do not separate cells, they are in the numbers
		o.DecimalComma = new(true)
	}
	for _, c := range in.byName {
		again = c.finish(in.schema.Rows, o) || again
	}
	if !again {
		return in.schema, nil
	}
	for _, path := range paths {
		if err := in.again(ctx, path); err != nil {
			return nil, err
		}
	}
	for _, c := range in.byName {
		c.count(in.schema.Rows)
	}
	return in.schema, nil
}

// inferrer is the state of Infer.
type inferrer struct {
	schema *Schema
	byName map[string]*inference
	seed   maphash.Seed
	// semicolons separate the cells of a file.
	semicolons bool
}

func (in *inferrer) file(ctx context.Context, path string, o Options) error {
	r, err := Open(path, o)
	if err != nil {
		return err
	}
	defer r.Close()
	in.schema.Notes = append(in.schema.Notes, r.notes...)
	in.semicolons = in.semicolons || r.delimiter == ';'
	err = in.rows(ctx, r, func(c *inference, cell Cell) { c.add(cell, in.seed) }, &in.schema.Rows)
	for _, name := range r.Skipped() {
		if !slices.Contains(in.schema.Skipped, name) {
			in.schema.Skipped = append(in.schema.Skipped, name)
		}
	}
	return err
}

// again counts the values of the columns that are spelt in another way than they were read at first.
func (in *inferrer) again(ctx context.Context, path string) error {
	r, err := in.schema.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	rows := 0
	return in.rows(ctx, r, func(c *inference, cell Cell) {
		if c.column.respelt() {
			c.addValue(cell, in.seed)
		}
	}, &rows)
}

func (in *inferrer) rows(ctx context.Context, r *Reader, add func(*inference, Cell), rows *int) error {
	var row []Cell
	var columns []*inference // by the place in the row
	for {
		if *rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var err error
		row, err = r.Next(row)
		for _, name := range r.Columns()[len(columns):] {
			columns = append(columns, in.column(name))
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		*rows++
		for i := range row {
			add(columns[i], row[i])
		}
	}
}

func (in *inferrer) column(name string) *inference {
	if f := in.byName[name]; f != nil {
		return f
	}
	c := &Column{Name: name}
	f := &inference{
		column: c, boolean: true, digits: true, signed: true,
		numbers: [numberFormats]bool{true, true, true}, whole: [numberFormats]bool{true, true, true}, dates: DateISO | DateDMY | DateMDY | DateNamed,
	}
	f.reset()
	in.byName[name] = f
	in.schema.index[name] = c
	in.schema.Columns = append(in.schema.Columns, c)
	return f
}

// reset forgets what was counted.
func (f *inference) reset() {
	c := f.column
	c.Present, c.Unique, c.Increasing, c.Min, c.Max = 0, true, true, math.Inf(1), math.Inf(-1)
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
	if f.boolean {
		_, f.boolean = c.Boolean()
	}
	if f.digits {
		_, f.digits = DateDigits.parse(c.Category())
	}
	switch {
	case f.dates == 0:
	case c.Kind == Time:
		f.dates &= DateISO
	case c.Kind == Text || c.Kind == String:
		for d := DateISO; d <= DateNamed; d <<= 1 {
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

// lookNumber notes which formats of numbers a text fits.
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
		if v <= f.last {
			f.column.Increasing = false
		}
		f.last = v
	} else {
		f.column.Increasing = false
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
		f.dateFormat(o)
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

// dateFormat picks the format of points in time.
func (f *inference) dateFormat(o Options) {
	c := f.column
	for _, d := range []DateFormat{DateISO, DateNamed, DateDMY, DateMDY} {
		if f.dates&d != 0 {
			c.Dates = d
			break
		}
	}
	if f.dates&DateDMY == 0 || f.dates&DateMDY == 0 || c.Dates == DateISO {
		return
	}
	switch {
	case o.DateOrder != "":
		c.Dates = map[string]DateFormat{OrderDMY: DateDMY, OrderMDY: DateMDY}[o.DateOrder]
	case !f.dotted: // dates with points begin with the day
		c.AmbiguousDates = true
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
