// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package baseline makes a baseline profile from data files.
//
// The files are read twice: once to find out what the columns are (table.Infer), from which a Plan says what becomes
// of each, and once to count. What a person would want to know of the decisions is in the Plan.
package baseline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Options say which columns are what. Empty names mean that there is no such column.
type Options struct {
	// Table says how to read the files.
	Table table.Options
	// Name is what the data set is called.
	Name string
	// Prediction, Confidence and Timestamp are columns.
	Prediction, Confidence, Timestamp string
	// Features are the feature columns in the order of the model; nil means all that are left and describe rows.
	Features []string
	// Exclude are columns that are no features.
	Exclude []string
	// Types overrides what the values look like, by column.
	Types map[string]profile.Type
	// Bins is the number of bins of a numeric column; zero means distribution.DefaultBins.
	Bins int
	// MaxCategories is the number of values kept of a categorical column; zero means profile.DefaultMaxCategories.
	MaxCategories int
	// Skip leaves out the first rows of all files together, and Take bounds the rows after them; zero is none and all.
	Skip, Take int
	// From and To take the rows with From <= timestamp < To; zero means no bound.
	From, To time.Time
}

// Taken says whether the n-th row, from 0, is within Skip and Take.
func (o *Options) Taken(n int) bool { return n >= o.Skip && (o.Take == 0 || n < o.Skip+o.Take) }

// maxClasses is the number of whole numbers that a prediction may have to be taken for a class.
const maxClasses = 20

// maxTracked bounds the values of a categorical column that are counted one by one before the most frequent are kept.
const maxTracked = 200_000

// Role is what a column is for.
type Role string

// The roles of columns.
const (
	RoleFeature    Role = "feature"
	RolePrediction Role = "prediction"
	RoleConfidence Role = "confidence"
	RoleTimestamp  Role = "timestamp"
	// RoleNone is a column that is left out.
	RoleNone Role = "left out"
)

// PlannedColumn is what becomes of a column.
type PlannedColumn struct {
	*table.Column
	Role Role
	// As is how its values are compared; empty for a timestamp and for what is left out.
	As profile.Type
	// Note is what a person should know: why it is left out, what is odd about it.
	Note string
	// Warning says that the note is one.
	Warning bool
}

// Plan is what becomes of the columns of a data set.
type Plan struct {
	Schema *table.Schema
	// Columns are all columns, in the order of the file.
	Columns []*PlannedColumn
	// Features are those that are features, in the order of the model.
	Features []*PlannedColumn
	// Prediction, Confidence and Timestamp are nil where there is none.
	Prediction, Confidence, Timestamp *PlannedColumn
}

// NewPlan decides what becomes of each column and returns everything that is wrong with the options at once.
func NewPlan(schema *table.Schema, o Options) (*Plan, error) {
	var errs []error
	p := &Plan{Schema: schema}
	byName := map[string]*PlannedColumn{}
	for _, c := range schema.Columns {
		pc := &PlannedColumn{Column: c, Role: RoleNone}
		byName[c.Name] = pc
		p.Columns = append(p.Columns, pc)
	}
	need := func(flag, name string) *PlannedColumn {
		if name == "" {
			return nil
		}
		c := byName[name]
		if c == nil {
			errs = append(errs, fmt.Errorf("%s: there is no column %q; there are %s", flag, name, list(schema.Names())))
			return nil
		}
		return c
	}
	take := func(flag, name string, role Role) *PlannedColumn {
		c := need(flag, name)
		if c == nil {
			return nil
		}
		if c.Role != RoleNone {
			errs = append(errs, fmt.Errorf("%s: column %q is the %s already", flag, name, c.Role))
			return nil
		}
		c.Role = role
		return c
	}
	p.Prediction = take("prediction", o.Prediction, RolePrediction)
	p.Confidence = take("confidence", o.Confidence, RoleConfidence)
	p.Timestamp = take("timestamp", o.Timestamp, RoleTimestamp)
	for _, name := range o.Exclude {
		if c := need("exclude", name); c != nil {
			if c.Role != RoleNone {
				errs = append(errs, fmt.Errorf("exclude: column %q is the %s", name, c.Role))
			}
			c.Note = "excluded"
		}
	}
	for name, t := range o.Types {
		c := need("type", name)
		if c != nil {
			if t != profile.Numeric && t != profile.Categorical {
				errs = append(errs, fmt.Errorf("type: %s=%s: neither %s nor %s", name, t, profile.Numeric, profile.Categorical))
			}
			c.As = t
		}
	}
	if o.Features != nil {
		for _, name := range o.Features {
			if c := take("features", name, RoleFeature); c != nil {
				p.Features = append(p.Features, c)
			}
		}
	} else {
		for _, c := range p.Columns {
			if c.Role != RoleNone || c.Note != "" {
				continue
			}
			switch {
			case c.As != "": // the user wants it
			case c.IDLike() && c.Type == table.TypeString:
				c.Note = "all values differ: an id? name it in --features to keep it"
				continue
			case c.IDLike():
				c.Note = "counts upwards: a row number? name it in --features to keep it"
				continue
			case c.Type == table.TypeTime:
				c.Note = "a point in time; name it in --timestamp if it is the prediction's"
				continue
			case c.Type == table.TypeEmpty:
				c.Note = "has no values"
				continue
			}
			c.Role = RoleFeature
			p.Features = append(p.Features, c)
		}
	}
	for _, c := range p.Columns {
		c.decide()
	}
	if c := p.Confidence; c != nil {
		switch {
		case c.As == profile.Categorical:
			errs = append(errs, fmt.Errorf("confidence: column %q is not numeric", c.Name))
		case c.Present > 0 && (c.Min < 0 || c.Max > 1):
			c.warn(fmt.Sprintf("from %g to %g: a confidence is between 0 and 1", c.Min, c.Max))
		}
	}
	if p.Timestamp == nil && (!o.From.IsZero() || !o.To.IsZero()) {
		errs = append(errs, errors.New("from, to: a timestamp column is needed"))
	}
	if o.Bins < 0 || o.Bins > distribution.DefaultBins {
		errs = append(errs, fmt.Errorf("bins: %d is not between 1 and %d", o.Bins, distribution.DefaultBins))
	}
	if o.MaxCategories < 0 {
		errs = append(errs, fmt.Errorf("max-categories: %d is negative", o.MaxCategories))
	}
	if len(errs) == 0 && len(p.Features) == 0 && p.Prediction == nil && p.Confidence == nil {
		errs = append(errs, errors.New("no column is left to profile"))
	}
	return p, errors.Join(errs...)
}

