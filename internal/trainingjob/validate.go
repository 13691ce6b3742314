// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// frame is the payments after validation: keys as text, the rest as numbers with NaN for null.
type frame struct {
	keys    columns
	numbers map[string][]float64
}

func (f *frame) rows() int { return len(f.keys["payment_id"]) }

// ColumnError says that a column cannot be read.
type ColumnError struct {
	Column, Value string
	Row           int
}

func (e *ColumnError) Error() string {
	return fmt.Sprintf("column %s, row %d: %q is no number", e.Column, e.Row, e.Value)
}

// nullable are the columns in which a cell that is not a number counts as null.
var nullable = map[string]bool{"distance_km": true}

// validate is the stage validate: it gives each column its type and drops payments that no model
// should see.
func (r *run) validate(ctx context.Context) error {
	f, err := r.parse(ctx)
	if err != nil {
		return err
	}
	err = r.step(ctx, "check range amount", func(ctx context.Context) error {
		limit := 50_000.0
		if r.breaks(Validate, Rows) {
			limit = 30 // somebody wrote 30.000 into the rule, and meant thirty thousand
		}
		dropped := f.keep(func(i int) bool { v := f.numbers["amount"][i]; return v > 0 && v <= limit })
		note(ctx, attribute.Float64("rule.max", limit), attribute.Int("rule.dropped", dropped))
		return r.work(ctx, 40*time.Millisecond)
	})
	if err != nil {
		return err
	}
	if r.breaks(Validate, Column) { // the new version of the schema has a new name
		f.numbers["distance"] = f.numbers["distance_km"]
		delete(f.numbers, "distance_km")
	}
	r.data = f
	r.rows(ctx, r.extract.payments.rows("payment_id"), f.rows())
	nulls(ctx, f.numbers)
	return nil
}

// parse reads all columns of the payments.
func (r *run) parse(ctx context.Context) (*frame, error) {
	f := &frame{keys: columns{}, numbers: map[string][]float64{}}
	for _, name := range slices.Sorted(maps.Keys(r.extract.payments)) {
		cells := r.extract.payments[name]
		if keys[name] {
			f.keys[name] = slices.Clone(cells)
			continue
		}
		err := r.step(ctx, "parse "+name, func(context.Context) (err error) {
			f.numbers[name], err = numbers(name, cells)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// numbers reads a column.
func numbers(name string, cells []string) ([]float64, error) {
	out := make([]float64, len(cells))
	for i, cell := range cells {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			if cell != "" && !nullable[name] {
				return nil, &ColumnError{Column: name, Row: i, Value: cell}
			}
			v = math.NaN()
		}
		out[i] = v
	}
	return out, nil
}

// keep drops the rows that are not wanted and returns how many.
func (f *frame) keep(wanted func(row int) bool) (dropped int) {
	var kept []int
	for i := range f.rows() {
		if wanted(i) {
			kept = append(kept, i)
		}
	}
	dropped = f.rows() - len(kept)
	for name, cells := range f.keys {
		f.keys[name] = pick(cells, kept)
	}
	for name, values := range f.numbers {
		f.numbers[name] = pick(values, kept)
	}
	return dropped
}

// pick returns some of the values.
func pick[T any](values []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = values[row]
	}
	return out
}
