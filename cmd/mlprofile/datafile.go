// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// columnValues are the values of a column of a file.
type columnValues struct {
	// values are the finite numbers of a numeric column.
	values []float64
	// counts are rows, or their weights, by distinct value.
	counts map[string]float64
	// n and missing are rows with and without a value, or their weights.
	n, missing float64
	// rows are the categories row by row, where they are kept.
	rows []string
}

func (c *columnValues) missingRatio() float64 {
	if c.n+c.missing == 0 {
		return 0
	}
	return c.missing / (c.n + c.missing)
}

// dataFile is a data file whose columns are known.
type dataFile struct {
	path   string
	schema *table.Schema
	weight string
	// keepRows keeps the categories row by row.
	keepRows bool
}

func openData(ctx context.Context, path string, o baseline.Options, weight string) (*dataFile, error) {
	schema, err := table.Infer(ctx, []string{path}, o.Table)
	if err != nil {
		return nil, err
	}
	d := &dataFile{path: path, schema: schema}
	if schema.Column(weight) != nil {
		d.weight = weight
	}
	return d, nil
}

func (d *dataFile) has(name string) bool { return d.schema.Column(name) != nil }

// wantedColumn is a column to read.
type wantedColumn struct {
	name string
	as   profile.Type
}

// read returns the values of the columns, of the rows in the range that the options give.
func (d *dataFile) read(ctx context.Context, wanted []wantedColumn, o baseline.Options) ([]columnValues, error) {
	ranged := !o.From.IsZero() || !o.To.IsZero()
	if ranged {
		if !d.has(o.Timestamp) {
			return nil, fmt.Errorf("--timestamp: %s has no column %q, and --from and --to need one", d.path, o.Timestamp)
		}
		if err := d.schema.Column(o.Timestamp).AsTimestamp(); err != nil {
			return nil, fmt.Errorf("--timestamp: %s: column %q: %w", d.path, o.Timestamp, err)
		}
	}
	for _, want := range wanted {
		switch c := d.schema.Column(want.name); {
		case want.as == profile.Numeric:
			c.AsNumbers()
		case o.Types[want.name] == profile.Categorical:
			c.AsTexts()
		}
	}
	r, err := d.schema.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := make([]columnValues, len(wanted))
	for i := range out {
		out[i].counts = map[string]float64{}
	}
	places := map[string]int{}
	var row []table.Cell
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if row, err = r.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			return nil, err
		}
		for i := len(places); i < len(r.Columns()); i++ {
			places[r.Columns()[i]] = i
		}
		cell := func(name string) table.Cell {
			if i, ok := places[name]; ok && i < len(row) {
				return row[i]
			}
			return table.Cell{}
		}
		if ranged {
			c := cell(o.Timestamp)
			t, ok := c.Instant()
			if !ok && c.Kind != table.Missing {
				return nil, fmt.Errorf("%s: column %q: %q is not a point in time", r.Where(), o.Timestamp, c.Category())
			}
			if !ok || !o.From.IsZero() && t.Before(o.From) || !o.To.IsZero() && !t.Before(o.To) {
				continue
			}
		}
		weight := 1.0
		if d.weight != "" {
			w, ok := cell(d.weight).Number()
			if !ok || !(w >= 0) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("%s: column %q: %q is no weight", r.Where(), d.weight, cell(d.weight).Category())
			}
			weight = w
		}
		for i, want := range wanted {
			value, err := out[i].add(cell(want.name), want.as, d.schema.Column(want.name).Type, weight)
			if err != nil {
				return nil, fmt.Errorf("%s: column %q: %w", r.Where(), want.name, err)
			}
			if d.keepRows && value != "" {
				out[i].rows = append(out[i].rows, value)
			}
		}
	}
}

// add returns the value's category; empty for a missing one.
func (c *columnValues) add(cell table.Cell, as profile.Type, t table.Type, weight float64) (string, error) {
	if cell.Kind == table.Missing {
		c.missing += weight
		return "", nil
	}
	if as == profile.Numeric {
		v, ok := cell.Number()
		if !ok {
			return "", fmt.Errorf("%q is not a number; if it means missing, name it in --null", cell.Category())
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.missing += weight
			return "", nil
		}
		// As a baseline has it: a widened float32 is the decimal number that was meant.
		v = distribution.Decimal32(v)
		c.values = append(c.values, v)
		cell = table.Cell{Kind: table.Number, Float: v}
	}
	c.n += weight
	category := t.Category(cell)
	c.counts[category] += weight
	return category, nil
}