// decide sets how the values are compared, and the note.
func (c *PlannedColumn) decide() {
	if c.Role == RoleNone || c.Role == RoleTimestamp {
		c.As = ""
		return
	}
	overridden := c.As != ""
	if !overridden {
		c.As = profile.Categorical
		if c.Type.Numeric() {
			c.As = profile.Numeric
		}
		if c.Role == RolePrediction && c.Type == table.TypeInteger && c.Distinct <= maxClasses {
			c.As = profile.Categorical
			c.Note = fmt.Sprintf("%d whole numbers are taken for classes; --type %s=numeric if they are amounts", c.Distinct, c.Name)
		}
		if c.Type == table.TypeEmpty && c.Role == RoleConfidence {
			c.As = profile.Numeric
		}
	}
	switch {
	case c.Type == table.TypeEmpty:
		c.warn("has no values")
	case c.Constant() && c.Role == RoleFeature:
		c.warn("is constant")
	case c.IDLike() && c.Role == RoleFeature:
		c.warn("looks like an id: it will always drift")
	case c.As == profile.Categorical && c.Role == RoleFeature && c.Distinct > profile.DefaultMaxCategories:
		c.warn(atLeast(c.Distinct) + " categories; the rare ones are counted as one")
	}
}

func (c *PlannedColumn) warn(note string) { c.Note, c.Warning = note, true }

func atLeast(n int) string {
	if n >= 10_000 {
		return "at least 10,000"
	}
	return strconv.Itoa(n)
}

// list joins names and cuts a long list.
func list(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Build makes a profile of the files. The Plan is returned with the error where there is one.
func Build(ctx context.Context, files []string, o Options) (*profile.Profile, *Plan, error) {
	schema, err := table.Infer(ctx, files, o.Table)
	if err != nil {
		return nil, nil, err
	}
	plan, err := NewPlan(schema, o)
	if err != nil {
		return nil, plan, err
	}
	p, err := plan.Count(ctx, files, o)
	return p, plan, err
}

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
	col.Other += c.other
	col.Count += c.other
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
	out := &profile.Profile{FormatVersion: profile.FormatVersion, Name: o.Name}
	read := 0
	for _, path := range files {
		if err := p.countFile(ctx, path, o, &read, counters, out); err != nil {
			return nil, err
		}
	}
	if out.Rows == 0 {
		return nil, errors.New("there is no row to profile")
	}
	for _, c := range p.Features {
		out.Features = append(out.Features, counters[c.Name].profile(out.Rows, o))
	}
	if p.Prediction != nil {
		out.Prediction = counters[p.Prediction.Name].profile(out.Rows, o)
	}
	if p.Confidence != nil {
		out.Confidence = counters[p.Confidence.Name].profile(out.Rows, o)
	}
	return out, out.Validate()
}

func (p *Plan) countFile(ctx context.Context, path string, o Options, read *int, counters map[string]*counter, out *profile.Profile) error {
	r, err := table.Open(path, o.Table)
	if err != nil {
		return err
	}
	defer r.Close()
	var row []table.Cell
	var columns []*counter // by the place in the row; nil for what is left out
	at := -1
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
			columns = append(columns, counters[name])
		}
		if *read++; !o.Taken(*read - 1) {
			continue
		}
		if at >= 0 || !o.From.IsZero() || !o.To.IsZero() {
			var cell table.Cell
			if at >= 0 {
				cell = row[at]
			}
			in, err := within(cell, o, out)
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
	}
}

// within says whether a row is in the range asked for, and keeps account of the first and last timestamp. A row without
// a timestamp is outside of any range.
func within(cell table.Cell, o Options, out *profile.Profile) (bool, error) {
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
	if out.From.IsZero() || t.Before(out.From) {
		out.From = t
	}
	if t.After(out.To) {
		out.To = t
	}
	return true, nil
}
