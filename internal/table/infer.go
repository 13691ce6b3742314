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
			if v, ok := c.Number(); ok {
				return formatFloat(v)
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
	// Present and Missing are the rows with and without a value; a NaN counts as missing.
	Present, Missing int
	// Distinct is the number of values, at most 10,000.
	Distinct int
	// Unique says that no value came twice among the first 10,000.
	Unique bool
	// Increasing says that each number is above the one before.
	Increasing bool
	// Min and Max bound the numbers of a numeric column.
	Min, Max float64
}

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

	index map[string]*Column
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
	column                       *Column
	integer, number, boolean, at bool // at: a point in time
	seen                         map[uint64]struct{}
	last                         float64
}

// Infer reads files of the same layout from end to end and says what their columns are: numeric if every present
// value is a number, bool if each is true or false, time if each is one. Strings in JSON and Parquet stay strings.
func Infer(ctx context.Context, paths []string, o Options) (*Schema, error) {
	in := &inferrer{schema: &Schema{index: map[string]*Column{}}, byName: map[string]*inference{}, seed: maphash.MakeSeed()}
	for _, path := range paths {
		if err := in.file(ctx, path, o); err != nil {
			return nil, err
		}
	}
	for _, c := range in.byName {
		c.finish(in.schema.Rows)
	}
	return in.schema, nil
}

// inferrer is the state of Infer.
type inferrer struct {
	schema *Schema
	byName map[string]*inference
	seed   maphash.Seed
}

func (in *inferrer) file(ctx context.Context, path string, o Options) error {
	r, err := Open(path, o)
	if err != nil {
		return err
	}
	defer r.Close()
	var row []Cell
	var columns []*inference // by the place in the row
	for {
		if in.schema.Rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row, err = r.Next(row)
		for _, name := range r.Columns()[len(columns):] {
			columns = append(columns, in.column(name))
		}
		if err != nil {
			break
		}
		in.schema.Rows++
		for i := range row {
			columns[i].add(row[i], in.seed)
		}
	}
	for _, name := range r.Skipped() {
		if !slices.Contains(in.schema.Skipped, name) {
			in.schema.Skipped = append(in.schema.Skipped, name)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (in *inferrer) column(name string) *inference {
	if f := in.byName[name]; f != nil {
		return f
	}
	c := &Column{Name: name, Unique: true, Increasing: true, Min: math.Inf(1), Max: math.Inf(-1)}
	f := &inference{
		column: c, integer: true, number: true, boolean: true, at: true,
		seen: map[uint64]struct{}{}, last: math.Inf(-1),
	}
	in.byName[name] = f
	in.schema.index[name] = c
	in.schema.Columns = append(in.schema.Columns, c)
	return f
}

func (f *inference) add(c Cell, seed maphash.Seed) {
	if c.Kind == Missing {
		return
	}
	v, isNumber := c.Number()
	switch c.Kind {
	case String, Bool, Time:
		isNumber = false
	case Text: // 00123 is a code
		if len(c.Text) > 1 && c.Text[0] == '0' && c.Text[1] >= '0' && c.Text[1] <= '9' {
			isNumber = false
		}
	}
	if isNumber && math.IsNaN(v) {
		return
	}
	f.column.Present++
	if f.number && !isNumber {
		f.number, f.integer = false, false
	}
	if f.number {
		f.integer = f.integer && v == math.Trunc(v) && math.Abs(v) < 1<<53
		f.column.Min, f.column.Max = min(f.column.Min, v), max(f.column.Max, v)
		if v <= f.last {
			f.column.Increasing = false
		}
		f.last = v
	} else {
		f.column.Increasing = false
	}
	if f.boolean {
		_, f.boolean = c.Boolean()
	}
	if f.at && c.Kind != Time {
		f.at = false
		if c.Kind == Text || c.Kind == String {
			_, f.at = parseTime(c.Text)
		}
	}
	if len(f.seen) < maxDistinct {
		var h uint64
		if isNumber {
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

func (f *inference) finish(rows int) {
	c := f.column
	c.Missing = rows - c.Present
	c.Distinct = len(f.seen)
	switch {
	case c.Present == 0:
		c.Type = TypeEmpty
	case f.integer:
		c.Type = TypeInteger
	case f.number:
		c.Type = TypeNumber
	case f.boolean:
		c.Type = TypeBool
	case f.at:
		c.Type = TypeTime
	default:
		c.Type = TypeString
	}
	if !c.Type.Numeric() {
		c.Min, c.Max = 0, 0
	}
}
