// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// maxTracked bounds the values of a categorical column that are counted one by one before the most
// frequent are kept.
const maxTracked = 200_000

// counter collects the values of one column.
type counter struct {
	column  *PlannedColumn
	values  []float64
	counts  map[string]uint64
	other   uint64
	present uint64
}

func (c *counter) add(cell table.Cell) error {
	if cell.Kind == table.Missing {
		return nil
	}
	c.present++
	if c.column.As == profile.Numeric {
		v, ok := cell.Number()
		if !ok {
			return fmt.Errorf("column %q: %q is not a number; if it means missing, name it in --null", c.column.Name, cell.Category())
		}
		c.values = append(c.values, v)
		return nil
	}
	v := c.column.Type.Category(cell)
	if _, ok := c.counts[v]; !ok && len(c.counts) >= maxTracked {
		c.other++
		return nil
	}
	c.counts[v]++
	return nil
}

// profile returns the column; rows that had no value for it count as missing.
func (c *counter) profile(rows uint64, o Options) *profile.Column {
	missing := rows - c.present
	if c.column.As == profile.Numeric {
		return profile.NewNumeric(c.column.Name, c.values, missing, o.Bins)
	}
	col := profile.NewCategorical(c.column.Name, c.counts, missing, o.MaxCategories)
	col.AddOther(c.other)
	return col
}

// Count reads the files and counts what the plan says.
func (p *Plan) Count(ctx context.Context, files []string, o Options) (*profile.Profile, error) {
	if o.Bins == 0 {
		o.Bins = distribution.DefaultBins
	}
	if o.MaxCategories == 0 {
		o.MaxCategories = profile.DefaultMaxCategories
	}
	counters := map[string]*counter{}
	for _, c := range p.Columns {
		if c.As != "" {
			counters[c.Name] = &counter{column: c, counts: map[string]uint64{}}
		}
	}
	derivers, calibrating := newDerivers(o.Derived), newCalibrating(p)
	out := &profile.Profile{FormatVersion: profile.FormatVersion, Name: o.Name}
	read := 0
	for _, path := range files {
		if err := p.countFile(ctx, path, o, &read, counters, derivers, calibrating, out); err != nil {
			return nil, err
		}
	}
	if out.Rows == 0 {
		return nil, errors.New("there is no row to profile")
	}
	for _, c := range p.Features {
		out.Features = append(out.Features, counters[c.Name].profile(out.Rows, o))
	}
	for _, d := range derivers {
		features, err := d.profile(out.Rows, o)
		if err != nil {
			return nil, err
		}
		out.Features = append(out.Features, features...)
		if e := d.embedding(); e != nil {
			out.Embeddings = append(out.Embeddings, e)
		}
	}
	if p.Prediction != nil {
		out.Prediction = counters[p.Prediction.Name].profile(out.Rows, o)
	}
	if p.Confidence != nil {
		out.Confidence = counters[p.Confidence.Name].profile(out.Rows, o)
	}
	var err error
	if out.Calibration, err = calibrating.calibration(); err != nil {
		return nil, err
	}
	return out, out.Validate()
}

func (p *Plan) countFile(
	ctx context.Context, path string, o Options, read *int, counters map[string]*counter, derivers []*deriver, calibrating *calibrating, out *profile.Profile,
) error {
	r, err := p.Schema.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	var row []table.Cell
	var columns []*counter   // by the place in the row; nil for what is left out
	var derived [][]*deriver // of the column
	at := -1
	calibrating.begin()
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if row, err = r.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		for _, name := range r.Columns()[len(columns):] {
			if p.Timestamp != nil && name == p.Timestamp.Name {
				at = len(columns)
			}
			calibrating.column(name, len(columns))
			columns = append(columns, counters[name])
			derived = append(derived, of(derivers, name))
		}
		if *read++; !o.Taken(*read - 1) {
			continue
		}
		if at >= 0 || !o.From.IsZero() || !o.To.IsZero() {
			var cell table.Cell
			if at >= 0 {
				cell = row[at]
			}
			in, err := o.Within(cell, &out.From, &out.To)
			if err != nil {
				return fmt.Errorf("%s: column %q: %w", r.Where(), p.Timestamp.Name, err)
			}
			if !in {
				continue
			}
		}
		out.Rows++
		for i, c := range columns {
			if c == nil {
				continue
			}
			if err := c.add(row[i]); err != nil {
				return fmt.Errorf("%s: %w", r.Where(), err)
			}
		}
		if err := calibrating.add(row); err != nil {
			return fmt.Errorf("%s: %w", r.Where(), err)
		}
		for i, list := range derived {
			for _, d := range list {
				if err := d.add(row[i]); err != nil {
					return fmt.Errorf("%s: %w", r.Where(), err)
				}
			}
		}
	}
}

// Within says whether a row with a timestamp is in the range asked for, and widens the range from
// first to last to one that is; zero times are unknown. A row without a timestamp is outside of any
// range.
func (o *Options) Within(cell table.Cell, first, last *time.Time) (bool, error) {
	if cell.Kind == table.Missing {
		return o.From.IsZero() && o.To.IsZero(), nil
	}
	t, ok := cell.Instant()
	if !ok {
		return false, fmt.Errorf("%q is not a point in time", cell.Category())
	}
	if !o.From.IsZero() && t.Before(o.From) || !o.To.IsZero() && !t.Before(o.To) {
		return false, nil
	}
	if first.IsZero() || t.Before(*first) {
		*first = t
	}
	if t.After(*last) {
		*last = t
	}
	return true, nil
}
