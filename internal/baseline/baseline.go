// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package baseline makes a baseline profile from data files.
//
// The files are read twice: once to find out what the columns are (table.Infer), from which a Plan says what becomes
// of each, and once to count. What a person would want to know of the decisions is in the Plan.
package baseline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
	// Exclude are columns that are no features, Include those that are though they do not look it.
	Exclude, Include []string
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
	// Notes are what a person should know: why it is left out, how its values were read, what is odd about it. What a flag
	// changes names the flag.
	Notes []string
	// Warning says that one of them is odd.
	Warning bool

	excluded, included bool
}

// Note is all notes in one line.
func (c *PlannedColumn) Note() string { return strings.Join(c.Notes, "; ") }

func (c *PlannedColumn) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func (c *PlannedColumn) warn(format string, args ...any) {
	c.note(format, args...)
	c.Warning = true
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
	if c := p.Timestamp; c != nil {
		if err := c.AsTimestamp(); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: column %q: %w", c.Name, err))
		}
	}
	for _, name := range o.Exclude {
		if c := need("exclude", name); c != nil {
			if c.Role != RoleNone {
				errs = append(errs, fmt.Errorf("exclude: column %q is the %s", name, c.Role))
			}
			c.excluded = true
			c.note("excluded")
		}
	}
	for _, name := range o.Include {
		if c := need("include", name); c != nil {
			if c.Role != RoleNone || c.excluded {
				errs = append(errs, fmt.Errorf("include: column %q is the %s, or excluded", name, c.Role))
			}
			c.included = true
		}
	}
	for name, t := range o.Types {
		c := need("type", name)
		if c != nil {
			switch t {
			case profile.Numeric:
				c.AsNumbers()
			case profile.Categorical:
				c.AsTexts()
			default:
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
	}
	for _, c := range p.Columns {
		if c.Role != RoleNone || c.excluded || o.Features != nil && !c.included {
			continue
		}
		if c.As != "" || c.included || c.describes() {
			c.Role = RoleFeature
			p.Features = append(p.Features, c)
		}
	}
	for _, c := range p.Columns {
		if c.Type == table.TypeBytes && c.Role != RoleNone {
			errs = append(errs, fmt.Errorf("column %q: bytes that are no text cannot be counted", c.Name))
		}
		c.decide()
	}
	if c := p.Confidence; c != nil {
		switch {
		case c.As == profile.Categorical:
			errs = append(errs, fmt.Errorf("confidence: column %q is not numeric", c.Name))
		case c.Present > 0 && (c.Min < 0 || c.Max > 1):
			c.warn("from %g to %g: a confidence is between 0 and 1", c.Min, c.Max)
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

// describes says whether a column that was given no role describes rows, and notes why it does not.
func (c *PlannedColumn) describes() bool {
	switch {
	case c.IDLike() && c.Type == table.TypeString && c.SignedNumbers:
		c.note("numbers with a sign, such as %q; --type %s=numeric reads them", c.Example, flagName(c.Name))
	case c.IDLike() && c.Type == table.TypeString:
		c.note("all values differ: an id? --include %s keeps it", flagName(c.Name))
	case c.IDLike():
		c.note("counts upwards: a row number? --include %s keeps it", flagName(c.Name))
	case c.namedID() && c.Unique && c.Present >= minIDs:
		c.note("all values differ: an id, by its name; --include %s keeps it", flagName(c.Name))
	case c.Type == table.TypeTime:
		c.note("a point in time; --timestamp %s if it is the prediction's", flagName(c.Name))
	case c.Type == table.TypeEmpty && len(c.MeansMissing) > 0:
		c.note("has no values but %s; --type %s=categorical keeps it", texts(c.MeansMissing, false), flagName(c.Name))
	case c.Type == table.TypeEmpty:
		c.note("has no values")
	case c.Type == table.TypeBytes:
		c.note("bytes that are no text")
	default:
		return true
	}
	return false
}

// minIDs is the number of values from which a column in which all differ can be told from one of few rows.
const minIDs = 20

// namedID says that the name of a column of whole numbers is that of an id.
func (c *PlannedColumn) namedID() bool {
	if c.Type != table.TypeInteger {
		return false
	}
	name := strings.ToLower(c.Name)
	for _, id := range []string{"id", "uuid", "guid", "index", "rownum"} {
		if name == id || strings.HasSuffix(name, "_"+id) || strings.HasSuffix(name, "."+id) || strings.HasSuffix(name, "-"+id) {
			return true
		}
	}
	return strings.HasSuffix(c.Name, "Id") || strings.HasSuffix(c.Name, "ID")
}

// texts lists texts with the number of their rows, the most frequent first; with, where wanted, the texts alone for a flag.
func texts(rows map[string]int, bare bool) string {
	const most = 4
	names := slices.SortedFunc(maps.Keys(rows), func(a, b string) int { return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b)) })
	parts := make([]string, 0, most+1)
	for i, name := range names {
		switch {
		case i == most && !bare:
			parts = append(parts, fmt.Sprintf("%d more", len(names)-most))
		case i > most && !bare:
		case bare:
			parts = append(parts, flagName(name))
		default:
			parts = append(parts, fmt.Sprintf("%q (%d)", name, rows[name]))
		}
	}
	if bare {
		return strings.Join(parts, ",")
	}
	return strings.Join(parts, ", ")
}

// flagName writes a name as an argument of a command line.
func flagName(name string) string {
	if strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./", r))
	}) >= 0 {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

// decide sets how the values are compared, and what is to be said of it.
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
			c.note("%d whole numbers are taken for classes; --type %s=numeric if they are amounts", c.Distinct, flagName(c.Name))
		}
		if c.Type == table.TypeEmpty && c.Role == RoleConfidence {
			c.As = profile.Numeric
		}
	}
	c.spelling()
	if c.Role != RoleFeature {
		if c.Type == table.TypeEmpty {
			c.warn("has no values")
		}
		return
	}
	switch {
	case c.Type == table.TypeEmpty:
		c.warn("has no values")
	case c.Constant():
		c.warn("is constant")
	case c.IDLike():
		c.warn("looks like an id: it will always drift")
	case c.As == profile.Categorical:
		c.categories()
	case !overridden:
		c.numbers()
	}
}

