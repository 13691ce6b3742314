// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"slices"
)

// Infer reads files of the same layout from end to end and says what their columns are: numeric if
// every present value is a number, bool if each is true or false, time if each is one. Strings in
// JSON and Parquet stay strings. Strings that mean a missing value, such as NA, are missing values
// in columns of numbers, booleans and times.
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

// again counts the values of the columns that are spelt in another way than they were read at
// first.
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
		numbers: [numberFormats]bool{true, true, true}, whole: [numberFormats]bool{true, true, true}, dates: dateISO | dateDMY | dateMDY | dateNamed,
	}
	f.reset()
	in.byName[name] = f
	in.schema.index[name] = c
	in.schema.Columns = append(in.schema.Columns, c)
	return f
}