// spelling says how values were read that are not spelt as programs do.
func (c *PlannedColumn) spelling() {
	switch {
	case c.AmbiguousNumbers:
		c.warn("read with commas between thousands, such as %q; --decimal-comma if they stand before decimals", c.Example)
	case c.Numbers != table.Plain:
		c.note("read as numbers such as %s", c.Numbers)
	}
	switch {
	case len(c.MeansMissing) == 0:
	case c.ReadsMissing() && c.Type.Numeric():
		c.note("missing: %s; --type %s=categorical counts them as values", texts(c.MeansMissing, false), flagName(c.Name))
	case c.ReadsMissing():
		c.note("missing: %s", texts(c.MeansMissing, false))
	case c.Type == table.TypeString && c.As == profile.Categorical:
		c.warn("counted as values: %s; --null %s if they mean missing", texts(c.MeansMissing, false), texts(c.MeansMissing, true))
	}
}

// categories says what is odd about a feature of categories.
func (c *PlannedColumn) categories() {
	switch {
	case c.SignedNumbers && c.Type == table.TypeString:
		c.warn("numbers with a sign, such as %q, are categories; --type %s=numeric reads them", c.Example, flagName(c.Name))
		return
	case c.LeadingZero != "":
		c.note("codes such as %q; --type %s=numeric if they are amounts", c.LeadingZero, flagName(c.Name))
	}
	switch {
	case c.Distinct > profile.DefaultMaxCategories && c.Present >= minIDs && c.Distinct*2 > c.Present:
		c.warn("%s categories in %d rows: an id? --exclude %s leaves it out", atLeast(c.Distinct), c.Present, flagName(c.Name))
	case c.Distinct > profile.DefaultMaxCategories:
		c.warn("%s categories; the rare ones are counted as one", atLeast(c.Distinct))
	}
}

// maxCodes is the number of whole numbers from which on they are hardly codes.
const maxCodes = 12

// numbers says what is odd about a feature of numbers.
func (c *PlannedColumn) numbers() {
	switch {
	case c.DateDigits:
		c.warn("dates such as %s: they will always drift; --timestamp or --exclude %s", c.Example, flagName(c.Name))
	case c.Type == table.TypeInteger && c.Min >= 1900 && c.Max <= 2100 && c.Distinct > 1:
		c.note("years? they drift as time goes by; --exclude %s leaves them out", flagName(c.Name))
	case c.Type == table.TypeInteger && c.Unique && c.Present >= minIDs && c.Max-c.Min > 100*float64(c.Present):
		c.warn("all values differ: an id? --exclude %s leaves it out", flagName(c.Name))
	case c.Type == table.TypeInteger && c.Distinct > 2 && c.Distinct <= maxCodes && c.Present >= 10*c.Distinct:
		c.note("%d whole numbers: codes? --type %s=categorical compares each by itself", c.Distinct, flagName(c.Name))
	case c.Type == table.TypeInteger && c.namedCode():
		c.note("codes, by the name? --type %s=categorical compares each by itself", flagName(c.Name))
	case c.Type == table.TypeNumber && c.Min >= 1<<53:
		c.warn("whole numbers above 2^53 lose digits: ids? --type %s=categorical, or --exclude", flagName(c.Name))
	}
}

// namedCode says that the name of a column is that of a code.
func (c *PlannedColumn) namedCode() bool {
	name := strings.ToLower(c.Name)
	for _, code := range []string{"zip", "postal", "postcode", "plz", "code"} {
		if strings.Contains(name, code) {
			return true
		}
	}
	return false
}

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
	r, err := p.Schema.Open(path)
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
